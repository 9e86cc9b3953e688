//! One-time codes in the conformance story.

use super::{Observer, newcomer};
use amana_harness::{Person, eventually};
use reqwest::Method;
use serde_json::json;

/// Verifies both contacts, changes and resets the password, and changes both contacts.
pub(super) async fn prove(observer: &Observer) {
    let app = &observer.app;
    let person = newcomer(observer, "Baraka", "254711000004").await;
    let code = async |to: &str, words: &str| {
        app.messages_are_sent().await;
        app.code(to, words).await
    };
    let me = "/v1/me";
    for (channel, to) in [("email", &person.email), ("phone", &person.phone)] {
        let path = format!("{me}/verifications");
        observer.post(&person, &path, json!({ "channel": channel }), 202).await;
        let body = json!({ "channel": channel, "code": code(to, "confirm").await });
        observer.post(&person, &format!("{path}/confirm"), body, 200).await;
    }
    let (old, new) = ("karibu-nyumbani-7", "mbuzi-wawili-na-kuku");
    let body = json!({ "old_password": old, "password": new });
    let path = format!("{me}/password");
    observer.call(Some(&person), Method::PUT, &path, body).await.expect(200);
    let (path, login) = ("/v1/password-resets", json!({ "login": person.phone }));
    observer.call(None, Method::POST, path, login).await.expect(202);
    eventually("a code is created", || async {
        let sent = "select count(*) from codes where purpose = 'reset_password'";
        (app.database.number(sent).await == 1).then_some(())
    })
    .await;
    let told = code(&person.phone, "new password").await;
    let body = json!({ "login": person.phone, "code": told, "password": old });
    observer.call(None, Method::POST, &format!("{path}/confirm"), body).await.expect(200);
    // A changed password ends all sessions.
    let person = Person { token: app.log_in(&person.email).await, ..person };
    for (kind, from, to) in
        [("email", &person.email, "baraka.k@example.com"), ("phone", &person.phone, "254711000005")]
    {
        let path = format!("{me}/{kind}-changes");
        observer.post(&person, &path, json!({ "new": to, "password": old }), 202).await;
        let leaves = if kind == "email" { "to replace this e-mail" } else { "changes your phone" };
        let (leave, take) = (code(from, leaves).await, code(to, "confirm").await);
        let body = json!({ "old_code": leave, "new_code": take });
        observer.post(&person, &format!("{path}/confirm"), body, 200).await;
    }
}
