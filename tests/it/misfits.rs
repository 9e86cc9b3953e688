//! Callbacks and money that fit no payment: another amount, receipt or reference. They credit
//! nothing, lose nothing, and are listed for operators.

use crate::callbacks::{PRICE, callbacks_are, prompted, quiet_app};
use crate::faults::{agreed, assert_funded_once};
use amana_harness::{App, failed_prompt, paid_prompt};
use serde_json::{Value, json};

const NONE: [String; 0] = [];

/// A callback with a wrong amount credits nothing; the statement has the right amount, and counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callback_with_a_wrong_amount_waits_for_the_statement() {
    let app = App::start().await;
    let agreed = agreed(&app).await;
    app.fault(&agreed.buyer.phone, "wrong_amount", 1).await;
    let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
    app.approve_prompt(&agreed.buyer.phone).await;
    callbacks_are(&app, "unmatched", 1).await;
    app.wait_for_payment(&agreed.buyer, &payment, "pending").await;
    assert_eq!(app.discrepancy_list().await, [format!("amount_differs {payment}")]);
    assert_eq!(app.database.number("select count(*) from entries").await, 0);
    let again = json!({ "method": "mpesa" });
    let path = format!("/v1/deals/{}/fund", agreed.deal);
    assert_eq!(app.post(&agreed.buyer, &path, again).await.problem(), "payment_in_progress");
    let run = app.reconcile_now().await;
    assert_eq!((run.healed, run.unclaimed), (1, 0));
    assert_funded_once(&app, &agreed, &payment).await;
    assert_eq!(app.discrepancy_list().await, NONE);
}

/// Another amount under a payment's reference becomes a separate payment for the same payer and
/// deal, once. The prompt is unaffected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_amount_on_the_statement_is_a_payment_of_its_own() {
    let app = quiet_app().await;
    let prompted = prompted(&app).await;
    let (payment, deal) = (&prompted.payment, &prompted.agreed.deal);
    let reference = app.payment_column(payment, "reference").await.expect("a reference");
    app.pay_bill("254733000001", 5_000, &reference).await;
    for round in 0..3 {
        let run = app.reconcile_now().await;
        let found = (run.unclaimed, run.healed, run.matched);
        assert_eq!(found, (0, i64::from(round == 0), i64::from(round > 0)));
    }
    assert_eq!(prompted.state(&app).await.as_deref(), Some("pending"));
    assert_eq!(app.discrepancy_list().await, NONE);
    assert_eq!(app.entries(&format!("{payment}:deposit")).await, 0);
    let seen = app.get(prompted.buyer(), &format!("/v1/deals/{deal}")).await.expect(200);
    assert_eq!(seen["paid"]["amount"], 5_000);
    app.approve_prompt(&prompted.buyer().phone).await;
    let run = app.reconcile_now().await;
    assert_eq!((run.matched, run.healed, run.unclaimed), (1, 1, 0));
    app.wait_for_deal(prompted.buyer(), deal, "funded").await;
    assert_eq!(app.balance(prompted.buyer()).await, (5_000, 0));
    assert_eq!(app.discrepancy_list().await, NONE);
    app.assert_sound().await;
}

/// A second receipt for one payment credits nothing, and is listed for review.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_receipt_for_a_paid_payment_is_reviewed() {
    let app = quiet_app().await;
    let prompted = prompted(&app).await;
    for receipt in ["UKL7AAAAAA", "UKL7BBBBBB"] {
        prompted.says(&app, &paid_prompt(&prompted.checkout, receipt, PRICE)).await;
    }
    callbacks_are(&app, "applied", 2).await;
    let found = app.wait_for_payment(prompted.buyer(), &prompted.payment, "succeeded").await;
    assert_eq!(found["review_reason"], "two_receipts");
    assert_eq!(app.entries(&format!("{}:deposit", prompted.payment)).await, 1);
    assert_eq!(app.balance(prompted.buyer()).await, (0, 0));
    assert_eq!(app.discrepancy_list().await, [format!("review {}", prompted.payment)]);
    app.assert_sound().await;
}

/// The receipt of a settled payment never changes. The second receipt remains claimed, so no other
/// payment can use it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receipt_of_a_settled_payment_never_changes() {
    let app = quiet_app().await;
    let (first, second) = (prompted(&app).await, prompted(&app).await);
    for receipt in ["UKL7AAAAAA", "UKL7BBBBBB"] {
        first.says(&app, &paid_prompt(&first.checkout, receipt, PRICE)).await;
        let shown = app.wait_for_payment(first.buyer(), &first.payment, "succeeded").await;
        assert_eq!(shown["receipt"], "UKL7AAAAAA");
    }
    callbacks_are(&app, "applied", 2).await;
    let receipt = app.payment_column(&first.payment, "receipt").await;
    assert_eq!(receipt.as_deref(), Some("UKL7AAAAAA"));
    second.says(&app, &paid_prompt(&second.checkout, "UKL7BBBBBB", PRICE)).await;
    callbacks_are(&app, "unmatched", 1).await;
    assert_eq!(second.state(&app).await.as_deref(), Some("pending"));
    let mut listed = [&first, &second].map(|one| format!("review {}", one.payment));
    listed.sort();
    assert_eq!(app.discrepancy_list().await, listed);
    let uuid = first.payment.strip_prefix("pay_").expect("a payment's id");
    let changed = format!("update payments set receipt = 'UKL7BBBBBB' where id = '{uuid}'");
    assert_eq!(app.database.refusal(&changed).await, "payments_receipt_kept");
    app.assert_sound().await;
}

/// The receipt of one payment is posted to the address of another. It pays once, and lower case
/// does not make it a new receipt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receipt_of_another_payment_credits_nobody() {
    let app = quiet_app().await;
    let (first, second) = (prompted(&app).await, prompted(&app).await);
    first.says(&app, &paid_prompt(&first.checkout, "UKL7AAAAAA", PRICE)).await;
    app.wait_for_deal(first.buyer(), &first.agreed.deal, "funded").await;
    for receipt in ["UKL7AAAAAA", "ukl7aaaaaa"] {
        second.says(&app, &paid_prompt(&second.checkout, receipt, PRICE)).await;
    }
    callbacks_are(&app, "unmatched", 2).await;
    assert_eq!(second.state(&app).await.as_deref(), Some("pending"));
    assert_eq!(app.entries(&format!("{}:deposit", second.payment)).await, 0);
    assert_eq!(app.discrepancy_list().await, [format!("review {}", second.payment)]);
    let operator = app.operator().await;
    let listed = app.get(&operator, "/v1/operator/callbacks").await.expect(200);
    assert_eq!(listed["items"][0]["payment_id"], second.payment.as_str());
    assert_eq!(listed["items"][0]["note"], "the receipt belongs to another payment");
    second.says(&app, &paid_prompt(&second.checkout, "UKL7BBBBBB", PRICE)).await;
    app.wait_for_deal(second.buyer(), &second.agreed.deal, "funded").await;
    app.assert_sound().await;
}

/// Two payments claim one receipt concurrently: one is credited.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_payments_race_for_one_receipt() {
    let app = quiet_app().await;
    for round in 0..3 {
        let (first, second) = (prompted(&app).await, prompted(&app).await);
        let receipt = format!("UKL7RACE{round:02}");
        let (one, two) = (
            paid_prompt(&first.checkout, &receipt, PRICE),
            paid_prompt(&second.checkout, &receipt, PRICE),
        );
        tokio::join!(first.says(&app, &one), second.says(&app, &two));
        callbacks_are(&app, "received", 0).await;
        let credited = app.entries(&format!("{}:deposit", first.payment)).await
            + app.entries(&format!("{}:deposit", second.payment)).await;
        assert_eq!(credited, 1, "round {round}");
    }
    app.assert_sound().await;
}

/// A callback at a valid address with another request's id credits nothing; the correct one counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_request_under_a_valid_address_is_reviewed() {
    let app = quiet_app().await;
    let prompted = prompted(&app).await;
    prompted.says(&app, &paid_prompt("ws_CO_210920261200000000", "UKL7OTHER1", PRICE)).await;
    callbacks_are(&app, "unmatched", 1).await;
    let found = app.wait_for_payment(prompted.buyer(), &prompted.payment, "pending").await;
    assert_eq!(found["review_reason"], Value::Null);
    assert_eq!(app.entries(&format!("{}:deposit", prompted.payment)).await, 0);
    assert_eq!(app.discrepancy_list().await, [format!("review {}", prompted.payment)]);
    app.approve_prompt(&prompted.buyer().phone).await;
    let taken = app.collections(&prompted.buyer().phone).await;
    let receipt = taken[0]["outcome"]["receipt"].as_str().expect("a receipt").to_owned();
    prompted.says(&app, &paid_prompt(&prompted.checkout, &receipt, PRICE)).await;
    assert_funded_once(&app, &prompted.agreed, &prompted.payment).await;
}

/// A payment with an unknown result code changes nothing until operators resolve it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unclear_result_is_reviewed() {
    let app = App::start().await;
    let agreed = agreed(&app).await;
    app.fault(&agreed.buyer.phone, "rule_limited", 1).await;
    let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
    let found = app.wait_for_payment(&agreed.buyer, &payment, "review").await;
    assert_eq!(found["review_reason"], "unclear_result");
    assert_eq!(app.discrepancy_list().await, [format!("review {payment}")]);
    assert_eq!(app.database.number("select count(*) from entries").await, 0);
    app.assert_sound().await;
}

/// Contradictory callbacks reach their limit; the statement still counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_words_does_not_drown_the_statement() {
    let app = quiet_app().await;
    let prompted = prompted(&app).await;
    for code in 7_000..7_070 {
        prompted.says(&app, &failed_prompt(&prompted.checkout, code)).await;
    }
    callbacks_are(&app, "applied", 70).await;
    assert_eq!(app.database.number("select count(*) from payment_evidence").await, 64);
    assert_eq!(prompted.state(&app).await.as_deref(), Some("review"));
    app.approve_prompt(&prompted.buyer().phone).await;
    assert_eq!(app.reconcile_now().await.healed, 1);
    assert_funded_once(&app, &prompted.agreed, &prompted.payment).await;
}

/// Money under an unknown reference is put into suspense once and listed in pages. The trust
/// equation holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_without_an_intent_is_in_suspense() {
    let app = App::builder().without_worker().start().await;
    let mut receipts = Vec::new();
    for n in 1..=5 {
        let phone = format!("25473300000{n}");
        receipts.push(app.pay_bill(&phone, 10_000 * n, &format!("HELLO{n}")).await);
    }
    for round in 0..3 {
        let run = app.reconcile_now().await;
        assert_eq!((run.lines, run.unclaimed), (5, if round == 0 { 5 } else { 0 }));
        assert_eq!((run.open_breaks, run.provider_balance_minor), (5, Some(150_000)));
    }
    receipts.sort();
    let mut expected: Vec<String> = receipts.iter().map(|it| format!("unclaimed {it}")).collect();
    expected.sort();
    assert_eq!(app.discrepancy_list().await, expected);
    let listed = pages(&app, "/v1/operator/suspense").await;
    let mut found: Vec<&str> =
        listed.iter().map(|item| item["receipt"].as_str().expect("a receipt")).collect();
    found.sort_unstable();
    assert_eq!(found, receipts);
    let sum: i64 =
        listed.iter().map(|item| item["amount"]["amount"].as_i64().expect("cents")).sum();
    assert_eq!(sum, 150_000);
    assert_eq!(pages(&app, "/v1/operator/discrepancies").await.len(), 5);
    assert_eq!(pages(&app, "/v1/operator/reconciliations").await.len(), 3);
    let proof = app.store.proof().await.expect("a proof");
    assert_eq!(proof.currencies[0].suspense_minor, 150_000);
    assert_eq!(proof.currencies[0].held_by_providers_minor, 150_000);
    app.assert_sound().await;
}

/// Reads all items of an operator's list, two per page.
async fn pages(app: &App, path: &str) -> Vec<Value> {
    let operator = app.operator().await;
    let mut items = Vec::new();
    let mut after = String::new();
    loop {
        let page = app.get(&operator, &format!("{path}?limit=2{after}")).await.expect(200);
        let some = page["items"].as_array().expect("items");
        assert!(some.len() <= 2, "{page:#}");
        items.extend(some.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(cursor) => after = format!("&after={cursor}"),
            None => return items,
        }
    }
}

/// The statement has three payments within one second. The balance comes from its newest line, not
/// from the oldest of that second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_within_one_second_raise_no_alarm() {
    let app = App::start().await;
    let mut paid = Vec::new();
    for _ in 0..3 {
        let agreed = agreed(&app).await;
        let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
        app.wait_for_prompt(&agreed.buyer.phone).await;
        paid.push((agreed, payment));
    }
    for (agreed, _) in &paid {
        app.approve_prompt(&agreed.buyer.phone).await;
    }
    for (agreed, payment) in &paid {
        assert_funded_once(&app, agreed, payment).await;
    }
    let run = app.reconcile_now().await;
    assert_eq!((run.matched, run.healed, run.unclaimed), (3, 0, 0));
    assert_eq!(run.provider_balance_minor, Some(3 * PRICE));
    assert_eq!(app.discrepancy_list().await, NONE);
}
