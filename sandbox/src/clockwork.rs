//! Executes due tasks: prompts that time out, payouts that complete, callbacks. A failed callback is not repeated, as
//! with the real provider.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::sync::{Semaphore, watch};

use crate::{
    bank::Bill,
    clock,
    fault::{Fault, Script},
    results,
    settings::Settings,
    state::{Answer, Collection, Delivery, Outcome, Payout, State, Task},
    store::Store,
};

const IDLE: Duration = Duration::from_secs(3600);
const DELIVERIES_AT_ONCE_MAX: usize = 256;
const NO_SLOT_PAUSE: Duration = Duration::from_millis(100);
const NOT_JSON: &str = "<html><body><h1>502 Bad Gateway</h1></body></html>";
const ONE_SHILLING_CENTS: i64 = 100;

pub(crate) async fn run(store: Arc<Store>, mut stop: watch::Receiver<bool>) {
    let slots = Arc::new(Semaphore::new(DELIVERIES_AT_ONCE_MAX));
    loop {
        let next_ms = store.read(State::next_due_ms);
        let now_ms = clock::now_ms();
        let wait = next_ms.map_or(IDLE, |due_ms| {
            Duration::from_millis(u64::try_from(due_ms.saturating_sub(now_ms)).unwrap_or(0))
        });
        if wait.is_zero() {
            let deliveries =
                store.change(|state| fire_due(state, &store.settings, clock::now_ms()));
            send_all(&store, &slots, deliveries).await;
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = store.wake.notified() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

async fn send_all(store: &Arc<Store>, slots: &Arc<Semaphore>, deliveries: Vec<Delivery>) {
    if deliveries.is_empty() {
        return;
    }
    // A callback must not report a state that a crash could lose.
    store.persisted().await;
    for delivery in deliveries {
        let Ok(slot) = Arc::clone(slots).try_acquire_owned() else {
            // Slow receivers delay callbacks, but not the other tasks.
            let due_ms = clock::after(clock::now_ms(), NO_SLOT_PAUSE);
            store.change(|state| state.plan(due_ms, Task::Deliver(delivery)));
            continue;
        };
        let store = Arc::clone(store);
        tokio::spawn(async move {
            deliver(&store, &delivery).await;
            drop(slot);
        });
    }
}

fn fire_due(state: &mut State, settings: &Settings, now_ms: i64) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    for task in state.unplan(|it| it.due_ms <= now_ms) {
        match task {
            Task::Prompt { checkout_id, answer } => {
                end_collection(state, settings, &checkout_id, &answer);
            }
            Task::Payout { originator_id } => end_payout(state, settings, &originator_id),
            Task::Deliver(delivery) => deliveries.push(delivery),
        }
    }
    deliveries
}

/// Settles a collection and schedules its callbacks. Returns `false` if it was settled before.
pub(crate) fn end_collection(
    state: &mut State,
    settings: &Settings,
    checkout_id: &str,
    answer: &Answer,
) -> bool {
    state
        .unplan(|it| matches!(&it.task, Task::Prompt { checkout_id: id, .. } if id == checkout_id));
    let Some(ended) = state.settle_collection(checkout_id, answer, &settings.organisation) else {
        return false;
    };
    if let Some(outcome) = &ended.outcome {
        plan_stk_callbacks(state, settings, &ended, outcome);
    }
    true
}

fn plan_stk_callbacks(
    state: &mut State,
    settings: &Settings,
    ended: &Collection,
    outcome: &Outcome,
) {
    let script = ended.script;
    let extra_cents = if script.is(Fault::WrongAmount) { ONE_SHILLING_CENTS } else { 0 };
    let body = match script.fault {
        Some(Fault::CallbackLost) => return,
        Some(Fault::Malformed) => NOT_JSON.to_owned(),
        _ => results::stk_callback(ended, outcome, extra_cents).to_string(),
    };
    if let Some(receipt) = &outcome.receipt {
        let Collection { phone, amount_cents, reference, .. } = ended;
        let bill = Bill { phone, amount_cents: *amount_cents, reference };
        confirm_bill(state, settings, (&bill, receipt), Script::default());
    }
    let delivery =
        Delivery { reference: ended.checkout_id.clone(), url: ended.callback_url.clone(), body };
    let delay = match script.fault {
        Some(Fault::CallbackLate) => late(settings, script.delay_ms),
        _ => settings.callback_delay,
    };
    plan_delivery(
        state,
        settings,
        delivery,
        Plan { delay, twice: script.is(Fault::CallbackTwice) },
    );
}

/// Schedules the confirmation of a paybill payment, if an address is registered.
pub(crate) fn confirm_bill(
    state: &mut State,
    settings: &Settings,
    (bill, receipt): (&Bill<'_>, &str),
    script: Script,
) {
    let Some(url) = state.core.confirmation_url.clone().filter(|_| !script.is(Fault::CallbackLost))
    else {
        return;
    };
    let extra_cents = if script.is(Fault::WrongAmount) { ONE_SHILLING_CENTS } else { 0 };
    let said = Bill { amount_cents: bill.amount_cents.saturating_add(extra_cents), ..*bill };
    let account = (state.core.float_cents, settings.credentials.short_code.as_str());
    let body = if script.is(Fault::Malformed) {
        NOT_JSON.to_owned()
    } else {
        results::c2b_confirmation(&said, receipt, account, clock::now_ms()).to_string()
    };
    let delay = match script.fault {
        Some(Fault::CallbackLate) => late(settings, script.delay_ms),
        _ => settings.callback_delay,
    };
    let delivery = Delivery { reference: receipt.to_owned(), url, body };
    plan_delivery(
        state,
        settings,
        delivery,
        Plan { delay, twice: script.is(Fault::CallbackTwice) },
    );
}

pub(crate) fn end_payout(state: &mut State, settings: &Settings, originator_id: &str) {
    state
        .unplan(|it| matches!(&it.task, Task::Payout { originator_id: id } if id == originator_id));
    let Some(ended) = state.settle_payout(originator_id) else { return };
    if let Some(outcome) = &ended.outcome {
        plan_b2c_results(state, settings, &ended, outcome);
    }
}

fn plan_b2c_results(state: &mut State, settings: &Settings, ended: &Payout, outcome: &Outcome) {
    let script = ended.script;
    let delivery = |url: &str, body: String| Delivery {
        reference: ended.originator_id.clone(),
        url: url.to_owned(),
        body,
    };
    if script.is(Fault::CallbackLost) {
        return;
    }
    if script.is(Fault::QueueTimeout) {
        let timeout = delivery(&ended.timeout_url, results::b2c_timeout(ended).to_string());
        plan_delivery(
            state,
            settings,
            timeout,
            Plan { delay: settings.callback_delay, twice: false },
        );
    }
    let extra_cents = if script.is(Fault::WrongAmount) { ONE_SHILLING_CENTS } else { 0 };
    let body = if script.is(Fault::Malformed) {
        NOT_JSON.to_owned()
    } else {
        results::b2c_result(ended, outcome, state.core.float_cents, extra_cents).to_string()
    };
    let delay = match script.fault {
        Some(Fault::CallbackLate | Fault::QueueTimeout) => late(settings, script.delay_ms),
        _ => settings.callback_delay,
    };
    let result = delivery(&ended.result_url, body);
    plan_delivery(state, settings, result, Plan { delay, twice: script.is(Fault::CallbackTwice) });
}

fn late(settings: &Settings, delay_ms: Option<u32>) -> Duration {
    delay_ms.map_or(settings.late_callback_delay, |ms| Duration::from_millis(u64::from(ms)))
}

struct Plan {
    delay: Duration,
    twice: bool,
}

fn plan_delivery(state: &mut State, settings: &Settings, delivery: Delivery, plan: Plan) {
    let due_ms = clock::after(clock::now_ms(), plan.delay);
    if plan.twice {
        let again_ms = clock::after(due_ms, settings.callback_delay);
        state.plan(again_ms, Task::Deliver(delivery.clone()));
    }
    state.plan(due_ms, Task::Deliver(delivery));
}

/// Sends the scheduled callbacks of `reference` at once.
pub(crate) async fn deliver_now(store: &Store, reference: &str) {
    let planned = store.change(|state| {
        state.unplan(|it| matches!(&it.task, Task::Deliver(it) if it.reference == reference))
    });
    store.persisted().await;
    for task in planned {
        if let Task::Deliver(delivery) = task {
            deliver(store, &delivery).await;
        }
    }
}

/// Tries once. Returns the HTTP status, or the reason why there is none.
pub(crate) async fn deliver(store: &Store, delivery: &Delivery) -> String {
    let sent = store
        .http
        .post(&delivery.url)
        .header("Content-Type", "application/json;charset=UTF-8")
        .header("Businessshortcode", &store.settings.credentials.short_code)
        .body(delivery.body.clone())
        .send()
        .await;
    let outcome = match sent {
        Ok(answer) => answer.status().as_u16().to_string(),
        Err(error) if error.is_timeout() => "timeout".to_owned(),
        Err(error) if error.is_connect() => "no connection".to_owned(),
        Err(_) => "failed".to_owned(),
    };
    store.change(|state| {
        let detail = json!({ "url": delivery.url, "outcome": outcome, "body": delivery.body });
        state.event("callback", &delivery.reference, detail);
    });
    outcome
}
