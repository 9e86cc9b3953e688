//! Outcomes of a prompt, and the options of the payer meanwhile and afterwards.

use crate::faults::{Agreed, agreed, assert_funded_once};
use amana_harness::{App, DealPlan, Person, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const PRICE: i64 = 150_000;

async fn deposit(app: &App, person: &Person, minor: i64) -> String {
    let body = json!({ "amount": { "amount": minor, "currency": "KES" } });
    let payment = app.post(person, "/v1/wallet/deposits", body).await.expect(202);
    payment["id"].as_str().expect("an id").to_owned()
}

async fn answer(app: &App, phone: &str, answer: Value) {
    app.wait_for_prompt(phone).await;
    let path = format!("/admin/phones/{phone}/answer");
    assert!(app.sandbox_send(Method::POST, &path, answer).await.is_success());
}

/// Asserts that the payment failed for this reason without moving money, and that a second attempt
/// succeeds.
async fn assert_failed_then_paid(app: &App, agreed: &Agreed, first: &str, reason: &str) {
    let Agreed { buyer, deal, .. } = agreed;
    let failed = app.wait_for_payment(buyer, first, "failed").await;
    assert_eq!(failed["reason"], reason);
    let text = failed["status_text"].as_str().expect("a text");
    assert!(text.contains("you can try again"), "{text}");
    let found = app.wait_for_deal(buyer, deal, "agreed").await;
    assert_eq!(found["payment"]["id"], first);
    let second = app.start_mpesa(buyer, deal).await;
    app.approve_prompt(&buyer.phone).await;
    app.wait_for_deal(buyer, deal, "funded").await;
    app.wait_for_payment(buyer, &second, "succeeded").await;
    assert_eq!(app.entries(&format!("{first}:deposit")).await, 0, "{reason}");
    assert_eq!(app.entries(&format!("{second}:deposit")).await, 1, "{reason}");
    assert_eq!(app.entries(&format!("{deal}:fund:1")).await, 1, "{reason}");
    assert_eq!(app.balance(buyer).await, (0, 0));
    let timeline = app.timeline(buyer, deal).await;
    let payments: Vec<&str> =
        timeline.iter().filter_map(|name| name.strip_prefix("payment.")).collect();
    let expected = ["requested", "prompted", "failed", "requested", "prompted", "succeeded"];
    assert_eq!(payments, expected, "{reason}");
}

/// Each way in which a prompt can end unpaid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_failure_has_its_reason_and_a_second_attempt_works() {
    let app = App::start().await;
    let faults = [
        ("cancel", "cancelled_by_payer"),
        ("no_answer", "no_answer"),
        ("wrong_pin", "wrong_pin"),
        ("no_funds", "insufficient_funds"),
    ];
    let mut started = Vec::new();
    for (fault, reason) in faults {
        let agreed = agreed(&app).await;
        app.fault(&agreed.buyer.phone, fault, 1).await;
        let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
        started.push((agreed, payment, reason));
    }
    for (agreed, payment, reason) in &started {
        assert_failed_then_paid(&app, agreed, payment, reason).await;
    }
    let run = app.reconcile_now().await;
    assert_eq!((run.matched, run.healed, run.open_breaks), (4, 0, 0));
    app.assert_sound().await;
}

/// The same failures by actions on the phone: a wrong PIN, a declined prompt, an empty account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_by_the_payers_own_hand() {
    let app = App::start().await;
    for (reply, reason) in [
        (json!({ "pin": "0000" }), "wrong_pin"),
        (json!({ "cancel": true }), "cancelled_by_payer"),
        (json!({ "pin": "1234" }), "insufficient_funds"),
    ] {
        let agreed = agreed(&app).await;
        let customer = format!("/admin/customers/{}", agreed.buyer.phone);
        let balance = if reason == "insufficient_funds" { 100 } else { 10_000_000 };
        app.sandbox_send(Method::PUT, &customer, json!({ "balance": balance })).await;
        let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
        answer(&app, &agreed.buyer.phone, reply).await;
        app.wait_for_payment(&agreed.buyer, &payment, "failed").await;
        app.sandbox_send(Method::PUT, &customer, json!({ "balance": 10_000_000 })).await;
        assert_failed_then_paid(&app, &agreed, &payment, reason).await;
    }
    app.assert_sound().await;
}

/// While a payment is open, no second one can start, not even from the wallet, and no party can
/// cancel the deal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_payment_blocks_others() {
    let app = App::start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    let payment = app.start_mpesa(&buyer, &deal).await;
    app.wait_for_prompt(&buyer.phone).await;
    let (fund, cancel) = (format!("/v1/deals/{deal}/fund"), format!("/v1/deals/{deal}/cancel"));
    for (person, path, body) in [
        (&buyer, &fund, json!({ "method": "mpesa" })),
        (&buyer, &fund, json!({ "method": "mpesa", "phone": "254711999999" })),
        (&buyer, &fund, json!({ "method": "wallet" })),
        (&buyer, &cancel, Value::Null),
        (&seller, &cancel, Value::Null),
    ] {
        let refused = app.post(person, path, body.clone()).await;
        let told = (refused.status.as_u16(), refused.problem());
        assert_eq!(told, (409, "payment_in_progress"), "{path} {body}");
    }
    answer(&app, &buyer.phone, json!({ "cancel": true })).await;
    app.wait_for_payment(&buyer, &payment, "failed").await;
    app.post(&seller, &cancel, Value::Null).await.expect(200);
    app.wait_for_deal(&buyer, &deal, "cancelled").await;
    assert_eq!(app.collections(&buyer.phone).await.len(), 1);
    app.assert_sound().await;
}

/// Twenty concurrent requests to pay under different keys lead to one prompt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn impatient_payers_are_asked_once() {
    let app = std::sync::Arc::new(App::start().await);
    let agreed = agreed(&app).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (app, buyer) = (app.clone(), agreed.buyer.clone());
        let path = format!("/v1/deals/{}/fund", agreed.deal);
        calls.spawn(async move { app.post(&buyer, &path, json!({ "method": "mpesa" })).await });
    }
    let mut started = Vec::new();
    while let Some(answer) = calls.join_next().await {
        let answer = answer.expect("a call");
        match answer.status.as_u16() {
            202 => started.push(answer.body["payment"]["id"].as_str().expect("an id").to_owned()),
            _ => assert_eq!(answer.problem(), "payment_in_progress"),
        }
    }
    assert_eq!(started.len(), 1);
    app.approve_prompt(&agreed.buyer.phone).await;
    assert_funded_once(&app, &agreed, &started[0]).await;
}

/// A successful deposit is in the wallet; a failed one is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deposits() {
    let app = App::start().await;
    let person = app.person("Wanjiru").await;
    for minor in [70_000, 30_000] {
        let payment = deposit(&app, &person, minor).await;
        app.approve_prompt(&person.phone).await;
        let paid = app.wait_for_payment(&person, &payment, "succeeded").await;
        assert!(paid["receipt"].is_string() && paid["deal_id"].is_null(), "{paid:#}");
    }
    assert_eq!(app.balance(&person).await, (100_000, 0));
    app.fault(&person.phone, "cancel", 1).await;
    let third = deposit(&app, &person, 5_000).await;
    app.wait_for_payment(&person, &third, "failed").await;
    assert_eq!(app.balance(&person).await, (100_000, 0));
    let run = app.reconcile_now().await;
    assert_eq!((run.matched, run.healed, run.open_breaks), (2, 0, 0));
    app.assert_sound().await;
}

/// A wallet payment funds the deal at once without a prompt. Without enough money nothing happens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paying_from_the_wallet() {
    let app = App::start().await;
    let agreed = agreed(&app).await;
    let Agreed { buyer, deal, .. } = &agreed;
    let path = format!("/v1/deals/{deal}/fund");
    let payment = deposit(&app, buyer, PRICE - 100).await;
    app.approve_prompt(&buyer.phone).await;
    app.wait_for_payment(buyer, &payment, "succeeded").await;
    let short = app.post(buyer, &path, json!({ "method": "wallet" })).await;
    assert_eq!((short.status.as_u16(), short.problem()), (422, "insufficient_funds"));
    app.wait_for_deal(buyer, deal, "agreed").await;
    assert_eq!(app.balance(buyer).await, (PRICE - 100, 0));
    let payment = deposit(&app, buyer, 300).await;
    app.approve_prompt(&buyer.phone).await;
    app.wait_for_payment(buyer, &payment, "succeeded").await;
    let funded = app.post(buyer, &path, json!({ "method": "wallet" })).await;
    assert!(funded.status.is_success(), "{:#}", funded.body);
    app.wait_for_deal(buyer, deal, "funded").await;
    assert_eq!(app.balance(buyer).await, (200, 0));
    assert_eq!(
        app.collections(&buyer.phone).await.len(),
        2,
        "expected prompts of the deposits only"
    );
    app.assert_sound().await;
}

/// Mobile money accepts whole shillings only, so the amount is rounded up and the change stays in
/// the wallet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn change_of_the_whole_shilling_stays_in_the_wallet() {
    let app = App::start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let plan = DealPlan { milestones: vec![100_033], fee_payer: "buyer" };
    let deal = app.agreed(&buyer, &seller, &plan).await;
    // 1.5 % of 1,000.33 is 15.00495, rounded to cents.
    let found = app.get(&buyer, &format!("/v1/deals/{deal}")).await.expect(200);
    let price = found["price"]["amount"].as_i64().expect("cents");
    assert!([101_533, 101_534].contains(&price), "{price}");
    app.start_mpesa(&buyer, &deal).await;
    app.approve_prompt(&buyer.phone).await;
    app.wait_for_deal(&buyer, &deal, "funded").await;
    assert_eq!(app.collections(&buyer.phone).await[0]["amount"], 101_600);
    assert_eq!(app.balance(&buyer).await, (101_600 - price, 0));
    let run = app.reconcile_now().await;
    assert_eq!((run.matched, run.open_breaks), (1, 0));
    app.assert_sound().await;
}

/// The payment counts for the buyer, whose phone need not pay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_phone_pays() {
    let app = App::start().await;
    let agreed = agreed(&app).await;
    let Agreed { buyer, deal, .. } = &agreed;
    let body = json!({ "method": "mpesa", "phone": "0733 111 222" });
    let funding = app.post(buyer, &format!("/v1/deals/{deal}/fund"), body).await.expect(202);
    assert_eq!(funding["payment"]["phone"], "2547****1222");
    app.approve_prompt("254733111222").await;
    app.wait_for_deal(buyer, deal, "funded").await;
    assert_eq!(app.collections(&buyer.phone).await.len(), 0);
    app.assert_sound().await;
}

/// The buyer gets an e-mail about each outcome.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_payer_hears_of_failure_and_success() {
    let app = App::start().await;
    let agreed = agreed(&app).await;
    let Agreed { buyer, deal, .. } = &agreed;
    app.fault(&buyer.phone, "cancel", 1).await;
    let first = app.start_mpesa(buyer, deal).await;
    app.wait_for_payment(buyer, &first, "failed").await;
    app.start_mpesa(buyer, deal).await;
    app.approve_prompt(&buyer.phone).await;
    app.wait_for_deal(buyer, deal, "funded").await;
    app.messages_are_sent().await;
    let mails = eventually("the e-mails are delivered", || async {
        let mails = app.mails(buyer).await;
        (mails.len() >= 3).then_some(mails)
    })
    .await;
    let with = |words: &str| mails.iter().filter(|mail| mail.text.contains(words)).count();
    assert!(with("KES 1,500.00") >= 3, "{mails:#?}");
    assert_eq!(with("did not go through"), 1, "{mails:#?}");
    app.assert_sound().await;
}
