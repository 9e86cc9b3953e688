//! Networks from which staff may decide.

use amana_harness::App;
use reqwest::Method;
use serde_json::json;

/// Decisions about money and rights need a listed network; reading does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_other_networks_nothing_is_decided() {
    let app = App::builder().without_worker().staff_networks(&["10.0.0.0/8"]).start().await;
    let (admin, amina) = (app.operator().await, app.person("Amina").await);
    app.get(&admin, &format!("/v1/operator/users/{}", amina.id)).await.expect(200);
    let before = app.database.fingerprint().await;
    let wanted = json!({ "kind": "set_tier", "tier": "business" });
    let answer = app.request_approval(&admin, &amina, wanted).await;
    assert_eq!((answer.problem(), answer.status.as_u16()), ("forbidden", 403));
    assert_eq!(
        answer.body["detail"],
        "this is allowed only from the networks in the service's settings"
    );
    assert_eq!(app.database.fingerprint().await, before);
}

/// A proxy in a listed network forwards calls from anywhere, so an untrusted proxy must not count
/// as one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_a_proxy_that_is_not_trusted_nothing_is_decided() {
    let app = App::builder().without_worker().staff_networks(&["127.0.0.0/8"]).start().await;
    let (admin, amina) = (app.operator().await, app.person("Amina").await);
    let path = format!("/v1/operator/users/{}/close", amina.id);
    let body = json!({ "note": "Asked for it" });
    let bearer = format!("Bearer {}", admin.token);
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("X-Forwarded-For", "203.0.113.9"),
    ];
    let sent = body.to_string().into_bytes();
    let answer = app.send_bytes(Method::POST, &path, &headers, sent).await;
    assert_eq!((answer.problem(), answer.status.as_u16()), ("forbidden", 403));
    app.post(&admin, &path, body).await.expect(200);
}
