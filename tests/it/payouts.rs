//! Payouts with lost, late, repeated or contradictory answers and results: none is paid twice, and
//! no money is lost.

use crate::faults::{HeldCallbacks, worker_process};
use amana_harness::{App, Person, eventually, payout_result};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

const SAVED: i64 = 200_000;
const TAKEN_OUT: i64 = 50_000;

/// Creates a user with money in the wallet, deposited by M-Pesa.
pub(crate) async fn saver(app: &App) -> Person {
    let person = app.person("Wanjiru").await;
    let body = json!({ "amount": { "amount": SAVED, "currency": "KES" } });
    let deposit = app.post(&person, "/v1/wallet/deposits", body).await.expect(202);
    app.approve_prompt(&person.phone).await;
    let id = deposit["id"].as_str().expect("an id");
    app.wait_for_payment(&person, id, "succeeded").await;
    assert_eq!(app.balance(&person).await, (SAVED, 0));
    person
}

async fn withdraw(app: &App, person: &Person) -> String {
    let body = json!({ "amount": { "amount": TAKEN_OUT, "currency": "KES" } });
    let payment = app.post(person, "/v1/withdrawals", body).await.expect(202);
    payment["id"].as_str().expect("an id").to_owned()
}

async fn assert_paid_once(app: &App, person: &Person, payment: &str) {
    app.wait_for_payment(person, payment, "succeeded").await;
    assert_booked(app, person, payment, "payout_settle").await;
    assert_eq!(app.balance(person).await, (SAVED - TAKEN_OUT, 0));
    let taken = app.payouts(&person.phone).await;
    assert_eq!(taken.len(), 1, "{taken:#?}");
    assert_eq!(taken[0]["originator_conversation_id"], payment);
    assert_eq!(taken[0]["outcome"]["result_code"], "0");
}

async fn assert_returned_once(app: &App, person: &Person, payment: &str) {
    app.wait_for_payment(person, payment, "failed").await;
    assert_booked(app, person, payment, "payout_return").await;
    assert_eq!(app.balance(person).await, (SAVED, 0));
}

/// Asserts that the payout was reserved once, and then settled or returned once.
async fn assert_booked(app: &App, person: &Person, payment: &str, end: &str) {
    for (kind, count) in [
        ("payout_reserve", 1),
        ("payout_settle", i64::from(end == "payout_settle")),
        ("payout_return", i64::from(end == "payout_return")),
    ] {
        assert_eq!(app.entries(&format!("{payment}:{kind}")).await, count, "{kind}");
    }
    let list = app.get(person, "/v1/withdrawals").await.expect(200);
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{list:#}");
    app.assert_sound().await;
}

/// Every fault of a payout on the wire, each for its own user.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_on_the_wire_pays_once() {
    let app = App::start().await;
    let faults = [
        "answer_lost",
        "busy",
        "callback_before_answer",
        "callback_late",
        "callback_twice",
        "malformed_answer",
        "queue_timeout",
        "server_error",
    ];
    let mut started = Vec::new();
    for fault in faults {
        let person = saver(&app).await;
        app.fault_only(&person.phone, fault, "payout").await;
        let payment = withdraw(&app, &person).await;
        started.push((person, payment));
    }
    for (person, payment) in &started {
        assert_paid_once(&app, person, payment).await;
    }
    let run = app.reconcile_now().await;
    assert_eq!((run.healed, run.open_breaks), (0, 0), "{:?}", app.discrepancy_list().await);
}

/// The result is lost or not JSON; the statement shows that it was paid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_result_is_found_by_reconciliation() {
    let app = App::start().await;
    for fault in ["callback_lost", "malformed"] {
        let person = saver(&app).await;
        app.fault_only(&person.phone, fault, "payout").await;
        let payment = withdraw(&app, &person).await;
        paid_at_provider(&app, &person).await;
        app.wait_for_payment(&person, &payment, "pending").await;
        assert_eq!(app.balance(&person).await, (SAVED - TAKEN_OUT, TAKEN_OUT));
        let run = app.reconcile_now().await;
        assert_eq!((run.healed, run.open_breaks), (1, 0), "{fault}");
        assert_paid_once(&app, &person, &payment).await;
        assert!(app.payment_column(&payment, "receipt").await.is_some());
    }
}

/// M-Pesa may process its queue hours later, so a payout missing on the statement is listed and not
/// refunded. A result ends it at once; otherwise a day of silence does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payout_in_the_providers_queue_is_not_given_back_early() {
    let app = App::builder().callback_delay(Duration::from_secs(3_600)).start().await;
    let (mut refused, mut silent) = (patient_saver(&app).await, patient_saver(&app).await);
    let (first, second) = (withdraw(&app, &refused).await, withdraw(&app, &silent).await);
    for (person, payment) in [(&refused, &first), (&silent, &second)] {
        app.wait_for_payment(person, payment, "pending").await;
    }
    let hours = |hours| TimeDelta::try_hours(hours).expect("a time");
    app.advance(hours(2), &mut [&mut refused, &mut silent]).await;
    app.reconcile_now().await;
    let mut listed = [&first, &second].map(|it| format!("missing_on_statement {it}"));
    listed.sort();
    assert_eq!(app.discrepancy_list().await, listed);
    for person in [&refused, &silent] {
        assert_eq!(app.balance(person).await, (SAVED - TAKEN_OUT, TAKEN_OUT));
    }
    let (token, reference) =
        (app.callback_token(&first).await, app.provider_reference(&first).await);
    app.call_back_ok("p", &token, &payout_result(&reference, 2040, None)).await;
    assert_returned_once(&app, &refused, &first).await;
    assert_eq!(app.discrepancy_list().await, [format!("missing_on_statement {second}")]);
    app.advance(hours(23), &mut [&mut refused, &mut silent]).await;
    app.reconcile_now().await;
    assert_returned_once(&app, &silent, &second).await;
    assert_eq!(app.discrepancy_list().await, [] as [String; 0]);
}

/// Does the same as [`saver`] where callbacks take an hour.
async fn patient_saver(app: &App) -> Person {
    let person = app.person("Wanjiru").await;
    app.fault_only(&person.phone, "callback_before_answer", "collection").await;
    let body = json!({ "amount": { "amount": SAVED, "currency": "KES" } });
    let deposit = app.post(&person, "/v1/wallet/deposits", body).await.expect(202);
    app.wait_for_payment(&person, deposit["id"].as_str().expect("an id"), "succeeded").await;
    person
}

/// M-Pesa does not know the number, or our float is too low: the money is refunded, with the
/// reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_payout_gives_the_money_back_once() {
    let app = App::start().await;
    for (fault, reason) in [("unregistered", "recipient_invalid"), ("no_funds", "rejected")] {
        let person = saver(&app).await;
        app.fault_only(&person.phone, fault, "payout").await;
        let payment = withdraw(&app, &person).await;
        assert_returned_once(&app, &person, &payment).await;
        let failed = app.wait_for_payment(&person, &payment, "failed").await;
        assert_eq!(failed["reason"], reason);
        resend(&app, &payment).await;
        resend(&app, &payment).await;
        applied(&app, &payment, 3).await;
        assert_returned_once(&app, &person, &payment).await;
        assert_eq!(app.discrepancy_list().await, [] as [String; 0]);
    }
}

async fn paid_at_provider(app: &App, person: &Person) {
    eventually("the payout is paid", || async {
        let taken = app.payouts(&person.phone).await;
        (taken.first()?["outcome"]["result_code"] == "0").then_some(())
    })
    .await;
}

async fn resend(app: &App, payment: &str) {
    let path = format!("/admin/callbacks/{payment}/resend");
    assert!(app.sandbox_send(Method::POST, &path, json!({})).await.is_success());
}

/// Waits until this many callbacks of a payment have been processed.
async fn applied(app: &App, payment: &str, count: i64) {
    let id = payment.strip_prefix("pay_").expect("an id");
    let query =
        format!("select count(*) from callbacks where payment_id = '{id}' and state = 'applied'");
    eventually("the callbacks are read", || async {
        (app.database.number(&query).await == count).then_some(())
    })
    .await;
}

/// A failure reported after the success changes nothing, and is listed for review.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_result_after_success() {
    let app = App::start().await;
    let person = saver(&app).await;
    let payment = withdraw(&app, &person).await;
    assert_paid_once(&app, &person, &payment).await;
    let (token, reference) =
        (app.callback_token(&payment).await, app.provider_reference(&payment).await);
    app.call_back_ok("p", &token, &payout_result(&reference, 2040, None)).await;
    applied(&app, &payment, 2).await;
    assert_paid_once(&app, &person, &payment).await;
    assert_eq!(app.discrepancy_list().await, [format!("review {payment}")]);
}

/// A success reported after the refund moves nothing. Both the payment and the missing money are
/// listed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn success_after_the_money_was_given_back() {
    let app = App::start().await;
    let person = saver(&app).await;
    app.fault_only(&person.phone, "callback_lost", "payout").await;
    let payment = withdraw(&app, &person).await;
    paid_at_provider(&app, &person).await;
    app.wait_for_payment(&person, &payment, "pending").await;
    let (token, reference) =
        (app.callback_token(&payment).await, app.provider_reference(&payment).await);
    app.call_back_ok("p", &token, &payout_result(&reference, 2040, None)).await;
    assert_returned_once(&app, &person, &payment).await;
    resend(&app, &payment).await;
    applied(&app, &payment, 2).await;
    assert_eq!(app.entries(&format!("{payment}:payout_settle")).await, 0);
    assert_eq!(app.balance(&person).await, (SAVED, 0));
    app.reconcile_now().await;
    assert_eq!(app.balance(&person).await, (SAVED, 0));
    let expected = [
        format!("paid_after_return {payment}"),
        format!("review {payment}"),
        "trust_equation mpesa KES".to_owned(),
    ];
    assert_eq!(app.discrepancy_list().await, expected);
    app.assert_sound().await;
}

/// A result with another amount than ordered moves nothing; the statement decides.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn result_with_a_wrong_amount_waits_for_the_statement() {
    let app = App::start().await;
    let person = saver(&app).await;
    app.fault_only(&person.phone, "wrong_amount", "payout").await;
    let payment = withdraw(&app, &person).await;
    eventually("the discrepancy is listed", || async {
        (app.discrepancy_list().await == [format!("amount_differs {payment}")]).then_some(())
    })
    .await;
    app.wait_for_payment(&person, &payment, "pending").await;
    assert_eq!(app.balance(&person).await, (SAVED - TAKEN_OUT, TAKEN_OUT));
    assert_eq!(app.reconcile_now().await.healed, 1);
    assert_paid_once(&app, &person, &payment).await;
    assert_eq!(
        app.discrepancy_list().await,
        [""; 0],
        "expected no discrepancy after the statement"
    );
}

/// The withdrawal shows that M-Pesa is unavailable, and continues by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provider_down_is_told_and_recovers_alone() {
    let app = App::start().await;
    let person = saver(&app).await;
    app.provider_up(false).await;
    let payment = withdraw(&app, &person).await;
    eventually("the withdrawal shows the outage", || async {
        let found = app.get(&person, &format!("/v1/payments/{payment}")).await.expect(200);
        (found["problem"] == "provider_unavailable").then_some(())
    })
    .await;
    app.provider_up(true).await;
    assert_paid_once(&app, &person, &payment).await;
}

/// SIGKILL between order and answer, and the result is lost too. The next worker sends the same id,
/// which M-Pesa recognises, and the statement has the outcome.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_killed_while_it_waits_for_the_answer() {
    let mut app = App::start().await;
    let person = saver(&app).await;
    app.stop_worker().await;
    app.fault_only(&person.phone, "callback_before_answer", "payout").await;
    let held = HeldCallbacks::hold(&app).await;
    let mut worker = worker_process(&app).await;
    let payment = withdraw(&app, &person).await;
    held.one_waits(&app).await;
    worker.kill();
    assert_eq!(app.payment_column(&payment, "state").await.as_deref(), Some("submitting"));
    held.lose(&app).await;
    let _next = app.worker_process();
    app.wait_for_payment(&person, &payment, "pending").await;
    let events = app.sandbox_get("/admin/events").await.to_string();
    assert!(
        events.contains("Duplicate OriginatorConversationID"),
        "expected a second attempt under the same id"
    );
    assert_eq!(app.balance(&person).await, (SAVED - TAKEN_OUT, TAKEN_OUT));
    let run = app.reconcile_now().await;
    assert_eq!((run.healed, run.open_breaks), (1, 0));
    assert_paid_once(&app, &person, &payment).await;
}
