//! API keys from creation to expiry: scopes, lifetime and attribution.

mod access;
mod acting;
mod bounds;
mod life;
mod organisations;

use amana_harness::{Answer, App, Key, Person};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{:#}", answer.body);
}

/// Returns the reason for which a call with this secret is refused.
async fn turned_away(app: &App, secret: &str) -> String {
    let answer = app.send(Method::GET, "/v1/wallet", Some(secret), None, None).await;
    refused(&answer, 401, "unauthorized");
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
    answer.body["detail"].as_str().expect("a reason").to_owned()
}

async fn rotate(app: &App, person: &Person, key: &Key, body: Value) -> Key {
    let path = format!("/v1/api-keys/{}/rotate", key.id);
    let rotated = Key::shown(&app.post(person, &path, body).await.expect(200));
    assert_eq!(rotated.id, key.id);
    assert_ne!(rotated.secret, key.secret);
    rotated
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_shown_once_and_calls_in_its_owners_name() {
    let app = App::start().await;
    let amina = app.person("Amina").await;
    refused(&app.ask_for_key(&amina, &["wallet:read"]).await, 403, "step_up_required");
    app.step_up(&amina).await;
    let answer = app.ask_for_key(&amina, &["deals:read", "wallet:read", "deals:read"]).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let made = answer.expect(201);
    let key = Key::shown(&made);
    let hex = key.id.trim_start_matches("key_");
    let prefix = format!("amana_test_{hex}");
    assert!(key.secret.starts_with(&format!("{prefix}_")), "{}", key.secret);
    let mut listed = made["api_key"].clone();
    for (name, value) in [
        ("name", json!("Shop")),
        ("state", json!("active")),
        ("mode", json!("test")),
        ("prefix", json!(prefix)),
        ("last_four", json!(key.secret[key.secret.len() - 4..])),
        ("scopes", json!(["wallet:read", "deals:read"])),
        ("previous_until", Value::Null),
        ("last_used_at", Value::Null),
        ("revoked_at", Value::Null),
    ] {
        assert_eq!(listed[name], value, "{name}");
    }
    let path = format!("/v1/api-keys/{}", key.id);
    assert_eq!(app.get(&amina, &path).await.expect(200), listed);
    assert_eq!(app.get(&amina, "/v1/api-keys").await.expect(200)["items"], json!([listed]));
    let machine = key.machine(&amina);
    app.given(&amina, 5_000, app.clock.now()).await;
    assert_eq!(app.balance(&machine).await, (5_000, 0));

    app.messages_are_sent().await;
    let mails = app.mails(&amina).await;
    let told =
        mails.iter().find(|one| one.subject.as_deref().is_some_and(|s| s.contains("API key")));
    assert!(told.expect("a mail").text.contains("\"Shop\""));
    // The database has the records and the end of the secret, but not the secret itself.
    let rows = crate::second_factor::everything(&app).await;
    for there in ["api_key.created", "api_key_created", key.secret[key.secret.len() - 4..].as_ref()]
    {
        assert!(rows.contains(there), "{there}");
    }
    let secret = key.secret.rsplit_once('_').expect("a secret").1;
    assert!(!rows.contains(secret) && !rows.contains(&secret[..43]));
    listed = app.get(&amina, &path).await.expect(200);
    assert!(!listed.to_string().contains(secret));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_have_nothing_to_do_with_a_key() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let key = app.key(&amina, &["wallet:read"]).await;
    app.step_up(&juma).await;
    let before = app.database.fingerprint().await;
    let path = format!("/v1/api-keys/{}", key.id);
    refused(&app.get(&juma, &path).await, 404, "not_found");
    refused(&app.post(&juma, &format!("{path}/rotate"), json!({})).await, 404, "not_found");
    refused(&app.delete(&juma, &path).await, 404, "not_found");
    let none = json!({ "items": [], "next_cursor": null });
    assert_eq!(app.get(&juma, "/v1/api-keys").await.expect(200), none);
    assert_eq!(app.database.fingerprint().await, before);
    app.get(&key.machine(&amina), "/v1/wallet").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_listed_newest_first_in_pages() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let mut keys = vec![];
    for _ in 0..3 {
        keys.insert(0, app.key(&amina, &["wallet:read"]).await.id);
    }
    // Revoked keys are listed too.
    assert_eq!(app.delete(&amina, &format!("/v1/api-keys/{}", keys[1])).await.status, 204);
    let first = app.get(&amina, "/v1/api-keys?limit=2").await.expect(200);
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let second = app.get(&amina, &format!("/v1/api-keys?limit=2&after={cursor}")).await.expect(200);
    assert_eq!(second["next_cursor"], Value::Null);
    let items = [&first, &second].into_iter().flat_map(|page| page["items"].as_array().unwrap());
    let found: Vec<_> = items.map(|one| (one["id"].clone(), one["state"].clone())).collect();
    let expected: Vec<_> = keys.iter().zip(["active", "revoked", "active"]).collect();
    assert_eq!(json!(found), json!(expected));
}

/// The last use is stored with minute precision, after the response is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_use_is_noted_once_a_minute() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let key = app.key(&amina, &["wallet:read"]).await;
    let machine = key.machine(&amina);
    let noted = async |after: &str| {
        let what = format!("a use after {after}");
        amana_harness::eventually(&what, || async {
            let found = app.get(&amina, &format!("/v1/api-keys/{}", key.id)).await.expect(200);
            let at = found["last_used_at"].as_str().unwrap_or_default().to_owned();
            (at.as_str() > after).then_some(at)
        })
        .await
    };
    app.get(&machine, "/v1/wallet").await.expect(200);
    let first = noted("").await;
    for _ in 0..5 {
        app.get(&machine, "/v1/wallet").await.expect(200);
    }
    // A call with a wrong secret is no use of the key.
    turned_away(&app, &another_secret(&key.secret)).await;
    app.clock.advance(TimeDelta::seconds(30));
    app.get(&machine, "/v1/wallet").await.expect(200);
    let path = format!("/v1/api-keys/{}", key.id);
    assert_eq!(app.get(&amina, &path).await.expect(200)["last_used_at"], json!(first));
    app.clock.advance(TimeDelta::seconds(31));
    // Cached key data is at most a second old, so the next use becomes due within a second.
    amana_harness::eventually("the later use is stored", || async {
        app.get(&machine, "/v1/wallet").await.expect(200);
        let found = app.get(&amina, &path).await.expect(200);
        (found["last_used_at"].as_str() > Some(first.as_str())).then_some(())
    })
    .await;
}

fn with_checksum(body: &str) -> String {
    format!("{body}{:08x}", crc32fast::hash(body.as_bytes()))
}

/// Returns another secret of the same key with a valid checksum.
fn another_secret(secret: &str) -> String {
    let (head, last) = secret[..secret.len() - 8].split_at(secret.len() - 9);
    with_checksum(&format!("{head}{}", if last == "a" { "b" } else { "a" }))
}
