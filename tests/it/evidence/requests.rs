//! Requests for money: payments of others under their reference, and requests that have expired.

use crate::callbacks::callbacks_are;
use amana_api::EdgeConfig;
use amana_harness::{App, DealPlan, PASSWORD, eventually};
use chrono::TimeDelta;
use serde_json::{Value, json};

const NONE: [String; 0] = [];

/// A seller pays a shilling under the reference of the buyer's attempt. The shilling becomes a
/// payment of its own; the attempt is unaffected, so the buyer can still pay or cancel.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shilling_under_somebodys_reference_blocks_nothing() {
    let app = App::start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    app.register_paybill().await;
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    app.fault(&buyer.phone, "cancel", 1).await;
    let failed = app.start_mpesa(&buyer, &deal).await;
    app.wait_for_payment(&buyer, &failed, "failed").await;
    let path = format!("/v1/deals/{deal}");
    let seen = app.get(&seller, &path).await.expect(200);
    assert_eq!(seen["payment"], Value::Null, "expected no reference for other parties");
    let reference = app.payment_column(&failed, "reference").await.expect("a reference");
    assert!(!seen.to_string().contains(&reference), "{seen:#}");
    let own = app.get(&buyer, &path).await.expect(200);
    assert_eq!(own["payment"]["reference"], reference.as_str());

    app.pay_bill(&seller.phone, 100, &reference).await;
    callbacks_are(&app, "applied", 1 + 1).await;
    app.wait_for_payment(&buyer, &failed, "failed").await;
    app.wait_for_payer(&buyer, &deal, &buyer.id, 100).await;
    // The same applies while the next attempt is pending.
    let pending = app.start_mpesa(&buyer, &deal).await;
    app.wait_for_payment(&buyer, &pending, "pending").await;
    let reference = app.payment_column(&pending, "reference").await.expect("a reference");
    app.pay_bill(&seller.phone, 100, &reference).await;
    app.wait_for_payer(&buyer, &deal, &buyer.id, 200).await;
    app.wait_for_payment(&buyer, &pending, "pending").await;
    app.approve_prompt(&buyer.phone).await;
    app.wait_for_deal(&buyer, &deal, "funded").await;
    assert_eq!(app.balance(&buyer).await, (100, 0));
    assert_eq!(app.discrepancy_list().await, NONE);
    let run = app.reconcile_now().await;
    assert_eq!((run.matched, run.unclaimed, run.open_breaks), (3, 0, 0));
    app.assert_sound().await;
}

/// The provider is unavailable for longer than a payer would wait. The request fails, its payer is
/// notified and can pay again, and no prompt is sent later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_prompt_is_never_sent() {
    let app = App::start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    app.provider_up(false).await;
    let first = app.start_mpesa(&buyer, &deal).await;
    eventually("an attempt has failed", || async {
        let seen = app.get(&buyer, &format!("/v1/payments/{first}")).await.expect(200);
        (seen["problem"] == "provider_unavailable").then_some(())
    })
    .await;
    app.clock.advance(TimeDelta::minutes(4));
    app.wait_for_payment(&buyer, &first, "queued").await;
    app.clock.advance(TimeDelta::minutes(1));
    let failed = app.wait_for_payment(&buyer, &first, "failed").await;
    assert_eq!(failed["reason"], "not_reached");
    let text = failed["status_text"].as_str().expect("a text");
    assert!(text.contains("M-Pesa could not be reached. Nothing was taken"), "{text}");
    let told = "select count(*) from notifications where template = 'payment_failed'
        and params->>'reason' = 'not_reached'";
    assert!(app.database.number(told).await > 0, "expected a message to the payer");
    let second = app.start_mpesa(&buyer, &deal).await;
    app.provider_up(true).await;
    app.approve_prompt(&buyer.phone).await;
    app.wait_for_payment(&buyer, &second, "succeeded").await;
    app.wait_for_deal(&buyer, &deal, "funded").await;
    assert_eq!(
        app.collections(&buyer.phone).await.len(),
        1,
        "expected one prompt, for the second request"
    );
    app.assert_sound().await;
}

/// A pending status query of an erased user ends as done, not as a failed job.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polling_for_somebody_who_is_erased_is_simply_done() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    app.fault(&amina.phone, "cancel", 1).await;
    let amount = json!({ "amount": { "amount": 10_000, "currency": "KES" } });
    let asked = app.post(&amina, "/v1/wallet/deposits", amount).await.expect(202);
    let payment = asked["id"].as_str().expect("an id");
    app.run_due_jobs().await;
    eventually("the payment has failed", || async {
        app.run_due_jobs().await;
        (app.payment_column(payment, "state").await.as_deref() == Some("failed")).then_some(())
    })
    .await;
    let step_up = json!({ "password": PASSWORD });
    app.post(&amina, "/v1/sessions/step-up", step_up).await.expect(200);
    let erased = app.post(&amina, "/v1/me/erase", Value::Null).await;
    assert!(erased.status.is_success(), "{:#}", erased.body);
    app.clock.advance(TimeDelta::seconds(11));
    app.run_due_jobs().await;
    let polls = "select count(*) from jobs where kind = 'poll_collection' and state = 'done'";
    assert_eq!(app.database.number(polls).await, 1);
    app.assert_sound().await;
}

/// The client's IP address (not the proxy's) is stored with each request, sealed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clients_address_is_sealed_with_what_it_asked_for() {
    let trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    let edge = EdgeConfig { trusted_proxies, ..EdgeConfig::unlimited() };
    let app = App::builder().edge(edge).start().await;
    let amina = app.person("Amina").await;
    app.top_up(&amina, 50_000).await;
    for (path, key) in [("/v1/wallet/deposits", "in"), ("/v1/withdrawals", "out")] {
        let body = json!({ "amount": { "amount": 10_000, "currency": "KES" } });
        let asked = app
            .http
            .post(format!("{}{path}", app.api_url))
            .bearer_auth(&amina.token)
            .header("Idempotency-Key", key)
            .header("X-Forwarded-For", "203.0.113.77")
            .json(&body)
            .send()
            .await
            .expect("an answer");
        let asked: Value = asked.json().await.expect("JSON");
        let payment = asked["id"].as_str().expect("an id");
        let id = payment.parse().expect("an id");
        let known = app.store.exchanges(id, app.clock.now()).await.expect("exchanges");
        let from = known.asked_from.expect("an address").into_exposed();
        assert_eq!(from, "203.0.113.77", "{path}");
        let readable = "select count(*) from payments p where p::text like '%203.0.113.77%'";
        assert_eq!(app.database.number(readable).await, 0);
    }
}
