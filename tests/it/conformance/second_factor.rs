//! Second factors in the conformance story.

use super::{Observer, register};
use crate::second_factor::Authenticator;
use amana_harness::{PASSWORD, Person};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Sets up a second factor, logs in with it, completes a step-up, and removes it.
pub(super) async fn guard(observer: &Observer) {
    let mut person = register(observer, "Zawadi", "254711000007").await;
    let path = "/v1/me/second-factor";
    let password = json!({ "password": PASSWORD });
    let shown = observer.post(&person, path, password.clone(), 201).await;
    let phone = Authenticator::of(&shown);
    let code = json!({ "code": phone.code(&observer.app, 0) });
    let codes = observer.post(&person, &format!("{path}/confirm"), code, 200).await;
    observer.get(&person, path).await;
    let body = json!({ "login": person.email, "password": PASSWORD });
    let half = observer.call(None, Method::POST, "/v1/sessions", body).await.expect(200);
    let challenge = half["second_factor"]["challenge"].clone();
    let body = json!({ "challenge": challenge, "code": codes["codes"][0], "trust_device": true });
    let whole = observer.call(None, Method::POST, "/v1/sessions/second-factor", body).await;
    person.token = whole.expect(200)["access_token"].as_str().expect("a token").to_owned();
    let devices = observer.get(&person, "/v1/me/trusted-devices").await;
    let device = devices["items"][0]["id"].as_str().expect("a device");
    let device = format!("/v1/me/trusted-devices/{device}");
    let ended = observer.call(Some(&person), Method::DELETE, &device, Value::Null).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    let body = json!({ "password": PASSWORD, "code": codes["codes"][1] });
    observer.post(&person, "/v1/sessions/step-up", body, 200).await;
    observer.post(&person, &format!("{path}/backup-codes"), Value::Null, 200).await;
    let removed = observer.call(Some(&person), Method::DELETE, path, Value::Null).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    by_message(observer, &person).await;
}

/// Chooses codes by message, and has one of each kind sent.
async fn by_message(observer: &Observer, person: &Person) {
    let app = &observer.app;
    app.messages_are_sent().await;
    let body = json!({ "channel": "email", "password": PASSWORD });
    let path = "/v1/me/second-factor/message";
    observer.call(Some(person), Method::PUT, path, body).await.expect(200);
    let body = json!({ "login": person.email, "password": PASSWORD });
    let half = observer.call(None, Method::POST, "/v1/sessions", body).await.expect(200);
    let body = json!({ "challenge": half["second_factor"]["challenge"] });
    let path = "/v1/sessions/second-factor/code";
    observer.call(None, Method::POST, path, body).await.expect(202);
    observer.post(person, "/v1/sessions/step-up/code", Value::Null, 202).await;
}
