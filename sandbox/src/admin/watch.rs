//! Read access to the float, requests, events and caught messages.

use std::sync::Arc;

use poem::{
    IntoResponse, Response, handler,
    http::StatusCode,
    web::{Data, Json, Path, Query},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refuse;
use crate::{
    clock,
    fault::Fault,
    phone,
    state::{Event, Mail, Outcome, Sms},
    store::Store,
};

const LISTED_MAX: usize = 500;
const FLOAT_MAX_CENTS: i64 = 100_000_000_000;

#[handler]
pub(super) fn get_organisation(store: Data<&Arc<Store>>) -> Json<Value> {
    Json(store.read(|state| {
        json!({
            "name": store.settings.organisation,
            "short_code": store.settings.credentials.short_code,
            "float": state.core.float_cents,
            "opening_float": state.core.opening_float_cents,
        })
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FloatChange {
    float: i64,
}

/// Sets the float. The difference appears in the statement as a transfer of own funds.
#[handler]
pub(super) fn put_organisation(store: Data<&Arc<Store>>, change: Json<FloatChange>) -> Response {
    if !(0..=FLOAT_MAX_CENTS).contains(&change.float) {
        return refuse(StatusCode::BAD_REQUEST, "float: cents, 0 or more");
    }
    store.change(|state| state.set_float(change.float));
    Json(json!({ "float": change.float })).into_response()
}

#[derive(Deserialize)]
pub(super) struct Of {
    phone: Option<String>,
}

impl Of {
    fn fits(&self, phone: &str) -> bool {
        self.phone.as_deref().is_none_or(|it| phone::normalise(it).as_deref() == Some(phone))
    }
}

fn outcome_json(outcome: Option<&Outcome>) -> Value {
    outcome.map_or(Value::Null, |it| {
        json!({ "result_code": it.code, "receipt": it.receipt, "at": clock::rfc3339(it.at_ms) })
    })
}

/// Lists collections, newest first.
#[handler]
pub(super) fn list_collections(store: Data<&Arc<Store>>, of: Query<Of>) -> Json<Value> {
    let list: Vec<Value> = store.read(|state| {
        let mine = state.collections.newest_first().filter(|it| of.fits(&it.phone));
        mine.take(LISTED_MAX)
            .map(|it| {
                json!({
                    "checkout_id": it.checkout_id, "merchant_request_id": it.merchant_id,
                    "phone": it.phone, "amount": it.amount_cents, "reference": it.reference,
                    "callback_url": it.callback_url, "at": clock::rfc3339(it.created_ms),
                    "fault": it.script.fault.map(Fault::name),
                    "outcome": outcome_json(it.outcome.as_ref()),
                })
            })
            .collect()
    });
    Json(json!({ "collections": list }))
}

#[handler]
pub(super) fn list_payouts(store: Data<&Arc<Store>>, of: Query<Of>) -> Json<Value> {
    let list: Vec<Value> = store.read(|state| {
        let mine = state.payouts.newest_first().filter(|it| of.fits(&it.phone));
        mine.take(LISTED_MAX)
            .map(|it| {
                json!({
                    "originator_conversation_id": it.originator_id,
                    "conversation_id": it.conversation_id, "phone": it.phone,
                    "amount": it.amount_cents, "remarks": it.remarks,
                    "result_url": it.result_url, "at": clock::rfc3339(it.created_ms),
                    "fault": it.script.fault.map(Fault::name),
                    "outcome": outcome_json(it.outcome.as_ref()),
                })
            })
            .collect()
    });
    Json(json!({ "payouts": list }))
}

#[derive(Deserialize)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
}

/// Lists events after the given id, oldest first.
#[handler]
pub(super) fn list_events(store: Data<&Arc<Store>>, page: Query<After>) -> Json<Value> {
    let list: Vec<Event> = store.read(|state| {
        let newer = state.events.iter().filter(|it| it.id > page.after);
        newer.take(LISTED_MAX).cloned().collect()
    });
    Json(json!({ "events": list }))
}

#[derive(Deserialize)]
pub(super) struct To {
    to: Option<String>,
}

/// Lists e-mails, newest first.
#[handler]
pub(super) fn list_mails(store: Data<&Arc<Store>>, filter: Query<To>) -> Json<Value> {
    let list: Vec<Mail> = store.read(|state| {
        let wanted = |mail: &&Mail| match &filter.to {
            Some(to) => mail.to.iter().any(|it| it.eq_ignore_ascii_case(to)),
            None => true,
        };
        state.mails.iter().rev().filter(wanted).take(LISTED_MAX).cloned().collect()
    });
    Json(json!({ "mails": list }))
}

#[handler]
pub(super) fn get_mail(store: Data<&Arc<Store>>, id: Path<u64>) -> Response {
    match store.read(|state| state.mails.iter().find(|it| it.id == id.0).cloned()) {
        Some(mail) => Json(mail).into_response(),
        None => refuse(StatusCode::NOT_FOUND, "no e-mail has this id"),
    }
}

#[handler]
pub(super) fn clear_mails(store: Data<&Arc<Store>>) -> StatusCode {
    store.change(|state| state.clear_mails());
    StatusCode::NO_CONTENT
}

/// Lists SMS, newest first. `to` may have any usual format.
#[handler]
pub(super) fn list_sms(store: Data<&Arc<Store>>, filter: Query<To>) -> Json<Value> {
    let to = filter.to.as_ref().map(|to| phone::normalise(to).unwrap_or_default());
    let list: Vec<Sms> = store.read(|state| {
        let wanted = |sms: &&Sms| to.as_ref().is_none_or(|to| sms.to == *to);
        state.sms.iter().rev().filter(wanted).take(LISTED_MAX).cloned().collect()
    });
    Json(json!({ "sms": list }))
}

#[handler]
pub(super) fn clear_sms(store: Data<&Arc<Store>>) -> StatusCode {
    store.change(|state| state.clear_sms());
    StatusCode::NO_CONTENT
}
