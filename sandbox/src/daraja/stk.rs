//! STK push: shows a prompt on the customer's phone.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{
    check_password,
    fields::Fields,
    reply::{self, Reply, error, invalid, ok},
};
use crate::{
    bank::TRANSACTION_MAX_CENTS,
    clock, clockwork,
    fault::{self, Fault, Operation, Script},
    ids, phone,
    state::{Answer, Collection, OPEN_PROMPTS_PER_PHONE_MAX, State, Task},
    store::Store,
};

const REFERENCE_CHARS_MAX: usize = 12;
const DESCRIPTION_CHARS_KEPT_MAX: usize = 100;
const SCRIPTED_NO_ANSWER: Duration = Duration::from_secs(2);
const SUCCESS: &str = "Success. Request accepted for processing";

pub(super) async fn push(store: &Arc<Store>, fields: &Fields) -> Reply {
    let order = match Order::parse(store, fields) {
        Ok(order) => order,
        Err(refused) => return refused,
    };
    let (checkout_id, merchant_id, script) = match accept(store, order) {
        Ok(accepted) => accepted,
        Err(refused) => return refused,
    };
    if script.is(Fault::CallbackBeforeAnswer) {
        clockwork::deliver_now(store, &checkout_id).await;
    }
    let accepted = ok(json!({
        "MerchantRequestID": merchant_id,
        "CheckoutRequestID": checkout_id,
        "ResponseCode": "0",
        "ResponseDescription": SUCCESS,
        "CustomerMessage": SUCCESS,
    }));
    accepted.through(script.fault)
}

struct Order {
    phone: String,
    amount_cents: i64,
    reference: String,
    description: String,
    callback_url: String,
    /// Transaction type and PartyB do not match. Daraja detects this only after it has accepted the request.
    misassigned: bool,
}

impl Order {
    fn parse(store: &Store, fields: &Fields) -> Result<Self, Reply> {
        check_password(store, fields)?;
        let kind = fields.text("TransactionType").unwrap_or_default();
        if !matches!(kind.as_str(), "CustomerPayBillOnline" | "CustomerBuyGoodsOnline") {
            return Err(invalid("TransactionType"));
        }
        let amount_cents = fields.amount_cents().ok_or_else(|| invalid("Amount"))?;
        let number = |name: &str| {
            fields.text(name).filter(|it| phone::is_subscriber(it)).ok_or_else(|| invalid(name))
        };
        number("PartyA")?;
        let phone = number("PhoneNumber")?;
        let party_b = fields.text("PartyB").ok_or_else(|| invalid("PartyB"))?;
        let callback_url = fields.url("CallBackURL").ok_or_else(|| invalid("CallBackURL"))?;
        let reference = fields
            .text("AccountReference")
            .filter(|it| it.chars().count() <= REFERENCE_CHARS_MAX)
            .ok_or_else(|| invalid("AccountReference"))?;
        let description = fields.text("TransactionDesc").unwrap_or_default();
        let misassigned =
            kind != "CustomerPayBillOnline" || party_b != store.settings.credentials.short_code;
        Ok(Self {
            phone,
            amount_cents,
            reference,
            description: description.chars().take(DESCRIPTION_CHARS_KEPT_MAX).collect(),
            callback_url,
            misassigned,
        })
    }
}

fn accept(store: &Store, order: Order) -> Result<(String, String, Script), Reply> {
    let now_ms = clock::now_ms();
    store.change(|state| {
        if !state.has_room() || state.customer(&order.phone).is_none() {
            return Err(reply::busy());
        }
        if state.open_prompts(Some(&order.phone)).len() >= OPEN_PROMPTS_PER_PHONE_MAX {
            let text = "Unable to lock subscriber, a transaction is already in process for the current subscriber";
            return Err(error(500, "500.001.1001", text));
        }
        let script = fault::draw(&mut state.core.rules, &order.phone, Operation::Collection);
        if let Some(refused) = reply::refusal(script.fault) {
            return Err(refused);
        }
        let answer = answer_to_come(state, &order, script, now_ms);
        let wait = match &answer {
            Answer::Silence if script.shows_prompt() => store.settings.prompt_timeout,
            Answer::Silence => store.settings.prompt_timeout.min(SCRIPTED_NO_ANSWER),
            _ => store.settings.callback_delay,
        };
        let collection = register(state, order, script, now_ms);
        let (checkout_id, merchant_id) = (collection.checkout_id, collection.merchant_id);
        if script.is(Fault::CallbackBeforeAnswer) {
            clockwork::end_collection(state, &store.settings, &checkout_id, &answer);
        } else {
            let task = Task::Prompt { checkout_id: checkout_id.clone(), answer };
            state.plan(clock::after(now_ms, wait), task);
        }
        Ok((checkout_id, merchant_id, script))
    })
}

fn register(state: &mut State, order: Order, script: Script, now_ms: i64) -> Collection {
    let mut checkout_id = ids::checkout_request_id(now_ms, &order.phone);
    while state.collections.get(&checkout_id).is_some() {
        checkout_id = ids::checkout_request_id(now_ms, &order.phone);
    }
    let collection = Collection {
        checkout_id,
        merchant_id: ids::merchant_request_id(),
        phone: order.phone,
        amount_cents: order.amount_cents,
        reference: order.reference,
        description: order.description,
        callback_url: order.callback_url,
        created_ms: now_ms,
        script,
        polls: 0,
        outcome: None,
    };
    state.collections.insert(&collection.checkout_id, collection.clone());
    let detail = json!({ "phone": collection.phone, "fault": script.fault.map(Fault::name) });
    state.event("prompt", &collection.checkout_id, detail);
    collection
}

/// Returns the answer that ends the prompt unless the customer answers first.
fn answer_to_come(state: &State, order: &Order, script: Script, now_ms: i64) -> Answer {
    if order.misassigned {
        return Answer::Refuse("2028".to_owned());
    }
    if order.amount_cents > TRANSACTION_MAX_CENTS {
        return Answer::Refuse("3".to_owned());
    }
    let repeated =
        state.core.provider.repeat_guard && state.repeats(&order.phone, order.amount_cents, now_ms);
    if repeated || script.is(Fault::RuleLimited) {
        return Answer::Refuse("17".to_owned());
    }
    match script.fault {
        Some(Fault::Cancel) => Answer::Cancel,
        Some(Fault::WrongPin) => Answer::WrongPin,
        Some(Fault::NoFunds) => Answer::NoFunds,
        Some(Fault::NoAnswer) => Answer::Silence,
        Some(Fault::Approve | Fault::CallbackBeforeAnswer) => Answer::Approve,
        _ if script.automatic => Answer::Approve,
        _ => Answer::Silence,
    }
}
