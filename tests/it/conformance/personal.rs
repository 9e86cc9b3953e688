//! Export and erasure in the conformance story.

use super::{Observer, register};
use amana_harness::{PASSWORD, Person};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

pub(super) async fn leave(observer: &Observer, operator: &Person) {
    let person = register(observer, "Achieng", "254711000008").await;
    let password = json!({ "password": PASSWORD });
    observer.post(&person, "/v1/sessions/step-up", password, 200).await;
    observer.get(&person, "/v1/me/export").await;
    let erased = observer.call(Some(&person), Method::POST, "/v1/me/erase", Value::Null).await;
    assert_eq!(erased.status, StatusCode::NO_CONTENT);
    observer.get(operator, &format!("/v1/operator/users/{}", person.id)).await;
}
