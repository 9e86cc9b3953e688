//! Provider messages in any order, repeated or lost: the books end the same.

use crate::faults::agreed;
use amana_harness::{App, Person, eventually, failed_prompt};
use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use serde_json::json;
use std::cell::Cell;
use std::time::Duration;

/// Number of random cases in one run of the test.
const CASES: u32 = 8;
const STEPS_MAX: usize = 10;
const SHRINK_STEPS_MAX: u32 = 40;
const PRICE: i64 = 150_000;

/// Callbacks arrive only as steps of a case.
const NEVER: Duration = Duration::from_secs(3_600);

/// A step that happens to one of two payments, or to the system.
#[derive(Debug, Clone, Copy)]
enum Step {
    Approve(usize),
    /// The genuine callback; the step may occur several times.
    Callback(usize),
    /// A wrong result from M-Pesa: "cancelled".
    Denial(usize),
    /// Runs all due jobs, including polls.
    Work,
    Reconcile,
}

fn step() -> impl Strategy<Value = Step> {
    let payment = || 0..2_usize;
    prop_oneof![
        2 => payment().prop_map(Step::Approve),
        3 => payment().prop_map(Step::Callback),
        1 => payment().prop_map(Step::Denial),
        2 => Just(Step::Work),
        1 => Just(Step::Reconcile),
    ]
}

/// Faults of the request itself.
fn fault() -> impl Strategy<Value = Option<&'static str>> {
    select(vec![
        None,
        Some("answer_lost"),
        Some("malformed_answer"),
        Some("query_unsteady"),
        Some("query_contradicts"),
        Some("callback_before_answer"),
    ])
}

struct One {
    buyer: Person,
    deal: String,
    payment: String,
}

async fn begin(app: &App, fault: Option<&str>) -> One {
    let agreed = agreed(app).await;
    if let Some(fault) = fault {
        app.fault(&agreed.buyer.phone, fault, 1).await;
    }
    let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
    app.run_due_jobs().await;
    One { buyer: agreed.buyer, deal: agreed.deal, payment }
}

async fn carry_out(app: &App, step: Step, both: &[One; 2]) {
    match step {
        Step::Approve(n) => approve(app, &both[n]).await,
        Step::Callback(n) => call_back(app, &both[n]).await,
        Step::Denial(n) => {
            let taken = app.collections(&both[n].buyer.phone).await;
            let checkout = taken[0]["checkout_id"].as_str().expect("an id");
            let token = app.callback_token(&both[n].payment).await;
            app.call_back_ok("c", &token, &failed_prompt(checkout, 1032)).await;
        }
        Step::Work => {
            app.clock.advance(TimeDelta::seconds(11));
            app.run_due_jobs().await;
        }
        Step::Reconcile => {
            app.reconcile_now().await;
        }
    }
}

/// Enters the PIN, unless it was entered already.
async fn approve(app: &App, one: &One) {
    let path = format!("/admin/phones/{}/answer", one.buyer.phone);
    app.sandbox_send(Method::POST, &path, json!({ "pin": "1234" })).await;
}

/// Sends the genuine callback, if the prompt has ended.
async fn call_back(app: &App, one: &One) {
    let taken = app.collections(&one.buyer.phone).await;
    let checkout = taken[0]["checkout_id"].as_str().expect("an id");
    let path = format!("/admin/callbacks/{checkout}/resend");
    app.sandbox_send(Method::POST, &path, json!({})).await;
}

/// Asserts that both payments succeeded and were booked once, each for its own deal.
async fn check(app: &App, both: &[One; 2]) {
    for one in both {
        approve(app, one).await;
    }
    app.run_due_jobs().await;
    app.reconcile_now().await;
    for One { buyer, deal, payment } in both {
        app.wait_for_deal(buyer, deal, "funded").await;
        app.wait_for_payment(buyer, payment, "succeeded").await;
        assert_eq!(app.entries(&format!("{payment}:deposit")).await, 1);
        assert_eq!(app.entries(&format!("{deal}:fund:1")).await, 1);
        assert_eq!(app.balance(buyer).await, (0, 0));
        assert_eq!(app.collections(&buyer.phone).await.len(), 1);
        let told = app.collections(&buyer.phone).await[0]["outcome"]["receipt"].clone();
        let receipt = app.payment_column(payment, "receipt").await;
        assert_eq!(receipt.as_deref(), told.as_str());
    }
    app.assert_sound().await;
}

/// Random steps on two payments; in every case the statement completes both.
#[test]
fn any_order_repetition_and_loss_of_messages_ends_the_same() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let app = runtime.block_on(App::builder().without_worker().callback_delay(NEVER).start());
    let config = Config {
        cases: CASES,
        max_shrink_iters: SHRINK_STEPS_MAX,
        failure_persistence: None,
        ..Config::default()
    };
    let steps = proptest::collection::vec(step(), 0..=STEPS_MAX);
    let paid = Cell::new(0);
    let result = TestRunner::new(config).run(&(fault(), fault(), steps), |(one, two, steps)| {
        runtime.block_on(async {
            let both = [begin(&app, one).await, begin(&app, two).await];
            for step in steps {
                carry_out(&app, step, &both).await;
            }
            check(&app, &both).await;
        });
        paid.set(paid.get() + 2);
        Ok(())
    });
    result.expect("the same end");
    runtime.block_on(async {
        let run = app.reconcile_now().await;
        assert_eq!(run.provider_balance_minor, Some(PRICE * paid.get()));
        assert_eq!((run.unclaimed, run.healed), (0, 0));
        eventually("all jobs are done", || async { (app.run_due_jobs().await == 0).then_some(()) })
            .await;
    });
}
