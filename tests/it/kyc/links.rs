//! Links to documents: valid for one user and one minute, with response headers that allow nothing
//! but saving.

use super::{act, link, people, refused, reject};
use amana_harness::{Answer, App, PNG, Person};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::Value;

struct World {
    app: App,
    amina: Person,
    operator: Person,
    id: String,
    document: String,
}

impl World {
    async fn new() -> Self {
        let app = App::builder().without_worker().start().await;
        let (amina, operator) = people(&app).await;
        let id = app.kyc_submitted(&amina, "standard").await;
        let document = app.kyc_documents(&amina, &id).await.remove(0);
        Self { app, amina, operator, id, document }
    }

    async fn link(&self, person: &Person, place: &str) -> Answer {
        link(&self.app, person, place, (&self.id, &self.document)).await
    }

    async fn url(&self, person: &Person, place: &str) -> String {
        let made = self.link(person, place).await.expect(200);
        made["url"].as_str().expect("a link").to_owned()
    }

    /// Follows a link without a token.
    async fn follow(&self, url: &str) -> Answer {
        self.app.send(Method::GET, url, None, None, None).await
    }

    async fn looks(&self) -> Vec<(String, String)> {
        let records = self.app.store.audit_of(&self.id).await.expect("records").into_iter();
        let looks = records.filter(|one| one.data["document"] == *self.document);
        looks.skip(1).map(|one| (one.actor(), one.kind)).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_leads_to_the_file_and_a_browser_only_keeps_it() {
    let world = World::new().await;
    let url = world.url(&world.amina, "").await;
    let response = world.app.http.get(format!("{}{url}", world.app.api_url)).send().await;
    let response = response.expect("an answer");
    assert_eq!(response.status(), 200);
    for (name, expected) in [
        ("content-type", "image/png"),
        ("content-disposition", "attachment; filename=\"passport.png\""),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("content-security-policy", "sandbox; default-src 'none'; frame-ancestors 'none'"),
    ] {
        assert_eq!(response.headers()[name], expected, "{name}");
    }
    assert!(response.bytes().await.expect("a body").starts_with(PNG));
    assert_eq!(world.looks().await, [], "expected no access record for the owner");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_look_of_a_reviewer_is_recorded() {
    let world = World::new().await;
    let url = world.url(&world.operator, "/operator").await;
    for _ in 0..2 {
        assert_eq!(world.follow(&url).await.status, 200);
    }
    let look = |action: &str| (world.operator.id.clone(), action.to_owned());
    let seen = look("kyc.document_viewed");
    assert_eq!(world.looks().await, [look("kyc.document_linked"), seen.clone(), seen]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_good_for_a_minute() {
    let world = World::new().await;
    let url = world.url(&world.amina, "").await;
    world.app.clock.advance(TimeDelta::seconds(58));
    assert_eq!(world.follow(&url).await.status, 200);
    world.app.clock.advance(TimeDelta::seconds(3));
    refused(&world.follow(&url).await, 404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_cannot_be_made_up_or_changed() {
    let world = World::new().await;
    let url = world.url(&world.amina, "").await;
    let token = url.strip_prefix("/v1/files/").expect("a link");
    let parts: Vec<&str> = token.split('.').collect();
    let [document, viewer, session, expires, signature] = parts[..] else { panic!("{token}") };
    let hex = |id: &str| id.split_once('_').expect("a prefix").1.to_owned();
    assert_eq!((document, viewer), (&*hex(&world.document), &*hex(&world.amina.id)));
    let (other, operator) = ("0".repeat(32), hex(&world.operator.id));
    let later = expires.parse::<i64>().expect("a time") + 3600;
    for forged in [
        format!("{other}.{viewer}.{session}.{expires}.{signature}"),
        format!("{document}.{operator}.{session}.{expires}.{signature}"),
        format!("{document}.{viewer}.{other}.{expires}.{signature}"),
        format!("{document}.{viewer}.{session}.{later}.{signature}"),
        format!("{document}.{viewer}.{session}.{expires}.{}", "0".repeat(64)),
        format!("{document}.{viewer}.{session}.{expires}."),
        format!("{document}.{viewer}.{session}.{expires}"),
        format!("{token}0"),
        "..%2f..%2fetc%2fpasswd".to_owned(),
        document.to_owned(),
    ] {
        refused(&world.follow(&format!("/v1/files/{forged}")).await, 404, "not_found");
    }
    assert_eq!(world.follow(&url).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_are_made_for_those_who_may_see_and_only_as_long_as_they_may() {
    let world = World::new().await;
    let juma = world.app.person("Juma").await;
    refused(&world.link(&juma, "").await, 404, "not_found");
    refused(&world.link(&juma, "/operator").await, 403, "forbidden");
    // An operator is a stranger on the owner's path.
    refused(&world.link(&world.operator, "").await, 404, "not_found");
    let (own, theirs) =
        (world.url(&world.amina, "").await, world.url(&world.operator, "/operator").await);
    act(&world.app, &world.amina, &world.id, "withdraw").await.expect(200);
    assert_eq!(world.follow(&own).await.status, 200);
    refused(&world.follow(&theirs).await, 404, "not_found");
    refused(&world.link(&world.operator, "/operator").await, 404, "not_found");
    world.app.database.execute("update users set closed_at = now() where name = 'Amina'").await;
    refused(&world.follow(&own).await, 404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_who_is_none_any_more_sees_nothing() {
    let world = World::new().await;
    let url = world.url(&world.operator, "/operator").await;
    let demoted = format!("update users set role = 'user' where id = '{}'", world.operator.uuid());
    world.app.database.execute(&demoted).await;
    refused(&world.follow(&url).await, 404, "not_found");
    assert_eq!(world.looks().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_changed_on_the_disk_is_not_shown() {
    let world = World::new().await;
    reject(&world.app, &world.operator, &world.id).await.expect(200);
    let url = world.url(&world.operator, "/operator").await;
    for file in world.app.files_on_disk() {
        std::fs::write(file, b"\x89PNG\r\n\x1a\n something else").expect("written");
    }
    let answer = world.follow(&url).await;
    refused(&answer, 500, "internal");
    assert_ne!(answer.body["detail"], Value::Null);
}

/// Signing out everywhere invalidates the links made before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_ends_with_the_session_that_it_was_made_in() {
    let world = World::new().await;
    let url = world.url(&world.amina, "").await;
    assert_eq!(world.follow(&url).await.status, 200);
    let ended = world.app.delete(&world.amina, "/v1/sessions").await;
    assert!(ended.status.is_success(), "{:#}", ended.body);
    refused(&world.follow(&url).await, 404, "not_found");
}
