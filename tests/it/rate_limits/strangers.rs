//! Anonymous calls are classified by operation, not by token; and some operations have budgets of
//! their own.

use super::{
    HERE, PASSWORD, THERE, WRONG, get_from, is, left, log_in_from, refused, start, strangers_have,
};
use amana_api::RateLimits;
use amana_harness::{Answer, App};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

async fn post_from(
    app: &App,
    address: &str,
    path: &str,
    token: Option<&str>,
    body: Value,
) -> Answer {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("X-Forwarded-For", address), ("Content-Type", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
    app.send_bytes(Method::POST, path, &headers, body.to_string().into_bytes()).await
}

/// An operation without authentication counts by address, even if the call has a token.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_does_not_make_a_stranger_a_person_where_none_is_asked_for() {
    let app = start(strangers_have(5)).await;
    let amina = app.person("Amina").await;
    let doors = [
        ("/v1/password-resets", json!({ "login": "nobody@example.com" })),
        ("/v1/password-resets/confirm", json!({})),
        ("/v1/sessions/second-factor", json!({})),
        ("/v1/sessions/second-factor/code", json!({})),
        ("/v1/invitations/details", json!({ "token": "join_me" })),
    ];
    for (n, (path, body)) in (1..).zip(doors) {
        let answer = post_from(&app, HERE, path, Some(&amina.token), body).await;
        assert_eq!(left(&answer, "anonymous"), 5 - n, "{path}");
    }
    let body = json!({ "login": "nobody@example.com" });
    refused(&post_from(&app, HERE, "/v1/password-resets", Some(&amina.token), body).await);
}

/// Wrong codes of many accounts: each code has its own few tries, and the address has fifty in
/// total.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_tells_fifty_wrong_codes() {
    let app = start(RateLimits::default()).await;
    let tell = async |address: &str, n: u32| {
        let body = json!({
            "login": format!("nobody-{n}@example.com"), "code": "123456", "password": "bustani-ya-mama-7",
        });
        post_from(&app, address, "/v1/password-resets/confirm", None, body).await
    };
    for n in 0..50 {
        is(&tell(HERE, n).await, 422, "invalid_code");
    }
    refused(&tell(HERE, 50).await);
    is(&tell(THERE, 50).await, 422, "invalid_code");
}

/// Many logged-in users share an address, so a refresh counts for its session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refreshing_does_not_use_up_the_address() {
    let app = start(strangers_have(3)).await;
    let amina = app.person("Amina").await;
    app.clock.advance(TimeDelta::minutes(15));
    let opened = log_in_from(&app, HERE, &amina.email, PASSWORD).await.expect(200);
    let refresh = async |token: &Value| {
        let body = json!({ "refresh_token": token });
        post_from(&app, HERE, "/v1/sessions/refresh", None, body).await
    };
    for _ in 0..2 {
        get_from(&app, HERE, "/v1/nothing").await;
    }
    refused(&get_from(&app, HERE, "/v1/nothing").await);
    let mut token = opened["refresh_token"].clone();
    for _ in 0..30 {
        token = refresh(&token).await.expect(200)["refresh_token"].clone();
    }
    refused(&refresh(&token).await);
    // An unknown token counts as a stranger's call.
    refused(&refresh(&json!("nonsense")).await);
}

/// Guesses by strangers do not lock a trusted device out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_device_is_not_locked_out() {
    let app = start(RateLimits::default()).await;
    let (amina, phone, _) = crate::second_factor::with_factor(&app, "Amina").await;
    let half = app.open_session(&amina.email).await;
    let body = json!({
        "challenge": half["second_factor"]["challenge"], "code": phone.code(&app, 0), "trust_device": true,
    });
    let whole = post_from(&app, HERE, "/v1/sessions/second-factor", None, body).await.expect(200);
    let device = whole["device_token"].clone();
    assert!(device.is_string(), "{whole:#}");
    for n in 0..20 {
        let address = format!("203.0.113.{n}");
        is(&log_in_from(&app, &address, &amina.email, WRONG).await, 401, "invalid_credentials");
    }
    refused(&log_in_from(&app, HERE, &amina.email, PASSWORD).await);
    let trusted = async |password: &str| {
        let body = json!({ "login": amina.email, "password": password, "device_token": device });
        post_from(&app, HERE, "/v1/sessions", None, body).await
    };
    trusted(PASSWORD).await.expect(200);
    // The trusted device has five guesses too.
    for _ in 0..5 {
        is(&trusted(WRONG).await, 401, "invalid_credentials");
    }
    refused(&trusted(PASSWORD).await);
}

/// The document is large, so it is cached by its readers, and each call counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_is_counted_and_not_sent_again_to_whoever_has_it() {
    let app = start(RateLimits::default()).await;
    for path in ["/openapi.json", "/docs"] {
        let url = format!("{}{path}", app.api_url);
        let plain = app.http.get(&url).send().await.expect("an answer");
        assert_eq!(plain.headers()["cache-control"], "public, max-age=300");
        let tag = plain.headers()["etag"].clone();
        let plain = plain.bytes().await.expect("a body");
        let packed = app.http.get(&url).header("Accept-Encoding", "gzip").send().await;
        let packed = packed.expect("an answer");
        assert_eq!(packed.headers()["content-encoding"], "gzip", "{path}");
        assert_eq!(packed.headers()["etag"], tag);
        assert!(packed.headers().contains_key("ratelimit"));
        let packed = packed.bytes().await.expect("a body");
        assert!(packed.len() * 3 < plain.len(), "{path}: {} of {}", packed.len(), plain.len());
        let known = app.http.get(&url).header("If-None-Match", &tag).send().await;
        let known = known.expect("an answer");
        assert_eq!(known.status(), 304, "{path}");
        assert!(known.bytes().await.expect("no body").is_empty());
        let other = app.http.get(&url).header("If-None-Match", "\"another\"").send().await;
        assert_eq!(other.expect("an answer").status(), 200);
    }
    let from = [("X-Forwarded-For", THERE)];
    let mut last = 200;
    for _ in 0..61 {
        let answer = app.send_bytes(Method::GET, "/openapi.json", &from, vec![]).await;
        last = answer.status.as_u16();
    }
    assert_eq!(last, 429);
    // Log-ins from this address have their own budget.
    is(&get_from(&app, THERE, "/v1/nothing").await, 404, "not_found");
}
