//! API keys in the conformance story.

use super::{Observer, register};
use amana_harness::{Key, PASSWORD};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Creates a key, calls with it, rotates it and revokes it.
pub(super) async fn entrust(observer: &Observer) {
    let person = register(observer, "Subira", "254711000020").await;
    observer.post(&person, "/v1/sessions/step-up", json!({ "password": PASSWORD }), 200).await;
    let path = "/v1/api-keys";
    let body = json!({ "name": "Shop", "scopes": ["wallet:read"], "expires_in_days": 90 });
    let key = Key::shown(&observer.post(&person, path, body, 201).await);
    let machine = key.machine(&person);
    observer.get(&machine, "/v1/wallet").await;
    let beyond = observer.call(Some(&machine), Method::GET, "/v1/deals", Value::Null).await;
    assert_eq!(beyond.problem(), "insufficient_scope");
    let wrong = observer.call(Some(&machine), Method::GET, path, Value::Null).await;
    assert_eq!(wrong.problem(), "session_required");
    let path = format!("{path}/{}", key.id);
    observer.post(&person, &format!("{path}/rotate"), json!({ "overlap_s": 60 }), 200).await;
    observer.get(&person, "/v1/api-keys").await;
    observer.get(&person, &path).await;
    let revoked = observer.call(Some(&person), Method::DELETE, &path, Value::Null).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
}
