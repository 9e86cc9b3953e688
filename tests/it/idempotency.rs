//! Idempotency keys: repeated and concurrent calls have one effect and one response.

use amana_harness::{Answer, App, DealPlan, Person};
use diesel_async::SimpleAsyncConnection;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

/// More concurrent calls than an impatient user causes, and more than the pool has connections.
const AT_ONCE: usize = 20;

fn kes(minor: i64) -> Value {
    json!({ "amount": { "amount": minor, "currency": "KES" } })
}

fn is_replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotent-replayed").is_some_and(|value| value == "true")
}

/// Makes the same call concurrently under one key. Asserts that all responses are equal and one of
/// them is original.
async fn at_once(app: &Arc<App>, person: &Person, path: &str, body: &Value) -> Vec<Answer> {
    let calls = (0..AT_ONCE).map(|_| {
        let (app, person, path, body) =
            (Arc::clone(app), person.clone(), path.to_owned(), body.clone());
        tokio::spawn(async move { app.post_keyed(&person, &path, "one-key", body).await })
    });
    let mut answers = vec![];
    for call in calls.collect::<Vec<_>>() {
        answers.push(call.await.expect("an answer"));
    }
    let first = &answers[0];
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (first.status, &first.body));
    }
    let replayed = answers.iter().filter(|answer| is_replayed(answer)).count();
    assert_eq!(replayed, AT_ONCE - 1, "{:#}", first.body);
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_call_again_gets_the_same_answer() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let first = app.post_keyed(&amina, "/v1/wallet/deposits", "k-1", kes(50_000)).await;
    assert_eq!((first.status.as_u16(), is_replayed(&first)), (202, false), "{:#}", first.body);
    // Order of members and white space do not make it another request.
    let same = br#"{ "amount" : {"currency":"KES", "amount":50000} }"#.to_vec();
    let token = format!("Bearer {}", amina.token);
    let headers = [
        ("Authorization", token.as_str()),
        ("Idempotency-Key", "k-1"),
        ("Content-Type", "application/json"),
    ];
    let again = app.send_bytes(Method::POST, "/v1/wallet/deposits", &headers, same).await;
    assert!(is_replayed(&again));
    assert_eq!((first.status, first.body), (again.status, again.body));
    assert_eq!(app.database.number("select count(*) from payments").await, 1);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_names_one_request_only() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let deal = app.agreed(&amina, &juma, &DealPlan::default()).await;
    app.post_keyed(&amina, "/v1/wallet/deposits", "k-1", kes(50_000)).await.expect(202);
    let before = app.database.fingerprint().await;
    for (path, body) in [
        ("/v1/wallet/deposits".to_owned(), kes(50_100)),
        ("/v1/withdrawals".to_owned(), kes(50_000)),
        (format!("/v1/deals/{deal}/fund"), json!({ "method": "mpesa" })),
        (format!("/v1/deals/{deal}/cancel"), Value::Null),
        (format!("/v1/deals/{deal}/mutual-cancel"), Value::Null),
    ] {
        let other = app.post_keyed(&amina, &path, "k-1", body).await;
        assert_eq!((other.status.as_u16(), other.problem()), (422, "idempotency_key_reused"));
    }
    assert_eq!(app.database.fingerprint().await, before);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_a_persons_own() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let hers = app.post_keyed(&amina, "/v1/wallet/deposits", "k-1", kes(50_000)).await;
    let his = app.post_keyed(&juma, "/v1/wallet/deposits", "k-1", kes(70_000)).await;
    assert!(!is_replayed(&his));
    assert_ne!(hers.expect(202)["id"], his.expect(202)["id"]);
    app.assert_sound().await;
}

/// Refusals are not stored, so the call can be repeated once its cause is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_call_may_be_repeated_with_its_key() {
    let app = App::start().await;
    let amina = app.person("Amina").await;
    let refused = app.post_keyed(&amina, "/v1/withdrawals", "k-1", kes(30_000)).await;
    assert_eq!(refused.problem(), "insufficient_funds");
    app.top_up(&amina, 30_000).await;
    let done = app.post_keyed(&amina, "/v1/withdrawals", "k-1", kes(30_000)).await;
    assert!(!is_replayed(&done));
    let id = done.expect(202)["id"].as_str().expect("an id").to_owned();
    app.wait_for_payment(&amina, &id, "succeeded").await;
    assert_eq!(app.balance(&amina).await, (0, 0));
    app.assert_sound().await;
}

/// A replay returns the original response, without later changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_returns_the_original_response() {
    let app = App::start().await;
    let amina = app.person("Amina").await;
    app.fault(&amina.phone, "approve", 1).await;
    let first = app.post_keyed(&amina, "/v1/wallet/deposits", "k-1", kes(30_000)).await;
    let id = first.body["id"].as_str().expect("an id").to_owned();
    app.wait_for_payment(&amina, &id, "succeeded").await;
    let again = app.post_keyed(&amina, "/v1/wallet/deposits", "k-1", kes(30_000)).await;
    assert_eq!(again.body["state"], "queued");
    assert_eq!(again.body, first.body);
    assert_eq!(app.balance(&amina).await, (30_000, 0));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_fundings_at_once_fund_once() {
    let app = Arc::new(App::start().await);
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.top_up(&amina, 450_000).await;
    let deal = app.agreed(&amina, &juma, &DealPlan::default()).await;
    let path = format!("/v1/deals/{deal}/fund");
    let answers = at_once(&app, &amina, &path, &json!({ "method": "wallet" })).await;
    assert_eq!((answers[0].status.as_u16(), &answers[0].body["state"]), (200, &json!("funded")));
    assert_eq!(app.balance(&amina).await, (300_000, 0));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_mpesa_fundings_at_once_ask_the_phone_once() {
    let app = Arc::new(App::start().await);
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let deal = app.agreed(&amina, &juma, &DealPlan::default()).await;
    let path = format!("/v1/deals/{deal}/fund");
    let answers = at_once(&app, &amina, &path, &json!({ "method": "mpesa" })).await;
    assert_eq!(answers[0].status, 202);
    assert_eq!(app.database.number("select count(*) from payments").await, 1);
    app.approve_prompt(&amina.phone).await;
    app.wait_for_deal(&amina, &deal, "funded").await;
    let paid = app.database.number("select count(*) from entries where kind = 'deposit'").await;
    assert_eq!(paid, 1);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_withdrawals_at_once_pay_out_once() {
    let app = Arc::new(App::start().await);
    let amina = app.person("Amina").await;
    app.top_up(&amina, 500_000).await;
    let answers = at_once(&app, &amina, "/v1/withdrawals", &kes(100_000)).await;
    let id = answers[0].body["id"].as_str().expect("an id").to_owned();
    app.wait_for_payment(&amina, &id, "succeeded").await;
    assert_eq!(app.balance(&amina).await, (400_000, 0));
    let paid = app.database.number("select count(*) from payments where purpose = 'withdrawal'");
    assert_eq!(paid.await, 1);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_releases_at_once_release_once() {
    let app = Arc::new(App::start().await);
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.top_up(&amina, 150_000).await;
    let deal = app.funded_from_wallet(&amina, &juma, &DealPlan::default()).await;
    let milestone = app.milestones(&amina, &deal).await.remove(0);
    let path = format!("/v1/deals/{deal}/milestones/{milestone}/release");
    let answers = at_once(&app, &amina, &path, &Value::Null).await;
    assert_eq!((answers[0].status.as_u16(), &answers[0].body["state"]), (200, &json!("released")));
    assert_eq!(app.balance(&juma).await, (147_750, 0));
    app.assert_sound().await;
}

/// The first call is still running (its transaction is held open) when the second arrives. The
/// second waits and is told to retry. Afterwards the key is free, because the first call failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_in_use_is_told_to_come_again() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let mut first = app.database.connection().await;
    let insert =
        "begin; insert into idempotency_keys (user_id, key, operation, request_hash, created_at)
        select id, 'k-1', 'create_deposit', '', now() from users";
    first.batch_execute(insert).await.expect("the key is taken");
    let second = app.post_keyed(&amina, "/v1/wallet/deposits", "k-1", kes(50_000)).await;
    assert_eq!((second.status.as_u16(), second.problem()), (409, "idempotency_key_in_progress"));
    assert!(second.headers.contains_key("retry-after"));
    first.batch_execute("rollback").await.expect("the key is free");
    let third = app.post_keyed(&amina, "/v1/wallet/deposits", "k-1", kes(50_000)).await;
    assert!(!is_replayed(&third));
    third.expect(202);
    app.assert_sound().await;
}
