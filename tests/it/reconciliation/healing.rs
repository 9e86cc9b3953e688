//! Payments that only the statement knows are completed once, and nothing else changes.

use amana_harness::{App, DealPlan, Person};
use chrono::TimeDelta;
use serde_json::{Value, json};

fn kes(minor: i64) -> Value {
    json!({ "amount": { "amount": minor, "currency": "KES" } })
}

/// Creates a deal with a pending payment.
async fn asked(app: &App) -> (Person, String, String) {
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    let payment = app.start_mpesa(&buyer, &deal).await;
    (buyer, deal, payment)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_whose_callback_was_lost_is_healed_once() {
    let app = App::start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    app.fault(&buyer.phone, "callback_lost", 1).await;
    let payment = app.start_mpesa(&buyer, &deal).await;
    app.approve_prompt(&buyer.phone).await;
    let run = app.reconcile_now().await;
    assert_eq!((run.lines, run.healed, run.matched, run.open_breaks), (1, 1, 0, 0));
    app.wait_for_deal(&buyer, &deal, "funded").await;
    let healed = app.wait_for_payment(&buyer, &payment, "succeeded").await;
    assert_eq!(healed["receipt"], app.collections(&buyer.phone).await[0]["outcome"]["receipt"]);
    let again = app.reconcile_now().await;
    assert_eq!((again.healed, again.matched, again.open_breaks), (0, 1, 0));
    assert_eq!(app.entries(&format!("{payment}:deposit")).await, 1);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_whose_callback_was_lost_is_healed_once() {
    let app = App::start().await;
    let person = app.person("Juma").await;
    app.top_up(&person, 100_000).await;
    app.fault_only(&person.phone, "callback_lost", "payout").await;
    let asked = app.post(&person, "/v1/withdrawals", kes(60_000)).await.expect(202);
    let id = asked["id"].as_str().expect("an id");
    app.wait_for_payment(&person, id, "pending").await;
    amana_harness::eventually("the payout has ended", || async {
        let payouts = app.payouts(&person.phone).await;
        payouts[0]["outcome"].is_object().then_some(())
    })
    .await;
    assert_eq!(app.balance(&person).await, (40_000, 60_000));
    let run = app.reconcile_now().await;
    assert_eq!((run.lines, run.healed, run.open_breaks), (2, 1, 0));
    app.wait_for_payment(&person, id, "succeeded").await;
    assert_eq!(app.balance(&person).await, (40_000, 0));
    assert_eq!(app.reconcile_now().await.healed, 0);
    app.assert_sound().await;
}

/// M-Pesa accepts a payout and processes it much later. The money stays reserved meanwhile, so it
/// cannot be both paid and refunded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_that_comes_late_has_not_been_given_back() {
    let app = App::start().await;
    let mut person = app.person("Juma").await;
    app.top_up(&person, 100_000).await;
    app.fault_only(&person.phone, "queue_timeout", "payout").await;
    let asked = app.post(&person, "/v1/withdrawals", kes(60_000)).await.expect(202);
    let id = asked["id"].as_str().expect("an id");
    amana_harness::eventually("M-Pesa has taken it", || async {
        (!app.payouts(&person.phone).await.is_empty()).then_some(())
    })
    .await;
    app.advance(TimeDelta::hours(2), &mut [&mut person]).await;
    app.reconcile_now().await;
    app.wait_for_payment(&person, id, "succeeded").await;
    assert_eq!(app.balance(&person).await, (40_000, 0));
    assert_eq!(app.entries(&format!("{id}:payout_return")).await, 0);
    let run = app.reconcile_now().await;
    assert_eq!((run.matched, run.open_breaks), (2, 0));
    app.assert_sound().await;
}

/// A payment that is missing on the statement ten minutes later has failed, so the buyer can pay
/// again. If it happens after all, it still counts for the buyer and funds the deal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_payment_fails_and_may_still_arrive() {
    let app = App::start().await;
    let (mut buyer, deal, payment) = asked(&app).await;
    app.wait_for_prompt(&buyer.phone).await;
    app.wait_for_payment(&buyer, &payment, "pending").await;
    app.reconcile_now().await;
    app.wait_for_payment(&buyer, &payment, "pending").await;
    app.advance(TimeDelta::minutes(11), &mut [&mut buyer]).await;
    app.reconcile_now().await;
    let closed = app.wait_for_payment(&buyer, &payment, "failed").await;
    assert_eq!(closed["reason"], "never_happened");
    app.wait_for_deal(&buyer, &deal, "agreed").await;
    app.approve_prompt(&buyer.phone).await;
    app.wait_for_deal(&buyer, &deal, "funded").await;
    app.wait_for_payment(&buyer, &payment, "succeeded").await;
    assert_eq!(app.entries(&format!("{payment}:deposit")).await, 1);
    let run = app.reconcile_now().await;
    assert_eq!((run.lines, run.matched), (1, 1));
    app.assert_sound().await;
}

/// Money that fits no payment is put into suspense once, however many statements contain it. The
/// trust equation includes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_nobody_expected_is_kept_in_suspense_once() {
    let app = App::start().await;
    let operator = app.operator().await;
    let receipt = app.pay_bill("254733000001", 12_300, "MY GOATS").await;
    let unclaimed = [app.reconcile_now().await, app.reconcile_now().await].map(|run| run.unclaimed);
    assert_eq!(unclaimed, [1, 0]);
    assert_eq!(app.discrepancy_list().await, [format!("unclaimed {receipt}")]);
    let items = app.get(&operator, "/v1/operator/suspense").await.expect(200)["items"].clone();
    assert_eq!(items.as_array().expect("items").len(), 1, "{items:#}");
    assert_eq!(items[0]["receipt"], receipt.as_str());
    assert_eq!(items[0]["reference"], "MY GOATS");
    assert_eq!(items[0]["amount"], json!({ "amount": 12_300, "currency": "KES" }));
    let proof = app.store.proof().await.expect("a proof");
    assert_eq!(proof.currencies[0].suspense_minor, 12_300);
    assert_eq!(proof.currencies[0].held_by_providers_minor, 12_300);
    app.assert_sound().await;
}

/// A second payment under the reference of a completed one: the first receipt stays with the
/// payment, and the second is unclaimed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_payment_under_one_reference_does_not_take_the_place_of_the_first() {
    let app = App::start().await;
    let (buyer, deal, payment) = asked(&app).await;
    app.approve_prompt(&buyer.phone).await;
    app.wait_for_deal(&buyer, &deal, "funded").await;
    let first = app.payment_column(&payment, "receipt").await;
    let reference = app.payment_column(&payment, "reference").await.expect("a reference");
    let second = app.pay_bill(&buyer.phone, 150_000, &reference).await;
    let run = app.reconcile_now().await;
    assert_eq!((run.lines, run.matched, run.unclaimed, run.healed), (2, 1, 1, 0));
    assert_eq!(app.payment_column(&payment, "receipt").await, first);
    assert_eq!(app.payment_column(&payment, "doubt").await, None);
    assert_eq!(app.discrepancy_list().await, [format!("unclaimed {second}")]);
    app.assert_sound().await;
}

/// The prompt failed, and the buyer pays by hand under the same reference: the deal is funded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_by_hand_under_the_reference_of_a_failed_one_pays_for_the_deal() {
    let app = App::start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    app.fault(&buyer.phone, "cancel", 1).await;
    let payment = app.start_mpesa(&buyer, &deal).await;
    app.wait_for_payment(&buyer, &payment, "failed").await;
    let reference = app.payment_column(&payment, "reference").await.expect("a reference");
    let receipt = app.pay_bill(&buyer.phone, 150_000, &reference).await;
    let run = app.reconcile_now().await;
    assert_eq!((run.healed, run.unclaimed), (1, 0));
    app.wait_for_deal(&buyer, &deal, "funded").await;
    assert_eq!(app.payment_column(&payment, "receipt").await, Some(receipt));
    app.assert_sound().await;
}
