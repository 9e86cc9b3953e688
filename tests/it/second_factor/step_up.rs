//! Step-up for risky operations.

use super::app::{challenge, complete, next_step, step_up, with_factor};
use amana_harness::{App, Person};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// KES 50,000, in cents.
const CEILING: i64 = 5_000_000;

fn to(person: &Person, minor: i64) -> Value {
    let amount = json!({ "amount": minor, "currency": "KES" });
    json!({ "to": { "user_id": person.id }, "amount": amount })
}

fn hold_for(person: &Person, minor: i64) -> Value {
    let mut body = to(person, minor);
    body["expires_in_hours"] = json!(1);
    body
}

fn out(minor: i64) -> Value {
    json!({ "amount": { "amount": minor, "currency": "KES" } })
}

async fn refused(app: &App, person: &Person, path: &str, body: Value) {
    let before = app.database.number("select count(*) from idempotency_keys").await;
    let answer = app.post(person, path, body.clone()).await;
    let found = (answer.problem(), answer.status.as_u16());
    assert_eq!(found, ("step_up_required", 403), "{path} {body}");
    let after = app.database.number("select count(*) from idempotency_keys").await;
    assert_eq!(after, before, "{path} has left a key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_amounts_need_it_of_those_who_have_a_factor() {
    let app = App::builder().without_worker().start().await;
    let (amina, phone, codes) = with_factor(&app, "Amina").await;
    let juma = app.person("Juma").await;
    for person in [&amina, &juma] {
        app.given(person, 10 * CEILING, app.clock.now()).await;
    }
    let large = [
        ("/v1/transfers", to(&juma, CEILING + 1), 201),
        ("/v1/holds", hold_for(&juma, CEILING + 1), 201),
        ("/v1/withdrawals", out(CEILING + 100), 202),
    ];
    for (path, body, _) in &large {
        refused(&app, &amina, path, body.clone()).await;
        // A dry run needs no step-up.
        app.post(&amina, &format!("{path}?dry_run=true"), body.clone()).await.expect(200);
    }
    // Up to the ceiling no step-up is needed.
    app.post(&amina, "/v1/transfers", to(&juma, CEILING)).await.expect(201);
    app.post(&amina, "/v1/withdrawals", out(CEILING)).await.expect(202);
    // Users without a factor need no step-up for this.
    app.post(&juma, "/v1/transfers", to(&amina, CEILING + 1)).await.expect(201);
    app.post(&juma, "/v1/withdrawals", out(CEILING + 100)).await.expect(202);

    prove_elsewhere(&app, &amina, [&codes[0], &codes[1]]).await;
    refused(&app, &amina, "/v1/transfers", to(&juma, CEILING + 1)).await;
    next_step(&app);
    step_up(&app, &amina, Some(&phone.code(&app, 0))).await.expect(200);
    for (path, body, status) in &large {
        app.post(&amina, path, body.clone()).await.expect(*status);
    }
    app.clock.advance(TimeDelta::minutes(4));
    app.post(&amina, "/v1/transfers", to(&juma, CEILING + 1)).await.expect(201);
    app.clock.advance(TimeDelta::minutes(1));
    refused(&app, &amina, "/v1/transfers", to(&juma, CEILING + 1)).await;
    app.assert_sound().await;
}

/// Completes a step-up in another session of the same user, which must not count for this one.
async fn prove_elsewhere(app: &App, person: &Person, [one, other]: [&str; 2]) {
    let open = challenge(app, person).await;
    let tokens = complete(app, &open, one).await.expect(200);
    let token = tokens["access_token"].as_str().expect("a token").to_owned();
    let elsewhere = Person { token, ..person.clone() };
    step_up(app, &elsewhere, Some(other)).await.expect(200);
}

/// The number needs a step-up from every user, because the thief of an unlocked phone does not know
/// the password.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_number_needs_it() {
    let app = App::builder().without_worker().start().await;
    let juma = app.person("Juma").await;
    app.given(&juma, CEILING, app.clock.now()).await;
    let mut elsewhere = out(1_000);
    elsewhere["phone"] = json!("254733000001");
    let mut own = out(1_000);
    own["phone"] = json!(juma.phone);
    app.post(&juma, "/v1/withdrawals", own).await.expect(202);
    refused(&app, &juma, "/v1/withdrawals", elsewhere.clone()).await;
    app.post(&juma, "/v1/withdrawals?dry_run=true", elsewhere.clone()).await.expect(200);
    let wrong = json!({ "password": "not-my-password" });
    let wrong = app.post(&juma, "/v1/sessions/step-up", wrong).await;
    assert_eq!((wrong.problem(), wrong.status.as_u16()), ("incorrect_password", 403));
    refused(&app, &juma, "/v1/withdrawals", elsewhere.clone()).await;
    step_up(&app, &juma, None).await.expect(200);
    app.post(&juma, "/v1/withdrawals", elsewhere.clone()).await.expect(202);
    app.clock.advance(TimeDelta::minutes(5));
    refused(&app, &juma, "/v1/withdrawals", elsewhere).await;
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_a_factor_shows_it() {
    let app = App::builder().without_worker().start().await;
    let (amina, phone, codes) = with_factor(&app, "Amina").await;
    let without = step_up(&app, &amina, None).await;
    assert_eq!((without.problem(), without.status.as_u16()), ("invalid_request", 422));
    assert_eq!(without.body["errors"][0]["pointer"], "/code");
    let wrong = step_up(&app, &amina, Some(&phone.code(&app, 7))).await;
    assert_eq!((wrong.problem(), wrong.status.as_u16()), ("invalid_code", 422));
    let marked = "select count(*) from sessions where stepped_up_at is not null";
    assert_eq!(app.database.number(marked).await, 0);
    let done = step_up(&app, &amina, Some(&codes[0])).await.expect(200);
    assert!(done["valid_until"].is_string());
    assert_eq!(app.database.number(marked).await, 1);
    // A user without a factor has no valid code.
    let juma = app.person("Juma").await;
    assert_eq!(step_up(&app, &juma, Some("123456")).await.problem(), "not_found");
    app.assert_sound().await;
}
