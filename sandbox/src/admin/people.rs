//! Customers and their actions: answering prompts, paying a paybill.

use std::sync::Arc;

use poem::{
    IntoResponse, Response, handler,
    http::StatusCode,
    web::{Data, Json, Path, Query},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{bad_phone, refuse};
use crate::{
    bank::Bill,
    clock, clockwork,
    fault::{self, Operation},
    phone,
    state::{Answer, Collection, Customer, State},
    store::Store,
};

const CUSTOMERS_SHOWN_MAX: usize = 500;
const REFERENCE_CHARS_MAX: usize = 20;
const PIN_DIGITS: usize = 4;
const BALANCE_MAX_CENTS: i64 = 100_000_000_000;

#[derive(Deserialize)]
pub(super) struct Of {
    phone: Option<String>,
}

fn customer_json(phone: &str, customer: &Customer) -> Value {
    json!({
        "phone": phone, "name": phone::owner(phone),
        "balance": customer.balance_cents, "pin": customer.pin,
    })
}

#[handler]
pub(super) fn list_customers(store: Data<&Arc<Store>>) -> Json<Value> {
    let list: Vec<Value> = store.read(|state| {
        let some = state.customers.iter().take(CUSTOMERS_SHOWN_MAX);
        some.map(|(phone, customer)| customer_json(phone, customer)).collect()
    });
    Json(json!({ "customers": list }))
}

/// Returns a customer. An unused number has the default balance and PIN.
#[handler]
pub(super) fn get_customer(store: Data<&Arc<Store>>, phone: Path<String>) -> Response {
    let Some(phone) = phone::normalise(&phone) else { return bad_phone() };
    let found = store.read(|state| state.customers.get(&phone).cloned());
    let found = found.or_else(|| store.change(|state| state.customer(&phone).cloned()));
    match found {
        Some(customer) => Json(customer_json(&phone, &customer)).into_response(),
        None => refuse(
            StatusCode::CONFLICT,
            "the sandbox has too many customers: start it with an empty data folder",
        ),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerChange {
    balance: Option<i64>,
    pin: Option<String>,
}

#[handler]
pub(super) fn put_customer(
    store: Data<&Arc<Store>>,
    phone: Path<String>,
    change: Json<CustomerChange>,
) -> Response {
    let Some(phone) = phone::normalise(&phone) else { return bad_phone() };
    if change.balance.is_some_and(|cents| !(0..=BALANCE_MAX_CENTS).contains(&cents)) {
        return refuse(StatusCode::BAD_REQUEST, "balance: cents, 0 or more");
    }
    let digits = |pin: &String| pin.len() == PIN_DIGITS && pin.bytes().all(|b| b.is_ascii_digit());
    if change.pin.as_ref().is_some_and(|pin| !digits(pin)) {
        return refuse(StatusCode::BAD_REQUEST, "pin: 4 digits");
    }
    let changed = store.change(|state| {
        let customer = state.customer(&phone)?;
        if let Some(balance_cents) = change.balance {
            customer.balance_cents = balance_cents;
        }
        if let Some(pin) = &change.pin {
            customer.pin.clone_from(pin);
        }
        Some(customer_json(&phone, customer))
    });
    match changed {
        Some(customer) => Json(customer).into_response(),
        None => refuse(
            StatusCode::CONFLICT,
            "the sandbox has too many customers: start it with an empty data folder",
        ),
    }
}

fn prompt_json(prompt: &Collection, organisation: &str) -> Value {
    json!({
        "checkout_id": prompt.checkout_id, "phone": prompt.phone,
        "amount": prompt.amount_cents, "organisation": organisation,
        "reference": prompt.reference, "description": prompt.description,
        "at": clock::rfc3339(prompt.created_ms),
    })
}

/// Lists open prompts, oldest first.
#[handler]
pub(super) fn list_prompts(store: Data<&Arc<Store>>, of: Query<Of>) -> Response {
    let phone = match of.phone.as_deref().map(phone::normalise) {
        None => None,
        Some(Some(phone)) => Some(phone),
        Some(None) => return bad_phone(),
    };
    let organisation = &store.settings.organisation;
    let list: Vec<Value> = store.read(|state| {
        let open = state.open_prompts(phone.as_deref());
        open.into_iter().map(|prompt| prompt_json(prompt, organisation)).collect()
    });
    Json(json!({ "prompts": list })).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerBody {
    pin: Option<String>,
    #[serde(default)]
    cancel: bool,
    /// Answers this prompt instead of the oldest.
    checkout_id: Option<String>,
}

#[handler]
pub(super) fn answer(
    store: Data<&Arc<Store>>,
    phone: Path<String>,
    body: Json<AnswerBody>,
) -> Response {
    let Some(phone) = phone::normalise(&phone) else { return bad_phone() };
    let answer = match (&body.pin, body.cancel) {
        (Some(pin), false) => Answer::Pin(pin.clone()),
        (None, true) => Answer::Cancel,
        _ => return refuse(StatusCode::BAD_REQUEST, "give either pin, or cancel: true"),
    };
    let ended = store.change(|state| {
        let checkout_id = chosen_prompt(state, &phone, body.checkout_id.as_deref())?;
        clockwork::end_collection(state, &store.settings, &checkout_id, &answer);
        let code = state.collections.get(&checkout_id)?.outcome.as_ref()?.code.clone();
        Some(json!({ "checkout_id": checkout_id, "result_code": code }))
    });
    match ended {
        Some(ended) => Json(ended).into_response(),
        None => refuse(StatusCode::NOT_FOUND, "no open prompt on this phone"),
    }
}

fn chosen_prompt(state: &State, phone: &str, wanted: Option<&str>) -> Option<String> {
    let open = state.open_prompts(Some(phone));
    let mut open = open.into_iter().map(|it| it.checkout_id.clone());
    open.find(|id| wanted.is_none_or(|wanted| id == wanted))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayBill {
    phone: String,
    /// Cents.
    amount: i64,
    reference: String,
}

#[handler]
pub(super) fn pay_bill(store: Data<&Arc<Store>>, body: Json<PayBill>) -> Response {
    let Some(phone) = phone::normalise(&body.phone) else { return bad_phone() };
    if body.amount <= 0 || body.amount > crate::bank::TRANSACTION_MAX_CENTS {
        return refuse(StatusCode::BAD_REQUEST, "amount: 1 to 25000000 cents");
    }
    if body.reference.chars().count() > REFERENCE_CHARS_MAX {
        return refuse(StatusCode::BAD_REQUEST, "reference: too long");
    }
    let bill = Bill { phone: &phone, amount_cents: body.amount, reference: &body.reference };
    let paid: Result<String, &'static str> = store.change(|state| {
        let receipt = state.pay_bill(&bill, &store.settings.organisation)?;
        let script = fault::draw(&mut state.core.rules, bill.phone, Operation::Paybill);
        clockwork::confirm_bill(state, &store.settings, (&bill, &receipt), script);
        Ok(receipt)
    });
    match paid {
        Ok(receipt) => {
            Json(json!({ "receipt": receipt })).with_status(StatusCode::CREATED).into_response()
        }
        Err(code) => Json(json!({ "error": "the payment failed", "result_code": code }))
            .with_status(StatusCode::CONFLICT)
            .into_response(),
    }
}
