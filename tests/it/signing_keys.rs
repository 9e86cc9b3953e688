//! Signing keys of access tokens: published, rotated in time, and replaced at once after a theft.

use amana_api::ApiConfig;
use amana_harness::{App, JWT_SECRET, PASSWORD, api_config, eventually};
use amana_postgres::{Error, KeyPair};
use chrono::TimeDelta;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const PATH: &str = "/.well-known/jwks.json";

async fn published(app: &App) -> JwkSet {
    let answer = app.send(Method::GET, PATH, None, None, None).await;
    assert_eq!(answer.headers["cache-control"], "public, max-age=3600");
    serde_json::from_value(answer.expect(200)).expect("a set of keys")
}

async fn kids(app: &App) -> Vec<String> {
    let keys = published(app).await.keys.into_iter();
    keys.map(|key| key.common.key_id.expect("a name")).collect()
}

fn kid(token: &str) -> String {
    decode_header(token).expect("a header").kid.expect("a name")
}

async fn me(app: &App, token: &str) -> u16 {
    app.send(Method::GET, "/v1/me", Some(token), None, None).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anybody_can_check_a_token_with_the_published_key() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let keys = published(&app).await;
    let key = keys.find(&kid(&amina.token)).expect("the key of the token");
    let key = DecodingKey::from_jwk(key).expect("a public key");
    let mut rule = Validation::new(Algorithm::EdDSA);
    rule.set_issuer(&["amana"]);
    rule.validate_exp = false;
    let claims = decode::<Value>(&amina.token, &key, &rule).expect("a good token").claims;
    assert_eq!((&claims["sub"], &claims["role"]), (&json!(amina.id), &json!("user")));
    let text = app.send(Method::GET, PATH, None, None, None).await.expect(200).to_string();
    assert!(!text.contains("\"d\""), "a private half was published: {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_key_is_published_a_day_before_it_signs() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let first = kid(&amina.token);
    assert_eq!(kids(&app).await, [first.as_str()]);
    app.clock.advance(TimeDelta::days(29));
    let keys = eventually("a second key is published", || async {
        Some(kids(&app).await).filter(|keys| keys.len() == 2)
    })
    .await;
    assert_eq!(keys[0], first);
    assert_eq!(kid(&app.log_in(&amina.email).await), first);
    app.clock.advance(TimeDelta::hours(24) - TimeDelta::minutes(1));
    let last = app.log_in(&amina.email).await;
    assert_eq!(kid(&last), first);
    app.clock.advance(TimeDelta::minutes(2));
    let next = app.log_in(&amina.email).await;
    assert_eq!(kid(&next), keys[1]);
    assert_eq!((me(&app, &last).await, me(&app, &next).await), (200, 200));
    app.clock.advance(TimeDelta::hours(1));
    eventually("the first key is not published any more", || async {
        (kids(&app).await == keys[1..]).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_at_once_agree_on_one_key() {
    let app = App::builder().without_worker().start().await;
    app.database.execute("delete from signing_keys").await;
    let mut servers = JoinSet::new();
    for _ in 0..8 {
        let (store, now) = (app.store.clone(), app.clock.now());
        servers.spawn(async move {
            let make = || Ok::<_, Error>(new_pair());
            let keys = store.signing_keys(make, now).await.expect("keys");
            keys.into_iter().map(|key| key.kid).collect::<Vec<_>>()
        });
    }
    let seen: BTreeSet<Vec<String>> = servers.join_all().await.into_iter().collect();
    assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [1], "{seen:?}");
}

fn new_pair() -> KeyPair {
    let private = amana_api::new_private_key().expect("a key");
    amana_api::key_pair(&JWT_SECRET.into(), &private).expect("a pair")
}

/// Tokens of the stolen key become invalid within seconds; sessions continue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_key_is_replaced_at_once() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let tokens = app.open_session(&amina.email).await;
    let pair = new_pair();
    app.store.replace_signing_keys(&pair, app.clock.now()).await.expect("replaced");
    eventually("old tokens are refused", || async {
        (me(&app, &amina.token).await == 401).then_some(())
    })
    .await;
    assert_eq!(kids(&app).await, [pair.kid.as_str()]);
    let body = json!({ "refresh_token": tokens["refresh_token"] });
    let path = "/v1/sessions/refresh";
    let fresh = app.send(Method::POST, path, None, None, Some(&body)).await.expect(200);
    let token = fresh["access_token"].as_str().expect("a token");
    assert_eq!((kid(token), me(&app, token).await), (pair.kid, 200));
}

/// A server with another secret issues no tokens, and does not invalidate those of the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_another_secret_serves_nobody() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let config = ApiConfig {
        jwt_secret: "another-secret-of-at-least-32-characters".into(),
        ..api_config(app.context.files.clone())
    };
    let api = amana_api::app(app.store.clone(), app.clock.clone(), None, &config);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(amana_api::serve(listener, api, std::future::pending()));
    let body = json!({ "login": amina.email, "password": PASSWORD });
    let answer = app.http.post(format!("{url}/v1/sessions")).json(&body).send().await;
    assert_eq!(answer.expect("an answer").status(), 503);
    assert_eq!(me(&app, &amina.token).await, 200);
}
