//! Limits on the number, lifetime and reach of keys, in code and in SQL.

use super::refused;
use amana_harness::{App, Key};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

/// The limit holds for concurrent calls too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_has_twenty_keys_at_most() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.step_up(&amina).await;
    let mut calls = JoinSet::new();
    for _ in 0..25 {
        let request = app.http.post(format!("{}/v1/api-keys", app.api_url));
        let body = json!({ "name": "Shop", "scopes": ["wallet:read"], "expires_in_days": 365 });
        let request = request.bearer_auth(&amina.token).json(&body);
        calls.spawn(async move {
            let answer = request.send().await.expect("an answer");
            (answer.status().as_u16(), answer.json().await.expect("JSON"))
        });
    }
    let answers: Vec<(u16, serde_json::Value)> = calls.join_all().await;
    let (made, over): (Vec<_>, Vec<_>) = answers.into_iter().partition(|one| one.0 == 201);
    assert_eq!((made.len(), over.len()), (20, 5));
    assert!(over.iter().all(|one| one.0 == 409 && one.1["code"] == "too_many_api_keys"));
    // Other users are not affected, and a revoked key makes room.
    app.key(&juma, &["wallet:read"]).await;
    refused(&app.ask_for_key(&amina, &["wallet:read"]).await, 409, "too_many_api_keys");
    let one = Key::shown(&made[0].1);
    assert_eq!(app.delete(&amina, &format!("/v1/api-keys/{}", one.id)).await.status, 204);
    app.key(&amina, &["wallet:read"]).await;
    refused(&app.ask_for_key(&amina, &["wallet:read"]).await, 409, "too_many_api_keys");
    app.clock.advance(TimeDelta::days(90));
    let mut amina = amina;
    app.advance(TimeDelta::zero(), &mut [&mut amina]).await;
    app.key(&amina, &["wallet:read"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_has_scopes_a_name_and_an_end() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let key = app.key(&amina, &["wallet:read"]).await;
    app.step_up(&amina).await;
    for (place, value) in [
        ("scopes", json!([])),
        ("scopes", json!(vec!["wallet:read"; 11])),
        ("scopes", json!(["wallet:write"])),
        ("scopes", json!(["*"])),
        ("name", json!("")),
        ("name", json!("a".repeat(61))),
        ("expires_in_days", json!(0)),
        ("expires_in_days", json!(366)),
    ] {
        let mut body = json!({ "name": "Shop", "scopes": ["wallet:read"], "expires_in_days": 1 });
        body[place] = value;
        let answer = app.send(Method::POST, "/v1/api-keys", Some(&amina.token), None, Some(&body));
        let answer = answer.await;
        refused(&answer, 422, "invalid_request");
        let named = answer.body["errors"][0]["pointer"].as_str().expect("a place");
        assert!(named.starts_with(&format!("/{place}")), "{named}");
    }
    for overlap in [json!(-1), json!(604_801), json!("60")] {
        let path = format!("/v1/api-keys/{}/rotate", key.id);
        let answer = app.post(&amina, &path, json!({ "overlap_s": overlap })).await;
        refused(&answer, 422, "invalid_request");
    }
}

/// The table's constraints refuse direct writes too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_says_so_too() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    app.key(&amina, &["wallet:read"]).await;
    for (change, constraint) in [
        ("name = ''", "api_keys_name_length"),
        ("mode = 'prod'", "api_keys_mode_known"),
        ("scopes = '{}'", "api_keys_scopes_some"),
        ("scopes = '{wallet:write}'", "api_keys_scopes_known"),
        ("digest = '\\x00'", "api_keys_digest_length"),
        ("last_four = 'abc'", "api_keys_last_four_length"),
        ("expires_at = issued_at", "api_keys_life_bounded"),
        ("expires_at = issued_at + interval '366 days'", "api_keys_life_bounded"),
        ("previous_until = issued_at", "api_keys_previous_whole"),
        ("previous_digest = digest", "api_keys_previous_whole"),
        (
            "previous_digest = digest, previous_until = issued_at + interval '8 days'",
            "api_keys_overlap_bounded",
        ),
        ("previous_digest = '\\x00', previous_until = issued_at", "api_keys_digest_length"),
        ("user_id = gen_random_uuid()", "api_keys_user_fkey"),
    ] {
        let refusal = app.database.refusal(&format!("update api_keys set {change}")).await;
        assert_eq!(refusal, constraint, "{change}");
    }
}
