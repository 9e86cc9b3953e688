//! Late money, or money after a reported failure, is neither lost nor counted twice.

use crate::faults::{Agreed, agreed, agreed_for_an_hour, assert_funded_once};
use amana_harness::{App, eventually};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

/// Callbacks arrive only when a test resends them.
const NEVER: Duration = Duration::from_secs(3_600);

const PRICE: i64 = 150_000;
const HOUR_AND_A_MINUTE: TimeDelta = TimeDelta::minutes(61);
const AFTER_FIRST_POLL: TimeDelta = TimeDelta::seconds(11);

/// Makes the sandbox send the genuine callback of this phone's newest request.
async fn resend(app: &App, phone: &str, nth: usize) {
    let taken = app.collections(phone).await;
    let checkout = taken[nth]["checkout_id"].as_str().expect("an id").to_owned();
    let path = format!("/admin/callbacks/{checkout}/resend");
    assert!(app.sandbox_send(Method::POST, &path, json!({})).await.is_success());
}

async fn assert_kept_in_wallet(app: &App, agreed: &Agreed, payment: &str) {
    assert_eq!(app.balance(&agreed.buyer).await, (PRICE, 0));
    assert_eq!(app.entries(&format!("{payment}:deposit")).await, 1);
    assert_eq!(app.entries(&format!("{}:fund", agreed.deal)).await, 0);
    let timeline = app.timeline(&agreed.buyer, &agreed.deal).await;
    assert!(timeline.contains(&"payment.kept_in_wallet".to_owned()), "{timeline:?}");
    app.assert_sound().await;
}

/// The payer enters the PIN after the deal has expired.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paid_after_the_deal_expired_stays_in_the_wallet() {
    let app = App::start().await;
    let mut agreed = agreed_for_an_hour(&app).await;
    let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
    app.wait_for_payment(&agreed.buyer, &payment, "pending").await;
    app.clock.advance(HOUR_AND_A_MINUTE);
    agreed.buyer = app.logged_in_again(&agreed.buyer).await;
    app.wait_for_deal(&agreed.buyer, &agreed.deal, "expired").await;
    app.approve_prompt(&agreed.buyer.phone).await;
    app.wait_for_payment(&agreed.buyer, &payment, "succeeded").await;
    assert_kept_in_wallet(&app, &agreed, &payment).await;
    app.wait_for_deal(&agreed.buyer, &agreed.deal, "expired").await;
    let run = app.reconcile_now().await;
    assert_eq!((run.matched, run.healed, run.open_breaks), (1, 0, 0));
}

/// The deadline applies before its timer has run, because no worker was running.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paid_after_the_deadline_and_before_its_timer_ran() {
    let app = App::builder().without_worker().start().await;
    let mut agreed = agreed_for_an_hour(&app).await;
    let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
    app.run_due_jobs().await;
    app.clock.advance(HOUR_AND_A_MINUTE);
    app.approve_prompt(&agreed.buyer.phone).await;
    let id = eventually("the callback's job is queued", || async {
        app.database.text("select id from jobs where kind = 'apply_callback'").await
    })
    .await;
    let ran = amana_worker::run_claim(&app.context, id.parse().expect("an id")).await;
    assert!(ran.expect("a run"));
    agreed.buyer = app.logged_in_again(&agreed.buyer).await;
    app.wait_for_deal(&agreed.buyer, &agreed.deal, "agreed").await;
    assert_kept_in_wallet(&app, &agreed, &payment).await;
    app.run_due_jobs().await;
    app.wait_for_deal(&agreed.buyer, &agreed.deal, "expired").await;
    assert_kept_in_wallet(&app, &agreed, &payment).await;
}

/// The deal expires while its prompt is open; then the payer declines.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn declined_after_the_deal_expired() {
    let app = App::start().await;
    let agreed = agreed_for_an_hour(&app).await;
    let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
    app.wait_for_prompt(&agreed.buyer.phone).await;
    app.clock.advance(HOUR_AND_A_MINUTE);
    let buyer = app.logged_in_again(&agreed.buyer).await;
    app.wait_for_deal(&buyer, &agreed.deal, "expired").await;
    let path = format!("/admin/phones/{}/answer", buyer.phone);
    assert!(app.sandbox_send(Method::POST, &path, json!({ "cancel": true })).await.is_success());
    let failed = app.wait_for_payment(&buyer, &payment, "failed").await;
    assert_eq!(failed["reason"], "cancelled_by_payer");
    app.wait_for_deal(&buyer, &agreed.deal, "expired").await;
    assert_eq!(app.entries(&format!("{payment}:deposit")).await, 0);
    app.assert_sound().await;
}

/// A query reports "cancelled", the callback reports "paid": the callback counts, and the payment
/// is listed for review.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_that_lies_is_overruled() {
    let app = App::builder().callback_delay(NEVER).start().await;
    let agreed = agreed(&app).await;
    let payment = denied_by_query(&app, &agreed).await;
    app.wait_for_deal(&agreed.buyer, &agreed.deal, "agreed").await;
    resend(&app, &agreed.buyer.phone, 0).await;
    assert_funded_once(&app, &agreed, &payment).await;
    assert_eq!(app.discrepancy_list().await, [format!("review {payment}")]);
    let found = app.get(&agreed.buyer, &format!("/v1/payments/{payment}")).await.expect(200);
    assert_eq!(found["review_reason"], "contradiction");
}

/// Creates a paid payment that the query reports as failed.
async fn denied_by_query(app: &App, agreed: &Agreed) -> String {
    app.fault(&agreed.buyer.phone, "query_contradicts", 1).await;
    let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
    app.approve_prompt(&agreed.buyer.phone).await;
    app.wait_for_payment(&agreed.buyer, &payment, "pending").await;
    app.clock.advance(AFTER_FIRST_POLL);
    app.wait_for_payment(&agreed.buyer, &payment, "failed").await;
    payment
}

/// The first attempt was reported as failed, so the buyer paid again. Then the first one turns out
/// to be paid too. The deal takes one payment, and the wallet keeps the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_attempts_that_were_both_paid() {
    let app = App::builder().callback_delay(NEVER).start().await;
    let agreed = agreed(&app).await;
    let Agreed { buyer, deal, .. } = &agreed;
    let first = denied_by_query(&app, &agreed).await;
    let second = app.start_mpesa(buyer, deal).await;
    app.approve_prompt(&buyer.phone).await;
    resend(&app, &buyer.phone, 0).await;
    app.wait_for_payment(buyer, &second, "succeeded").await;
    app.wait_for_deal(buyer, deal, "funded").await;
    resend(&app, &buyer.phone, 1).await;
    app.wait_for_payment(buyer, &first, "succeeded").await;
    assert_eq!(app.balance(buyer).await, (PRICE, 0));
    assert_eq!(app.entries(&format!("{deal}:fund:1")).await, 1);
    for payment in [&first, &second] {
        assert_eq!(app.entries(&format!("{payment}:deposit")).await, 1);
    }
    let timeline = app.timeline(buyer, deal).await;
    assert_eq!(timeline.last().map(String::as_str), Some("payment.kept_in_wallet"));
    let run = app.reconcile_now().await;
    assert_eq!((run.matched, run.healed, run.unclaimed), (2, 0, 0));
    assert_eq!(app.discrepancy_list().await, [format!("review {first}")]);
    app.assert_sound().await;
}
