//! Organisations in the conformance story.

use super::{Observer, register};
use amana_harness::{PASSWORD, Person};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Creates an organisation, adds members, deals in its name, and removes a member.
pub(super) async fn gather(observer: &Observer, friend: &Person) {
    let app = &observer.app;
    let founder = register(observer, "Makena", "254711117080").await;
    let made = observer.post(&founder, "/v1/organisations", json!({ "name": "Soko" }), 201).await;
    let path = format!("/v1/organisations/{}", made["id"].as_str().expect("an id"));
    let name = json!({ "name": "Soko Kuu" });
    observer.call(Some(&founder), Method::PUT, &path, name).await.expect(200);
    let invitations = format!("{path}/invitations");
    let invite = async |email: &str, rank: &str| {
        let body = json!({ "email": email, "role": rank });
        let made = observer.post(&founder, &invitations, body, 201).await;
        app.messages_are_sent().await;
        let id = made["id"].as_str().expect("an id").to_owned();
        (format!("{invitations}/{id}"), app.invitation_tokens(email).await.remove(0))
    };
    let (unanswered, _) = invite("otieno@example.com", "member").await;
    let sent = "update invitations set created_at = created_at - interval '2 minutes', sent_at = sent_at - interval '2 minutes'";
    app.database.execute(sent).await;
    observer.post(&founder, &format!("{unanswered}/resend"), Value::Null, 200).await;
    observer.get(&founder, &invitations).await;
    let revoked = observer.call(Some(&founder), Method::DELETE, &unanswered, Value::Null).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    let (_, token) = invite("zuhura@example.com", "admin").await;
    let body = json!({ "token": token });
    observer.call(None, Method::POST, "/v1/invitations/details", body).await.expect(200);
    let body = json!({
        "token": token, "name": "Zuhura", "phone": "254711117081", "password": PASSWORD,
    });
    observer.call(None, Method::POST, "/v1/invitations/accept", body).await.expect(201);
    let (_, token) = invite(&friend.email, "member").await;
    observer.post(friend, "/v1/invitations/join", json!({ "token": token }), 200).await;
    deal_in_its_name(observer, (&founder, friend), &path).await;
    key_in_its_name(observer, &founder, &path).await;
    observer.get(friend, "/v1/organisations").await;
    observer.get(friend, &path).await;
    observer.get(friend, &format!("{path}/members")).await;
    let member = format!("{path}/members/{}", friend.id);
    let body = json!({ "role": "admin" });
    observer.call(Some(&founder), Method::PUT, &format!("{member}/role"), body).await.expect(200);
    let left = observer.call(Some(friend), Method::DELETE, &member, Value::Null).await;
    assert_eq!(left.status, StatusCode::NO_CONTENT);
}

async fn deal_in_its_name(observer: &Observer, (seller, reader): (&Person, &Person), path: &str) {
    let id = path.rsplit('/').next().expect("an id");
    let body = json!({
        "title": "Two goats", "role": "seller", "currency": "KES",
        "counterparty": { "email": "zuhura@example.com" }, "organisation_id": id,
        "milestones": [{ "title": "Goats", "amount": { "amount": 50_000, "currency": "KES" } }],
    });
    let deal = observer.post(seller, "/v1/deals", body, 201).await;
    let deal = format!("/v1/deals/{}", deal["id"].as_str().expect("an id"));
    assert_eq!(observer.get(reader, &deal).await["role"], Value::Null);
    observer.get(reader, &format!("{path}/deals")).await;
    observer.post(seller, &format!("{deal}/cancel"), Value::Null, 200).await;
}

async fn key_in_its_name(observer: &Observer, founder: &Person, path: &str) {
    observer.app.step_up(founder).await;
    let id = path.rsplit('/').next().expect("an id");
    let body = json!({
        "name": "Shop", "scopes": ["deals:read"], "expires_in_days": 90, "organisation_id": id,
    });
    let made = observer.post(founder, "/v1/api-keys", body, 201).await;
    observer.get(founder, &format!("{path}/api-keys")).await;
    let key = format!("{path}/api-keys/{}", made["api_key"]["id"].as_str().expect("an id"));
    let revoked = observer.call(Some(founder), Method::DELETE, &key, Value::Null).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
}
