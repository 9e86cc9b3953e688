//! Trusted devices, which need no second factor.

use super::app::{Authenticator, challenge, next_step, step_up, with_factor};
use amana_harness::{App, PASSWORD, Person};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

const PATH: &str = "/v1/me/trusted-devices";

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value:#}")).to_owned()
}

/// Logs in with a code and trusts the device. Returns the response.
async fn trusted(app: &App, person: &Person, phone: &Authenticator) -> Value {
    next_step(app);
    let challenge = challenge(app, person).await;
    let code = phone.code(app, 0);
    let body = json!({ "challenge": challenge, "code": code, "trust_device": true });
    let path = "/v1/sessions/second-factor";
    app.send(Method::POST, path, None, None, Some(&body)).await.expect(200)
}

/// Logs in from a device with this token.
async fn log_in_with(app: &App, person: &Person, password: &str, token: &str) -> Value {
    let body = json!({ "login": person.email, "password": password, "device_token": token });
    app.send(Method::POST, "/v1/sessions", None, None, Some(&body)).await.expect(200)
}

/// Tells whether the device can log in without a code.
async fn is_trusted(app: &App, person: &Person, token: &str) -> bool {
    log_in_with(app, person, PASSWORD, token).await["access_token"].is_string()
}

async fn listed(app: &App, person: &Person, path: &str) -> Vec<Value> {
    let page = app.get(person, path).await.expect(200);
    page["items"].as_array().expect("items").clone()
}

fn with_tokens(person: &Person, tokens: &Value) -> Person {
    Person { token: text(tokens, "access_token"), ..person.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_device_skips_the_second_factor_at_a_log_in_and_nowhere_else() {
    let app = App::builder().without_worker().start().await;
    let (amina, phone, _) = with_factor(&app, "Amina").await;
    let (juma, ..) = with_factor(&app, "Juma").await;
    let first = trusted(&app, &amina, &phone).await;
    let token = text(&first, "device_token");
    let tokens = log_in_with(&app, &amina, PASSWORD, &token).await;
    assert_eq!(tokens["second_factor"], Value::Null);
    let amina = with_tokens(&amina, &tokens);

    // Trust replaces neither step-up nor password, and does not apply to other users.
    assert_eq!(step_up(&app, &amina, None).await.problem(), "invalid_request");
    assert_eq!(app.delete(&amina, "/v1/me/second-factor").await.problem(), "step_up_required");
    let body =
        json!({ "login": amina.email, "password": "not-my-password", "device_token": token });
    let wrong = app.send(Method::POST, "/v1/sessions", None, None, Some(&body)).await;
    assert_eq!(wrong.problem(), "invalid_credentials");
    assert!(!is_trusted(&app, &juma, &token).await);
    for other in ["", "a.b.c", &amina.token, &text(&tokens, "refresh_token")] {
        assert!(!is_trusted(&app, &amina, other).await, "{other}");
    }

    let devices = listed(&app, &amina, PATH).await;
    assert_eq!(devices.len(), 1);
    let sessions = listed(&app, &amina, "/v1/sessions").await;
    let marked = sessions.iter().filter(|one| one["is_trusted"] == true).count();
    assert_eq!((sessions.len(), marked), (3, 2), "{sessions:#?}");
    // The database has only the digest of the token.
    let rows = "select count(*) from trusted_devices where octet_length(digest) = 32";
    assert_eq!(app.database.number(rows).await, 1);
    let told = "select count(*) from notifications where template = 'device_trusted'";
    assert_eq!(app.database.number(told).await, 1);

    // A log-in without the trust option returns no device token.
    next_step(&app);
    let open = challenge(&app, &amina).await;
    let plain = super::app::complete(&app, &open, &phone.code(&app, 0)).await.expect(200);
    assert_eq!(plain["device_token"], Value::Null);
    app.clock.advance(TimeDelta::days(30) - TimeDelta::minutes(2));
    assert!(is_trusted(&app, &amina, &token).await);
    app.clock.advance(TimeDelta::minutes(2));
    assert!(!is_trusted(&app, &amina, &token).await);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_is_trusted_no_more_when_its_owner_says_so() {
    let app = App::builder().without_worker().start().await;
    let (amina, phone, _) = with_factor(&app, "Amina").await;
    let (juma, ..) = with_factor(&app, "Juma").await;
    let tokens = [trusted(&app, &amina, &phone).await, trusted(&app, &amina, &phone).await];
    let numbers = tokens.clone().map(|one| text(&one, "device_token"));
    let amina = with_tokens(&amina, &tokens[1]);
    let devices = listed(&app, &amina, PATH).await;
    let older = format!("{PATH}/{}", text(&devices[1], "id"));
    assert_eq!(app.delete(&juma, &older).await.problem(), "not_found");
    assert!(is_trusted(&app, &amina, &numbers[0]).await);
    for _ in 0..2 {
        assert_eq!(app.delete(&amina, &older).await.status, 204);
    }
    assert!(!is_trusted(&app, &amina, &numbers[0]).await);
    assert!(is_trusted(&app, &amina, &numbers[1]).await);
    // Ending a session from another device revokes the trust of the session's device too.
    let elsewhere = with_tokens(&amina, &log_in_with(&app, &amina, PASSWORD, &numbers[1]).await);
    let session = format!("/v1/sessions/{}", text(&tokens[1], "session_id"));
    assert_eq!(app.delete(&elsewhere, &session).await.status, 204);
    assert!(!is_trusted(&app, &amina, &numbers[1]).await);
    assert_eq!(listed(&app, &elsewhere, PATH).await, Vec::<Value>::new());
    app.assert_sound().await;
}

/// A changed password, a changed factor and signing out everywhere revoke all trusted devices.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_trust_outlives_the_password_the_factor_or_signing_out_everywhere() {
    let app = App::builder().without_worker().start().await;
    let open = "select count(*) from trusted_devices where ended_at is null";

    let (amina, phone, _) = with_factor(&app, "Amina").await;
    let tokens = trusted(&app, &amina, &phone).await;
    let amina = with_tokens(&amina, &tokens);
    assert_eq!(app.delete(&amina, "/v1/sessions").await.status, 204);
    assert!(!is_trusted(&app, &amina, &text(&tokens, "device_token")).await);
    assert_eq!(app.database.number(open).await, 0);

    let (juma, phone, codes) = with_factor(&app, "Juma").await;
    let tokens = trusted(&app, &juma, &phone).await;
    let juma = with_tokens(&juma, &tokens);
    step_up(&app, &juma, Some(&codes[0])).await.expect(200);
    assert_eq!(app.delete(&juma, "/v1/me/second-factor").await.status, 204);
    assert_eq!(app.database.number(open).await, 0);

    let (neema, phone, _) = with_factor(&app, "Neema").await;
    let tokens = trusted(&app, &neema, &phone).await;
    let new = "mbuzi-wawili-na-kuku";
    let body = json!({ "old_password": PASSWORD, "password": new });
    app.put(&with_tokens(&neema, &tokens), "/v1/me/password", body).await.expect(200);
    let answer = log_in_with(&app, &neema, new, &text(&tokens, "device_token")).await;
    assert!(answer["second_factor"].is_object(), "{answer:#}");
    assert_eq!(app.database.number(open).await, 0);
    app.assert_sound().await;
}

/// At most ten devices are trusted; an eleventh replaces the oldest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_devices_are_trusted_at_most() {
    let app = App::builder().without_worker().start().await;
    let (amina, phone, _) = with_factor(&app, "Amina").await;
    let mut tokens = vec![];
    for _ in 0..11 {
        tokens.push(trusted(&app, &amina, &phone).await);
    }
    let amina = with_tokens(&amina, &tokens[10]);
    assert_eq!(listed(&app, &amina, PATH).await.len(), 10);
    assert!(!is_trusted(&app, &amina, &text(&tokens[0], "device_token")).await);
    assert!(is_trusted(&app, &amina, &text(&tokens[1], "device_token")).await);
    app.assert_sound().await;
}

/// Rows are deleted 90 days after they end. An active session stays, however old it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_and_devices_that_are_long_over_are_removed() {
    let app = App::builder().without_worker().start().await;
    let (amina, phone, _) = with_factor(&app, "Amina").await;
    trusted(&app, &amina, &phone).await;
    let juma = app.person("Juma").await;
    let mut tokens = app.open_session(&juma.email).await;
    assert_eq!(
        app.delete(&juma, &format!("/v1/sessions/{}", own_session(&app, &juma).await)).await.status,
        204
    );
    let sessions = "select count(*) from sessions";
    let before = app.database.number(sessions).await;
    assert_eq!(before, 4);
    let mut housekeep = 0;
    for day in 1..=130 {
        app.clock.advance(TimeDelta::days(1));
        if day % 5 == 0 {
            let body = json!({ "refresh_token": tokens["refresh_token"] });
            let path = "/v1/sessions/refresh";
            tokens = app.send(Method::POST, path, None, None, Some(&body)).await.expect(200);
        }
        // One session ended at once, the others after a week without a refresh.
        let left = match day {
            ..=89 => 4,
            91..=96 => 3,
            _ => 1,
        };
        if [89, 91, 96, 98, 119, 121].contains(&day) {
            housekeep += 1;
            let job = amana_postgres::Job::Housekeep { tick: housekeep };
            let now = app.clock.now();
            app.store.enqueue_job(&job, now, now).await.expect("an outbox");
            app.run_due_jobs().await;
            assert_eq!(app.database.number(sessions).await, left, "day {day}");
            let devices = app.database.number("select count(*) from trusted_devices").await;
            assert_eq!(devices, i64::from(day <= 119), "day {day}");
        }
    }
    app.assert_sound().await;
}

async fn own_session(app: &App, person: &Person) -> String {
    let sessions = listed(app, person, "/v1/sessions").await;
    let own = sessions.iter().find(|one| one["is_current"] == true).expect("a session");
    text(own, "id")
}
