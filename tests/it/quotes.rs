//! `dry_run=true`: the quote equals the effect of the same call, and quoting changes nothing.

use amana_harness::{App, DealPlan, Person};
use serde_json::{Value, json};
use uuid::Uuid;

/// Limits small enough to reach in a test.
const SMALL: &str = "update tier_limits set transaction_minor_max = 50000, day_minor_max = 100000, \
    balance_minor_max = 200000";

fn kes(minor: i64) -> Value {
    json!({ "amount": minor, "currency": "KES" })
}

fn moving(minor: i64) -> Value {
    json!({ "amount": kes(minor) })
}

fn dollars() -> Value {
    json!({ "amount": { "amount": 1_000, "currency": "USD" } })
}

/// Creates Amina with KES 1,200 on small limits, and Juma; the worker is stopped.
async fn pair() -> (App, Person, Person) {
    let mut app = App::start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.top_up(&amina, 120_000).await;
    app.messages_are_sent().await;
    app.stop_worker().await;
    app.database.execute(SMALL).await;
    (app, amina, juma)
}

/// Returns the quote of a call and the response to the call itself, with the same key. Asserts that
/// the quote changes nothing.
async fn quoted_and_done(
    app: &App,
    who: &Person,
    (path, body): (&str, Value),
    status: u16,
) -> (Value, Value) {
    let key = Uuid::new_v4().to_string();
    let before = app.database.fingerprint().await;
    let dry = format!("{path}?dry_run=true");
    let quote = app.post_keyed(who, &dry, &key, body.clone()).await.expect(200);
    assert_eq!(app.database.fingerprint().await, before);
    let done = app.post_keyed(who, path, &key, body).await;
    assert!(done.headers.get("idempotent-replayed").is_none());
    (quote, done.expect(status))
}

/// Asserts that the call and its quote are refused in the same words, without any change.
async fn refused(app: &App, who: &Person, (path, body): (&str, Value), expected: (u16, &str)) {
    let before = app.database.fingerprint().await;
    let quote = app.post(who, &format!("{path}?dry_run=true"), body.clone()).await;
    assert_eq!((quote.status.as_u16(), quote.problem()), expected, "{path} {body}");
    let done = app.post(who, path, body).await;
    for member in ["code", "status", "detail", "errors"] {
        assert_eq!(quote.body[member], done.body[member], "{path}");
    }
    assert_eq!(app.database.fingerprint().await, before);
}

/// Asserts that a closed account gets no quote either.
async fn refused_when_closed(app: &App, who: &Person, call: (&str, Value)) {
    let close = |at: &str| format!("update users set closed_at = {at} where id = '{}'", who.uuid());
    app.database.execute(&close("now()")).await;
    refused(app, who, call, (403, "account_closed")).await;
    app.database.execute(&close("null")).await;
}

async fn remaining_today(app: &App, who: &Person) -> Value {
    let limits = app.get(who, "/v1/limits").await.expect(200);
    limits["limits"][0]["remaining_today"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawal_is_quoted_as_it_is_made() {
    let (app, amina, _) = pair().await;
    let path = "/v1/withdrawals";
    refused_when_closed(&app, &amina, (path, moving(30_000))).await;
    for (body, code) in [
        (moving(900), "provider_limit"),
        (moving(1_050), "whole_units_required"),
        (dollars(), "unsupported_currency"),
        (moving(120_100), "insufficient_funds"),
        (moving(50_100), "transaction_limit"),
    ] {
        refused(&app, &amina, (path, body), (422, code)).await;
    }
    let (quote, _) = quoted_and_done(&app, &amina, (path, moving(30_000)), 202).await;
    assert_eq!(
        quote,
        json!({
            "amount": kes(30_000), "fee": kes(0), "total": kes(30_000),
            "available_before": kes(120_000), "available_after": kes(90_000),
            "transaction_limit": kes(50_000), "remaining_today": kes(70_000), "recipient": null,
            "payments": [],
        })
    );
    assert_eq!(app.balance(&amina).await, (90_000, 30_000));
    assert_eq!(remaining_today(&app, &amina).await, quote["remaining_today"]);
    app.post(&amina, path, moving(50_000)).await.expect(202);
    refused(&app, &amina, (path, moving(20_100)), (422, "daily_limit")).await;
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deposit_is_quoted_as_it_arrives() {
    let (mut app, amina, _) = pair().await;
    let path = "/v1/wallet/deposits";
    refused_when_closed(&app, &amina, (path, moving(30_000))).await;
    for (body, code) in [
        (moving(25_000_100), "provider_limit"),
        (moving(1_050), "whole_units_required"),
        (dollars(), "unsupported_currency"),
        (moving(80_100), "balance_limit"),
    ] {
        refused(&app, &amina, (path, body), (422, code)).await;
    }
    app.fault(&amina.phone, "approve", 1).await;
    let (quote, paid) = quoted_and_done(&app, &amina, (path, moving(80_000)), 202).await;
    assert_eq!(
        quote,
        json!({
            "amount": kes(80_000), "fee": kes(0), "total": kes(80_000),
            "available_before": kes(120_000), "available_after": kes(200_000),
            "transaction_limit": null, "remaining_today": null, "recipient": null,
            "payments": [kes(80_000)],
        })
    );
    app.add_worker();
    app.wait_for_payment(&amina, paid["id"].as_str().expect("an id"), "succeeded").await;
    assert_eq!(app.balance(&amina).await, (200_000, 0));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_is_quoted_as_it_is_made() {
    let (app, amina, juma) = pair().await;
    let (path, to_juma) = ("/v1/holds", json!({ "user_id": juma.id }));
    let hold = |to: &Value, minor| json!({ "to": to, "amount": kes(minor), "expires_in_hours": 1 });
    refused_when_closed(&app, &amina, (path, hold(&to_juma, 30_000))).await;
    for (body, code) in [
        (hold(&json!({ "user_id": amina.id }), 100), "same_party"),
        (hold(&json!({ "handle": "nobody" }), 100), "unknown_recipient"),
        (hold(&to_juma, 120_001), "insufficient_funds"),
        (hold(&to_juma, 50_001), "transaction_limit"),
    ] {
        refused(&app, &amina, (path, body), (422, code)).await;
    }
    let (quote, _) = quoted_and_done(&app, &amina, (path, hold(&to_juma, 30_000)), 201).await;
    assert_eq!(
        quote,
        json!({
            "amount": kes(30_000), "fee": kes(0), "total": kes(30_000),
            "available_before": kes(120_000), "available_after": kes(90_000),
            "transaction_limit": kes(50_000), "remaining_today": kes(70_000),
            "recipient": { "id": juma.id, "name": "Juma", "handle": null },
            "payments": [],
        })
    );
    assert_eq!(app.balance(&amina).await, (90_000, 30_000));
    assert_eq!(remaining_today(&app, &amina).await, quote["remaining_today"]);
    let close = format!("update users set closed_at = now() where id = '{}'", juma.uuid());
    app.database.execute(&close).await;
    refused(&app, &amina, (path, hold(&to_juma, 100)), (422, "recipient_closed")).await;
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paying_for_a_deal_from_the_wallet_is_quoted_as_it_is_done() {
    let (app, amina, juma) = pair().await;
    let neema = app.person("Neema").await;
    let plan = DealPlan { milestones: vec![60_000, 40_000], fee_payer: "buyer" };
    let deal = app.agreed(&amina, &juma, &plan).await;
    let path = format!("/v1/deals/{deal}/fund");
    let wallet = json!({ "method": "wallet" });
    refused_when_closed(&app, &amina, (&path, wallet.clone())).await;
    refused(&app, &juma, (&path, wallet.clone()), (403, "wrong_party")).await;
    refused(&app, &neema, (&path, wallet.clone()), (404, "not_found")).await;
    let (quote, funded) = quoted_and_done(&app, &amina, (&path, wallet.clone()), 200).await;
    assert_eq!(
        quote,
        json!({
            "amount": kes(100_000), "fee": kes(1_500), "total": kes(101_500),
            "available_before": kes(120_000), "available_after": kes(18_500),
            "transaction_limit": null, "remaining_today": null, "recipient": null,
            "payments": [],
        })
    );
    assert_eq!((&funded["state"], &funded["role"]), (&json!("funded"), &json!("buyer")));
    assert_eq!(app.balance(&amina).await, (18_500, 0));
    refused(&app, &amina, (&path, wallet.clone()), (409, "wrong_state")).await;
    let dear = app.agreed(&amina, &juma, &plan).await;
    let path = format!("/v1/deals/{dear}/fund");
    refused(&app, &amina, (&path, wallet), (422, "insufficient_funds")).await;
    app.assert_sound().await;
}

/// The price is not in whole shillings, so the rest of the phone's payment stays in the wallet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paying_for_a_deal_by_phone_is_quoted_with_the_change() {
    let (mut app, amina, juma) = pair().await;
    let mpesa = json!({ "method": "mpesa" });
    let plan = DealPlan { milestones: vec![25_000_000], fee_payer: "buyer" };
    let dear = app.agreed(&amina, &juma, &plan).await;
    let path = format!("/v1/deals/{dear}/fund");
    let planned =
        app.post(&amina, &format!("{path}?dry_run=true"), mpesa.clone()).await.expect(200);
    assert_eq!(planned["payments"], json!([kes(25_000_000), kes(375_000)]));
    let at_once = app.post(&amina, &path, mpesa.clone()).await;
    assert_eq!((at_once.status.as_u16(), at_once.problem()), (422, "provider_limit"));
    let plan = DealPlan { milestones: vec![50_030], fee_payer: "seller" };
    let deal = app.agreed(&amina, &juma, &plan).await;
    let path = format!("/v1/deals/{deal}/fund");
    app.fault(&amina.phone, "approve", 1).await;
    let (quote, _) = quoted_and_done(&app, &amina, (&path, mpesa.clone()), 202).await;
    assert_eq!(
        quote,
        json!({
            "amount": kes(50_030), "fee": kes(0), "total": kes(50_030),
            "available_before": kes(120_000), "available_after": kes(120_070),
            "transaction_limit": null, "remaining_today": null, "recipient": null,
            "payments": [kes(50_100)],
        })
    );
    for method in [mpesa, json!({ "method": "wallet" })] {
        refused(&app, &amina, (&path, method), (409, "payment_in_progress")).await;
    }
    app.add_worker();
    app.wait_for_deal(&amina, &deal, "funded").await;
    assert_eq!(app.balance(&amina).await, (120_070, 0));
    app.assert_sound().await;
}
