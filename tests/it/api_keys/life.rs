//! Validity of keys: until expiry, rotation, revocation, or closure of the owner's account.

use super::{another_secret, refused, rotate, turned_away, with_checksum};
use amana_domain::api_key::KeyMode;
use amana_harness::{App, Key, PASSWORD, Person, api_config, eventually};
use amana_postgres::Job;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

const GOOD: &str = "the API key is invalid; check that it is complete";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_ends_with_its_day() {
    let app = App::builder().without_worker().start().await;
    let mut amina = app.person("Amina").await;
    let key = app.key(&amina, &["wallet:read"]).await;
    let machine = key.machine(&amina);
    app.advance(TimeDelta::days(90) - TimeDelta::minutes(1), &mut [&mut amina]).await;
    app.get(&machine, "/v1/wallet").await.expect(200);
    app.step_up(&amina).await;
    app.clock.advance(TimeDelta::minutes(1));
    assert_eq!(turned_away(&app, &key.secret).await, "this API key has expired; create a new key");
    // Callers without the secret cannot find out that the key has expired.
    assert_eq!(turned_away(&app, &another_secret(&key.secret)).await, GOOD);
    let path = format!("/v1/api-keys/{}", key.id);
    assert_eq!(app.get(&amina, &path).await.expect(200)["state"], "expired");
    let late = app.post(&amina, &format!("{path}/rotate"), json!({})).await;
    refused(&late, 409, "api_key_revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_rotation_both_secrets_are_good_for_the_overlap() {
    let app = App::builder().without_worker().start().await;
    let mut amina = app.person("Amina").await;
    let first = app.key(&amina, &["wallet:read"]).await;
    let path = format!("/v1/api-keys/{}/rotate", first.id);
    app.clock.advance(TimeDelta::minutes(6));
    refused(&app.post(&amina, &path, json!({})).await, 403, "step_up_required");
    app.step_up(&amina).await;
    let second = rotate(&app, &amina, &first, json!({})).await;
    for key in [&first, &second] {
        app.get(&key.machine(&amina), "/v1/wallet").await.expect(200);
    }
    let listed = app.get(&amina, &format!("/v1/api-keys/{}", first.id)).await.expect(200);
    assert!(second.secret.ends_with(listed["last_four"].as_str().expect("a text")));
    assert!(listed["previous_until"].is_string());
    app.advance(TimeDelta::hours(24) - TimeDelta::seconds(1), &mut [&mut amina]).await;
    app.get(&first.machine(&amina), "/v1/wallet").await.expect(200);
    app.clock.advance(TimeDelta::seconds(1));
    let replaced = "this secret was replaced by a rotation of the API key; use the newest secret";
    assert_eq!(turned_away(&app, &first.secret).await, replaced);
    app.get(&second.machine(&amina), "/v1/wallet").await.expect(200);
    let listed = app.get(&amina, &format!("/v1/api-keys/{}", first.id)).await.expect(200);
    assert_eq!(listed["previous_until"], Value::Null);

    // The oldest of three secrets is invalid; without an overlap only the newest is valid.
    app.step_up(&amina).await;
    let third = rotate(&app, &amina, &second, json!({ "overlap_s": 604_800 })).await;
    let fourth = rotate(&app, &amina, &third, json!({ "overlap_s": 60 })).await;
    assert_eq!(turned_away(&app, &second.secret).await, GOOD);
    app.get(&third.machine(&amina), "/v1/wallet").await.expect(200);
    let fifth = rotate(&app, &amina, &fourth, json!({ "overlap_s": 0 })).await;
    for old in [&third, &fourth] {
        assert_eq!(turned_away(&app, &old.secret).await, GOOD);
    }
    app.get(&fifth.machine(&amina), "/v1/wallet").await.expect(200);
    // The rotation started the key's lifetime again.
    app.clock.advance(TimeDelta::days(90) - TimeDelta::minutes(1));
    app.get(&fifth.machine(&amina), "/v1/wallet").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_is_refused_at_once_and_elsewhere_within_a_second() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let first = app.key(&amina, &["wallet:read"]).await;
    let key = rotate(&app, &amina, &first, json!({})).await;
    let elsewhere = another_api(&app, KeyMode::Test).await;
    let call = async |secret: &str| {
        let url = format!("{elsewhere}/v1/wallet");
        app.http.get(url).bearer_auth(secret).send().await.expect("an answer").status().as_u16()
    };
    for secret in [&first.secret, &key.secret] {
        assert_eq!(call(secret).await, 200);
    }
    let path = format!("/v1/api-keys/{}", key.id);
    for _ in 0..2 {
        assert_eq!(app.delete(&amina, &path).await.status, 204);
    }
    for secret in [&first.secret, &key.secret] {
        assert_eq!(turned_away(&app, secret).await, "this API key was revoked; use another key");
        eventually("the key is refused", || async { (call(secret).await == 401).then_some(()) })
            .await;
    }
    let found = app.get(&amina, &path).await.expect(200);
    assert_eq!(found["state"], "revoked");
    refused(&app.post(&amina, &format!("{path}/rotate"), json!({})).await, 409, "api_key_revoked");
    let records = app.store.audit_of(&key.id).await.expect("records");
    let actions: Vec<&str> = records.iter().map(|one| one.kind.as_str()).collect();
    assert_eq!(actions, ["api_key.created", "api_key.rotated", "api_key.revoked"]);
    assert!(records.iter().all(|one| one.actor() == amina.id));
}

/// Starts another API process on the same database.
async fn another_api(app: &App, mode: KeyMode) -> String {
    let config = amana_api::ApiConfig { mode, ..api_config(app.context.files.clone()) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let api = amana_api::app(app.store.clone(), app.clock.clone(), None, &config);
    tokio::spawn(amana_api::serve(listener, api, std::future::pending()));
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_the_other_mode_is_refused_in_so_many_words() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let test = app.key(&amina, &["wallet:read"]).await;
    let live_url = another_api(&app, KeyMode::Live).await;
    let call = async |secret: &str| {
        let request = app.http.get(format!("{live_url}/v1/wallet")).bearer_auth(secret);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON")["detail"].clone())
    };
    let words = json!("this is a test key; this service accepts live keys");
    assert_eq!(call(&test.secret).await, (401, words));
    let body = json!({ "name": "Shop", "scopes": ["wallet:read"], "expires_in_days": 1 });
    let request = app.http.post(format!("{live_url}/v1/api-keys")).bearer_auth(&amina.token);
    let made = request.json(&body).send().await.expect("an answer").json().await.expect("JSON");
    let live = Key::shown(&made);
    assert!(live.secret.starts_with("amana_live_"));
    assert_eq!(call(&live.secret).await.0, 200);
    let words = "this is a live key; this service accepts test keys";
    assert_eq!(turned_away(&app, &live.secret).await, words);
    // A changed prefix does not turn a key into another one.
    let renamed = live.secret.replace("_live_", "_test_");
    assert_eq!(turned_away(&app, &renamed).await, GOOD);
    assert_eq!(turned_away(&app, &with_checksum(&renamed[..renamed.len() - 8])).await, GOOD);
}

/// All invalid keys get the same answer, whatever is wrong with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_leads_nowhere() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let key = app.key(&amina, &["wallet:read"]).await;
    let unknown = key.secret.replace(&key.id[4..], "0190a0a0a0a07000a0a0a0a0a0a0a0a0");
    let unknown = with_checksum(&unknown[..unknown.len() - 8]);
    let long = format!("amana_test_{}", "a".repeat(4_000));
    for guess in [
        another_secret(&key.secret),
        unknown,
        key.secret[..key.secret.len() - 1].to_owned(),
        format!("{}0", key.secret),
        key.secret.to_uppercase().replacen("AMANA", "amana", 1),
        "amana_".to_owned(),
        "amana_test__".to_owned(),
        long,
    ] {
        assert_eq!(turned_away(&app, &guess).await, GOOD, "{guess}");
    }
    app.get(&key.machine(&amina), "/v1/wallet").await.expect(200);
}

/// A failed look-up must not report the key as invalid, or the client would replace a valid key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_cannot_be_looked_for_is_not_called_wrong() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let key = app.key(&amina, &["wallet:read"]).await;
    app.database.set_reachable(false).await;
    let call = || app.send(Method::GET, "/v1/wallet", Some(&key.secret), None, None);
    let answer = call().await;
    refused(&answer, 503, "unavailable");
    assert!(answer.headers.contains_key("retry-after"));
    app.database.set_reachable(true).await;
    eventually("the key is accepted again", || async {
        (call().await.status == 200).then_some(())
    })
    .await;
}

/// Keys belong to the account and not to a session, so a changed password does not revoke them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_outlives_sessions_and_passwords() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let machine = app.machine(&amina, &["wallet:read"]).await;
    let body = json!({ "old_password": PASSWORD, "password": "mbuzi-wawili-na-kuku" });
    app.put(&amina, "/v1/me/password", body).await.expect(200);
    eventually("the session's token is refused", || async {
        (app.get(&amina, "/v1/wallet").await.status == 401).then_some(())
    })
    .await;
    app.get(&machine, "/v1/wallet").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_the_account_ends_its_keys_for_good() {
    let app = App::builder().without_worker().start().await;
    let (operator, amina) = (app.operator().await, app.person("Amina").await);
    let key = app.key(&amina, &["wallet:read"]).await;
    app.get(&key.machine(&amina), "/v1/wallet").await.expect(200);
    let manage = async |step: &str| {
        let path = format!("/v1/operator/users/{}/{step}", amina.id);
        app.post(&operator, &path, json!({ "note": "Asked for it" })).await.expect(200);
    };
    let is_over = async || {
        let answer = app.send(Method::GET, "/v1/wallet", Some(&key.secret), None, None).await;
        (answer.status == 401).then_some(())
    };
    manage("close").await;
    eventually("the key is refused", is_over).await;
    manage("reopen").await;
    assert_eq!(turned_away(&app, &key.secret).await, "this API key was revoked; use another key");
    let newest = app.store.audit_of(&key.id).await.expect("records").pop().expect("a record");
    assert_eq!((newest.actor(), newest.kind), (operator.id.clone(), "api_key.revoked".to_owned()));
    assert_eq!(newest.data["reason"], "account_closed");
    let amina = Person { token: app.log_in(&amina.email).await, ..amina.clone() };
    app.key(&amina, &["wallet:read"]).await;
}

/// Expired and revoked keys are deleted after ninety days; valid keys and the audit records stay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_are_over_are_forgotten() {
    let app = App::builder().without_worker().start().await;
    let mut amina = app.person("Amina").await;
    let (good, expired) =
        (app.key(&amina, &["wallet:read"]).await, app.key(&amina, &["wallet:read"]).await);
    let revoked = app.key(&amina, &["wallet:read"]).await;
    assert_eq!(app.delete(&amina, &format!("/v1/api-keys/{}", revoked.id)).await.status, 204);
    let left = async |days: i64, amina: &mut Person| {
        app.advance(TimeDelta::days(days), &mut [amina]).await;
        let now = app.clock.now();
        app.store.enqueue_job(&Job::Housekeep { tick: days }, now, now).await.expect("a job");
        app.run_due_jobs().await;
        let listed = app.get(amina, "/v1/api-keys").await.expect(200);
        let items = listed["items"].as_array().expect("keys").iter();
        items.map(|one| one["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    // Newest first.
    let all = [&revoked.id, &expired.id, &good.id].map(Clone::clone);
    assert_eq!(left(89, &mut amina).await, all);
    app.step_up(&amina).await;
    rotate(&app, &amina, &good, json!({})).await;
    assert_eq!(left(2, &mut amina).await, all[1..]);
    // Both keys were valid for 90 days, and one of them was rotated on the last day but one.
    assert_eq!(left(88, &mut amina).await, all[1..]);
    assert_eq!(left(3, &mut amina).await, all[2..]);
    assert_eq!(app.store.audit_of(&expired.id).await.expect("records").len(), 1);
}

/// Creating a key and closing the account concurrently never leaves a key of a closed account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_made_while_the_account_is_closed_is_none() {
    let app = App::builder().without_worker().start().await;
    let operator = app.operator().await;
    for n in 0..12 {
        let person = app.person(&format!("Amina{n}")).await;
        app.step_up(&person).await;
        let path = format!("/v1/operator/users/{}/close", person.id);
        let (asked, closed) = tokio::join!(
            app.ask_for_key(&person, &["wallet:read"]),
            app.post(&operator, &path, json!({ "note": "Asked for it" })),
        );
        let good = format!(
            "select count(*) from api_keys k join users u on u.id = k.user_id
                where u.id = '{}' and u.closed_at is not null and k.revoked_at is null",
            &person.id[4..]
        );
        assert_eq!(app.database.number(&good).await, 0);
        let found = (asked.status.as_u16(), closed.status.as_u16());
        assert!(matches!(found, (201, 200 | 409) | (403, 200)), "{found:?}");
    }
}
