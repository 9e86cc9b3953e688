//! The wallet: present and past balances, and deposits.

use crate::transactions::{Dice, all, history};
use amana_harness::{App, Person};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_is_paid_in_from_the_phone() {
    let app = App::start().await;
    let amina = app.person("Amina").await;
    let body = json!({ "amount": { "amount": 120_000, "currency": "KES" } });
    let payment = app.post(&amina, "/v1/wallet/deposits", body).await.expect(202);
    assert_eq!((&payment["purpose"], &payment["deal_id"]), (&json!("deposit"), &Value::Null));
    assert_eq!(payment["amount"], json!({ "amount": 120_000, "currency": "KES" }));
    assert!(!payment.to_string().contains(&amina.phone), "expected masked phone numbers");
    let id = payment["id"].as_str().expect("an id");
    app.approve_prompt(&amina.phone).await;
    let paid = app.wait_for_payment(&amina, id, "succeeded").await;
    assert_eq!((&paid["status_text"], &paid["problem"]), (&json!("Paid."), &Value::Null));
    assert_eq!(paid["receipt"].as_str().map(str::len), Some(10));
    assert_eq!(app.balance(&amina).await, (120_000, 0));
    let listed = app.get(&amina, "/v1/payments?purpose=deposit").await.expect(200);
    assert_eq!((&listed["items"][0], &listed["next_cursor"]), (&paid, &Value::Null));
    app.assert_sound().await;
}

/// A deposit from another phone is credited to the caller.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_phone_may_be_asked() {
    let app = App::start().await;
    let amina = app.person("Amina").await;
    let body =
        json!({ "amount": { "amount": 50_000, "currency": "KES" }, "phone": "0722 000 123" });
    let payment = app.post(&amina, "/v1/wallet/deposits", body).await.expect(202);
    assert_eq!(payment["phone"], "2547****0123");
    app.approve_prompt("254722000123").await;
    let id = payment["id"].as_str().expect("an id");
    app.wait_for_payment(&amina, id, "succeeded").await;
    assert_eq!(app.balance(&amina).await, (50_000, 0));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declined_prompt_pays_nothing_in_and_says_so() {
    let app = App::start().await;
    let amina = app.person("Amina").await;
    app.fault(&amina.phone, "cancel", 1).await;
    let body = json!({ "amount": { "amount": 50_000, "currency": "KES" } });
    let payment = app.post(&amina, "/v1/wallet/deposits", body).await.expect(202);
    let id = payment["id"].as_str().expect("an id");
    let failed = app.wait_for_payment(&amina, id, "failed").await;
    assert_eq!(failed["reason"], "cancelled_by_payer");
    assert!(failed["status_text"].to_string().contains("Nothing was taken"), "{failed:#}");
    assert!(all(&app, &amina, "", 10).await.is_empty());
    app.assert_sound().await;
}

/// A withdrawal holds the money at once. Available and held amounts always add up to the total.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_on_its_way_out_is_held() {
    let mut app = App::start().await;
    let amina = app.person("Amina").await;
    app.top_up(&amina, 100_000).await;
    app.stop_worker().await;
    let body = json!({ "amount": { "amount": 30_000, "currency": "KES" } });
    let payment = app.post(&amina, "/v1/withdrawals", body).await.expect(202);
    assert_eq!(payment["state"], "screening");
    assert_eq!(app.balance(&amina).await, (70_000, 30_000));
    let wallet = app.get(&amina, "/v1/wallet").await.expect(200);
    assert_eq!(wallet["balances"][0]["total"], json!({ "amount": 100_000, "currency": "KES" }));
    app.add_worker();
    let id = payment["id"].as_str().expect("an id");
    app.wait_for_payment(&amina, id, "succeeded").await;
    assert_eq!(app.balance(&amina).await, (70_000, 0));
    let listed = app.get(&amina, "/v1/withdrawals").await.expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    app.assert_sound().await;
}

/// The balance at the time of a movement is the one after it, and it stays until the next movement.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_balance_of_any_moment_is_known() {
    let app = App::builder().without_worker().start().await;
    for person in &history(&app, &mut Dice::new(17), 50).await {
        let whole = all(&app, person, "", 100).await;
        let mut later: Option<DateTime<Utc>> = None;
        for one in &whole {
            let at: DateTime<Utc> =
                one["at"].as_str().and_then(|at| at.parse().ok()).expect("a time");
            // The last of several movements at the same time counts.
            if later != Some(at) {
                let after = one["balance_after"]["amount"].as_i64();
                assert_eq!(Some(available_at(&app, person, at).await), after, "{one:#}");
                if let Some(later) = later {
                    let just_before = later - TimeDelta::microseconds(1);
                    assert_eq!(Some(available_at(&app, person, just_before).await), after);
                }
            }
            later = Some(at);
        }
        let first = later.expect("a movement") - TimeDelta::microseconds(1);
        assert_eq!(available_at(&app, person, first).await, 0);
    }
}

async fn available_at(app: &App, person: &Person, at: DateTime<Utc>) -> i64 {
    let at = at.to_rfc3339_opts(SecondsFormat::Micros, true);
    let wallet = app.get(person, &format!("/v1/wallet?at={at}")).await.expect(200);
    assert_eq!(wallet["balances"][0]["in_transit"], Value::Null);
    wallet["balances"][0]["available"]["amount"].as_i64().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_balance_of_the_future_is_not_known() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let at = (app.clock.now() + TimeDelta::minutes(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let answer = app.get(&amina, &format!("/v1/wallet?at={at}")).await;
    assert_eq!((answer.problem(), answer.status.as_u16()), ("invalid_parameter", 400));
    assert_eq!(answer.body["errors"][0]["pointer"], "at");
}

/// Held money includes money in transit; a withdrawal that waits for a decision is not in transit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_to_mobile_money_is_in_transit() {
    let app = App::builder().callback_delay(Duration::from_secs(3_600)).start().await;
    let amina = app.person("Amina").await;
    app.given(&amina, 100_000, app.clock.now()).await;
    let before = app.clock.now();
    let withdraw = async |minor: i64, state: &str| {
        let body = json!({ "amount": { "amount": minor, "currency": "KES" } });
        let payment = app.post(&amina, "/v1/withdrawals", body).await.expect(202);
        let id = payment["id"].as_str().expect("an id").to_owned();
        app.wait_for_payment(&amina, &id, state).await
    };
    withdraw(30_000, "pending").await;
    app.database.execute("update risk_rules set threshold = 1, points = 100").await;
    withdraw(20_000, "held").await;
    let wallet = app.get(&amina, "/v1/wallet").await.expect(200);
    let kes = |minor: i64| json!({ "amount": minor, "currency": "KES" });
    let expected = json!({
        "currency": "KES", "available": kes(50_000), "held": kes(50_000), "in_transit": kes(30_000),
        "total": kes(100_000),
    });
    assert_eq!(wallet["balances"], json!([expected]));
    assert_eq!(available_at(&app, &amina, before).await, 100_000);
}
