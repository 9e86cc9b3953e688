//! The JSON API for tests and demos: customers, prompts, faults, messages and events.

mod people;
mod watch;

use std::sync::Arc;

use poem::{
    EndpointExt, IntoResponse, Response, Route, delete, get, handler,
    http::StatusCode,
    post, put,
    web::{Data, Json, Path},
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    clockwork, fault, phone, results,
    state::{Provider, RULES_MAX, Trouble},
    store::Store,
};

pub(crate) fn routes(store: Arc<Store>) -> impl poem::Endpoint {
    Route::new()
        .at("/customers", get(people::list_customers))
        .at("/customers/:phone", get(people::get_customer).put(people::put_customer))
        .at("/prompts", get(people::list_prompts))
        .at("/phones/:phone/answer", post(people::answer))
        .at("/paybill", post(people::pay_bill))
        .at("/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .at("/provider", get(get_provider).post(set_provider))
        .at("/token", delete(revoke_token))
        .at("/callbacks/:reference/resend", post(resend))
        .at("/organisation", get(watch::get_organisation).put(watch::put_organisation))
        .at("/collections", get(watch::list_collections))
        .at("/payouts", get(watch::list_payouts))
        .at("/events", get(watch::list_events))
        .at("/mails", get(watch::list_mails).delete(watch::clear_mails))
        .at("/mails/:id", get(watch::get_mail))
        .at("/sms", get(watch::list_sms).delete(watch::clear_sms))
        .at("/mail-fault", put(set_mail_fault).post(set_mail_fault))
        .at("/sms-fault", put(set_sms_fault).post(set_sms_fault))
        // Saves before each response, so that the response is still true after a crash.
        .after(move |result| {
            let store = Arc::clone(&store);
            async move {
                store.persisted().await;
                result
            }
        })
}

fn refuse(status: StatusCode, message: &str) -> Response {
    Json(json!({ "error": message })).with_status(status).into_response()
}

fn bad_phone() -> Response {
    refuse(StatusCode::BAD_REQUEST, "phone: use a Kenyan mobile number such as 254712345678")
}

#[handler]
fn list_faults(store: Data<&Arc<Store>>) -> Response {
    let table = fault::Fault::ALL.iter().map(|it| {
        json!({ "number": fault::number_of(*it), "fault": it.name(), "meaning": it.meaning() })
    });
    let table: Vec<_> = table.collect();
    let rules = store.read(|state| state.core.rules.clone());
    Json(json!({ "rules": rules, "numbers": table })).into_response()
}

#[handler]
fn add_fault(store: Data<&Arc<Store>>, rule: Json<fault::Rule>) -> Response {
    let mut rule = rule.0;
    let Some(phone) = phone::normalise(&rule.phone) else { return bad_phone() };
    rule.phone = phone;
    if rule.count == Some(0) {
        return refuse(StatusCode::BAD_REQUEST, "count: at least 1");
    }
    let added = store.change(|state| {
        let room = state.core.rules.len() < RULES_MAX;
        if room {
            state.core.rules.push(rule.clone());
        }
        room
    });
    if !added {
        return refuse(StatusCode::CONFLICT, "too many fault rules: delete some first");
    }
    Json(rule).with_status(StatusCode::CREATED).into_response()
}

#[handler]
fn clear_faults(store: Data<&Arc<Store>>) -> StatusCode {
    store.change(|state| state.core.rules.clear());
    StatusCode::NO_CONTENT
}

#[handler]
fn get_provider(store: Data<&Arc<Store>>) -> Json<Provider> {
    Json(store.read(|state| state.core.provider.clone()))
}

#[handler]
fn set_provider(store: Data<&Arc<Store>>, provider: Json<Provider>) -> Json<Provider> {
    store.change(|state| state.core.provider = provider.0.clone());
    provider
}

#[handler]
fn revoke_token(store: Data<&Arc<Store>>) -> StatusCode {
    store.change(|state| state.token = None);
    StatusCode::NO_CONTENT
}

#[handler]
async fn resend(store: Data<&Arc<Store>>, reference: Path<String>) -> Response {
    let Some(delivery) = store.read(|state| results::true_delivery(state, &reference)) else {
        return refuse(StatusCode::NOT_FOUND, "no finished request has this id");
    };
    let outcome = clockwork::deliver(&store, &delivery).await;
    Json(json!({ "outcome": outcome })).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mode {
    mode: Trouble,
}

#[handler]
fn set_mail_fault(store: Data<&Arc<Store>>, mode: Json<Mode>) -> StatusCode {
    store.change(|state| state.core.mail_fault = mode.mode);
    StatusCode::NO_CONTENT
}

#[handler]
fn set_sms_fault(store: Data<&Arc<Store>>, mode: Json<Mode>) -> StatusCode {
    store.change(|state| state.core.sms_fault = mode.mode);
    StatusCode::NO_CONTENT
}
