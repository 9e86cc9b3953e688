//! Calls by keys count for the owner (money, deals, idempotency, budgets), and the records name the
//! key.

use super::refused;
use crate::second_factor::{step_up, with_factor};
use amana_api::{EdgeConfig, RateLimits};
use amana_domain::id::ApiKeyId;
use amana_harness::{App, DealPlan, Person};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// KES 50,000, in cents.
const CEILING: i64 = 5_000_000;

fn kes(minor: i64) -> Value {
    json!({ "amount": minor, "currency": "KES" })
}

fn to(person: &Person, minor: i64) -> Value {
    json!({ "to": { "user_id": person.id }, "amount": kes(minor) })
}

/// Returns actor and key of every record about a subject.
async fn recorded(app: &App, subject: &str) -> Vec<(String, Value)> {
    let records = app.store.audit_of(subject).await.expect("records");
    assert!(!records.is_empty(), "{subject} has no records");
    records
        .into_iter()
        .map(|one| (one.actor(), json!(one.api_key_id.map(|id| ApiKeyId::new(id).to_string()))))
        .collect()
}

/// Covers each way in which a use case runs: keyed or not, in its own task, or in a batch with
/// others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_record_names_the_key() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.given(&amina, 1_000_000, app.clock.now()).await;
    let key =
        app.key(&amina, &["deals:write", "transfers:write", "holds:write", "payments:write"]).await;
    let machine = key.machine(&amina);
    let mut hold = to(&juma, 500);
    hold["expires_in_hours"] = json!(1);
    let deal = json!({
        "title": "Two goats", "role": "buyer", "currency": "KES",
        "counterparty": { "phone": juma.phone },
        "milestones": [{ "title": "Goats", "amount": kes(10_000) }],
    });
    let by_key = (amina.id.clone(), json!(key.id));
    let by_person = (amina.id.clone(), Value::Null);
    for (path, body, status) in [
        ("/v1/transfers", to(&juma, 500), 201),
        ("/v1/holds", hold, 201),
        ("/v1/withdrawals", json!({ "amount": kes(1_000) }), 202),
        ("/v1/wallet/deposits", json!({ "amount": kes(1_000) }), 202),
        ("/v1/deals", deal, 201),
    ] {
        for (caller, expected) in [(&machine, &by_key), (&amina, &by_person)] {
            let made = app.post(caller, path, body.clone()).await.expect(status);
            let id = made["id"].as_str().expect("an id");
            assert_eq!(&recorded(&app, id).await, std::slice::from_ref(expected), "{path}");
            // Frees the phone for the next prompt.
            app.database.execute("delete from prompts").await;
        }
    }
    let deal = app.draft(&amina, &juma, &DealPlan::default()).await;
    let path = format!("/v1/deals/{}", deal["id"].as_str().expect("an id"));
    app.post(&juma, &format!("{path}/propose"), Value::Null).await.expect(200);
    app.post(&machine, &format!("{path}/agree"), json!({ "revision": 1 })).await.expect(200);
    app.post(&machine, &format!("{path}/fund"), json!({ "method": "wallet" })).await.expect(200);
    let records = recorded(&app, deal["id"].as_str().expect("an id")).await;
    let of_juma = (juma.id.clone(), Value::Null);
    assert_eq!(records, [of_juma.clone(), of_juma, by_key.clone(), by_key.clone(), by_key]);
    app.assert_sound().await;
}

/// Concurrent calls by users and keys share batches, but each record names its own caller.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_records_name_their_own_caller() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.given(&amina, 1_000_000, app.clock.now()).await;
    let key = app.key(&amina, &["transfers:write"]).await;
    let machine = key.machine(&amina);
    let calls = (0..40).map(|n| {
        let (caller, by) =
            if n % 2 == 0 { (&machine, json!(key.id)) } else { (&amina, Value::Null) };
        let (app, juma) = (&app, &juma);
        async move { (app.post(caller, "/v1/transfers", to(juma, 100)).await.expect(201), by) }
    });
    for (made, by) in futures_util::future::join_all(calls).await {
        let records = recorded(&app, made["id"].as_str().expect("an id")).await;
        assert_eq!(records, [(amina.id.clone(), by)]);
    }
    app.assert_sound().await;
}

/// Idempotency keys belong to the account, whether a session or an API key repeats the call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idempotency_keys_are_the_accounts() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.given(&amina, 10_000, app.clock.now()).await;
    let machine = app.machine(&amina, &["transfers:write", "operations:read"]).await;
    let body = to(&juma, 500);
    let made = app.post_keyed(&machine, "/v1/transfers", "k-1", body.clone()).await.expect(201);
    let again = app.post_keyed(&amina, "/v1/transfers", "k-1", body).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.expect(201), made);
    assert_eq!(app.get(&machine, "/v1/operations/k-1").await.expect(200)["body"], made);
    assert_eq!(app.balance(&amina).await, (9_500, 0));
}

/// Every key with read access learns that a call was carried out. Only keys that could have made
/// the call see its response.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_is_hidden_from_keys_without_the_scope_of_the_call() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.given(&amina, 10_000, app.clock.now()).await;
    let made = app.post_keyed(&amina, "/v1/transfers", "k-1", to(&juma, 500)).await.expect(201);
    let narrow = app.machine(&amina, &["operations:read", "wallet:read"]).await;
    let told = app.get(&narrow, "/v1/operations/k-1").await.expect(200);
    let found = (&told["operation"], &told["status"], &told["body"]);
    assert_eq!(found, (&json!("create_transfer"), &json!(201), &Value::Null));
    let wide = app.machine(&amina, &["operations:read", "transfers:write"]).await;
    assert_eq!(app.get(&wide, "/v1/operations/k-1").await.expect(200)["body"], made);
}

/// A dry run returns balances and names, so it needs the scopes to read them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_needs_the_scopes_of_its_response() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.given(&amina, 1_000_000, app.clock.now()).await;
    let deal = app.agreed(&amina, &juma, &amana_harness::DealPlan::default()).await;
    let amount = json!({ "amount": { "amount": 10_000, "currency": "KES" } });
    let mut hold = to(&juma, 500);
    hold["expires_in_hours"] = json!(1);
    let own = ["transfers:write", "payments:write", "holds:write", "deals:write"];
    let reads = ["wallet:read", "people:read"];
    let all = app.machine(&amina, &[own.as_slice(), &reads].concat()).await;
    let none = app.machine(&amina, &own).await;
    let no_names = app.machine(&amina, &[own.as_slice(), &["wallet:read"]].concat()).await;
    for (path, body, tells_names) in [
        ("/v1/transfers".to_owned(), to(&juma, 500), true),
        ("/v1/holds".to_owned(), hold, true),
        ("/v1/withdrawals".to_owned(), amount.clone(), false),
        ("/v1/wallet/deposits".to_owned(), amount, false),
        (format!("/v1/deals/{deal}/fund"), json!({ "method": "wallet" }), false),
    ] {
        let path = format!("{path}?dry_run=true");
        app.post(&all, &path, body.clone()).await.expect(200);
        refused(&app.post(&none, &path, body.clone()).await, 403, "insufficient_scope");
        let answer = app.post(&no_names, &path, body).await;
        if tells_names {
            refused(&answer, 403, "insufficient_scope");
        } else {
            answer.expect(200);
        }
    }
}

/// Responses to session-only operations stay invisible to keys.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_learns_nothing_of_calls_that_are_for_people() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let machine = app.machine(&amina, &["operations:read"]).await;
    let body = json!({ "tier": "business" });
    app.post_keyed(&amina, "/v1/kyc/applications", "k-1", body).await.expect(201);
    app.get(&amina, "/v1/operations/k-1").await.expect(200);
    refused(&app.get(&machine, "/v1/operations/k-1").await, 404, "not_found");
}

/// A key cannot complete a step-up, so operations that require one are refused; all others work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_cannot_step_up() {
    let app = App::builder().without_worker().start().await;
    let juma = app.person("Juma").await;
    let plain = app.machine(&juma, &["transfers:write", "payments:write", "holds:write"]).await;
    let (amina, _, codes) = with_factor(&app, "Amina").await;
    for person in [&amina, &juma] {
        app.given(person, 10 * CEILING, app.clock.now()).await;
    }
    step_up(&app, &amina, Some(&codes[0])).await.expect(200);
    let scopes = ["transfers:write", "payments:write", "holds:write"];
    let made = app.ask_for_key(&amina, &scopes).await.expect(201);
    let guarded = amana_harness::Key::shown(&made).machine(&amina);
    let hold = |person: &Person, minor: i64| {
        let mut body = to(person, minor);
        body["expires_in_hours"] = json!(1);
        body
    };
    // The step-up counts for the session only, not for the key.
    for (path, body) in [
        ("/v1/transfers", to(&juma, CEILING + 1)),
        ("/v1/holds", hold(&juma, CEILING + 1)),
        ("/v1/withdrawals", json!({ "amount": kes(CEILING + 100) })),
        ("/v1/withdrawals", json!({ "amount": kes(1_000), "phone": "254733000001" })),
    ] {
        let answer = app.post(&guarded, path, body).await;
        refused(&answer, 403, "step_up_required");
        assert!(
            answer.body["detail"].as_str().expect("words").contains("not available to API keys"),
            "{path}"
        );
    }
    app.post(&guarded, "/v1/transfers", to(&juma, CEILING)).await.expect(201);
    app.post(&guarded, "/v1/withdrawals", json!({ "amount": kes(1_000) })).await.expect(202);
    // Users without a second factor need a step-up only for a withdrawal to another number.
    app.post(&plain, "/v1/transfers", to(&amina, CEILING + 1)).await.expect(201);
    app.post(&plain, "/v1/withdrawals", json!({ "amount": kes(CEILING + 100) })).await.expect(202);
    let elsewhere = json!({ "amount": kes(1_000), "phone": "254733000001" });
    refused(&app.post(&plain, "/v1/withdrawals", elsewhere).await, 403, "step_up_required");
    app.assert_sound().await;
}

/// Otherwise a caller without budget could create a key and continue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_counts_for_its_account() {
    let edge = EdgeConfig { rate_limits: RateLimits::per_account(20), ..EdgeConfig::default() };
    let app = App::builder().without_worker().edge(edge).start().await;
    let amina = app.person("Amina").await;
    let one = app.machine(&amina, &["wallet:read"]).await;
    let other = app.machine(&amina, &["wallet:read"]).await;
    let left = |answer: &amana_harness::Answer| {
        let told = answer.headers["ratelimit"].to_str().expect("text").to_owned();
        let rest = told.strip_prefix("\"account\";r=").expect("an account's budget");
        rest.split_once(';').expect("a time").0.parse::<u32>().expect("a number")
    };
    // Budgets count whole minutes.
    let into_ms = app.clock.now().timestamp_millis().rem_euclid(60_000);
    app.clock.advance(TimeDelta::milliseconds(60_000 - into_ms));
    let before = left(&app.get(&amina, "/v1/wallet").await);
    for (n, caller) in (1..).zip([&one, &other, &amina, &one]) {
        assert_eq!(left(&app.get(caller, "/v1/wallet").await), before - n);
    }
    for _ in 0..20 {
        app.get(&one, "/v1/wallet").await;
    }
    for caller in [&one, &other, &amina] {
        refused(&app.get(caller, "/v1/wallet").await, 429, "rate_limited");
    }
    // An invalid key counts as a stranger's call.
    let stranger = Person { token: "amana_test_nothing".to_owned(), ..amina.clone() };
    let answer = app.get(&stranger, "/v1/wallet").await;
    assert!(answer.headers["ratelimit"].to_str().expect("text").starts_with("\"anonymous\""));
    refused(&answer, 401, "unauthorized");
}
