//! Registers the addresses for payments to the paybill.

use serde_json::json;

use super::{
    fields::Fields,
    reply::{Reply, invalid, ok},
};
use crate::{clock, ids, store::Store};

/// Accepts any number of registrations, as the provider's own sandbox does.
pub(super) fn register(store: &Store, fields: &Fields) -> Reply {
    let own = &store.settings.credentials.short_code;
    if fields.text("ShortCode").as_ref() != Some(own) {
        return invalid("ShortCode");
    }
    let kind = fields.text("ResponseType").unwrap_or_default();
    if !matches!(kind.as_str(), "Completed" | "Cancelled") {
        return invalid("ResponseType");
    }
    if fields.url("ValidationURL").is_none() {
        return invalid("ValidationURL");
    }
    let Some(confirmation) = fields.url("ConfirmationURL") else {
        return invalid("ConfirmationURL");
    };
    store.change(|state| state.core.confirmation_url = Some(confirmation.clone()));
    ok(json!({
        "OriginatorCoversationID": ids::receipt(clock::now_ms()),
        "ResponseCode": "0",
        "ResponseDescription": "Success",
    }))
}
