//! STK query: the synchronous status of a collection, with the real one's inconsistencies.

use poem::http::StatusCode;
use serde_json::json;

use super::{
    check_password,
    fields::Fields,
    reply::{Reply, error, invalid, ok},
};
use crate::{fault::Fault, results, state::Collection, store::Store};

pub(super) fn query(store: &Store, fields: &Fields) -> Reply {
    if let Err(refused) = check_password(store, fields) {
        return refused;
    }
    let Some(checkout_id) = fields.text("CheckoutRequestID") else {
        return invalid("CheckoutRequestID");
    };
    let found = store.change(|state| {
        let collection = state.collections.get_mut(&checkout_id)?;
        collection.polls = collection.polls.saturating_add(1);
        Some(collection.clone())
    });
    let Some(collection) = found else {
        return error(500, "500.001.1001", "The transaction does not Exist");
    };
    let odd = collection.polls % 2 == 1;
    let Some(outcome) = &collection.outcome else {
        // Daraja has three responses that mean "pending"; the first two alternate here.
        return if odd {
            result(&collection, "4999", "The transaction is still under processing")
        } else {
            error(500, "500.001.1001", "The transaction is being processed")
        };
    };
    if collection.script.is(Fault::QueryUnsteady) && odd {
        let body = json!({ "requestId": "", "errorCode": "500.001.1001", "errorMessage": "" });
        return Reply::Json(StatusCode::OK, body);
    }
    if collection.script.is(Fault::QueryContradicts) {
        return result(&collection, "1032", results::query_description("1032"));
    }
    result(&collection, &outcome.code, results::query_description(&outcome.code))
}

fn result(collection: &Collection, code: &str, description: &str) -> Reply {
    ok(json!({
        "ResponseCode": "0",
        "ResponseDescription": "The service request has been accepted successfully",
        "MerchantRequestID": collection.merchant_id,
        "CheckoutRequestID": collection.checkout_id,
        "ResultCode": code,
        "ResultDesc": description,
    }))
}
