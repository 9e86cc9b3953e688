//! API keys of an organisation: managed by owners and admins, and valid only while their maker is one.

use super::{quiet, refused, remove, set_member_role};
use amana_harness::{App, Key, Person};
use reqwest::Method;
use serde_json::{Value, json};

const SCOPES: [&str; 2] = ["deals:read", "deals:write"];

async fn make(app: &App, person: &Person, organisation: &str) -> (Key, Value) {
    app.step_up(person).await;
    let body = json!({
        "name": "Shop", "scopes": SCOPES, "expires_in_days": 90, "organisation_id": organisation,
    });
    let made = app.post(person, "/v1/api-keys", body).await.expect(201);
    (Key::shown(&made), made["api_key"].clone())
}

async fn state(app: &App, owner: &Person, organisation: &str, key: &Value) -> Value {
    let path = format!("/v1/organisations/{organisation}/api-keys");
    let page = app.get(owner, &path).await.expect(200);
    let found = page["items"].as_array().expect("items").iter().find(|one| one["id"] == key["id"]);
    found.unwrap_or_else(|| panic!("{page:#}"))["state"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_key_of_an_organisation_makes_is_the_organisations() {
    let app = quiet().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let organisation = app.organisation(&amina, "Soko").await;
    app.add_member(&organisation, &juma, "admin").await;
    let (key, shown) = make(&app, &juma, &organisation).await;
    assert_eq!(shown["organisation_id"], organisation.as_str());
    let machine = key.machine(&juma);
    let body = json!({
        "title": "Two goats", "role": "seller", "currency": "KES",
        "counterparty": { "email": app.person("Neema").await.email },
        "milestones": [{ "title": "Goats", "amount": { "amount": 1_000, "currency": "KES" } }],
    });
    let deal = app.post(&machine, "/v1/deals", body).await.expect(201);
    assert_eq!(deal["organisation_id"], organisation.as_str());
    let deals =
        app.get(&machine, &format!("/v1/organisations/{organisation}/deals")).await.expect(200);
    assert_eq!(deals["items"][0]["id"], deal["id"]);
    // Every owner and admin can revoke it, whoever made it.
    let path = format!("/v1/organisations/{organisation}/api-keys");
    let id = shown["id"].as_str().expect("an id");
    let ended =
        app.send(Method::DELETE, &format!("{path}/{id}"), Some(&amina.token), None, None).await;
    assert_eq!(ended.status, 204);
    assert_eq!(app.get(&machine, "/v1/deals").await.status, 401);
    assert_eq!(state(&app, &amina, &organisation, &shown).await, "revoked");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_ends_when_its_maker_decides_no_more() {
    let app = quiet().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let organisation = app.organisation(&amina, "Soko").await;
    for leaves in [false, true] {
        app.add_member(&organisation, &juma, "admin").await;
        let (_, of_juma) = make(&app, &juma, &organisation).await;
        let (_, of_amina) = make(&app, &amina, &organisation).await;
        let gone = match leaves {
            true => remove(&app, &amina, &organisation, &juma).await,
            false => set_member_role(&app, &amina, &organisation, &juma, "member").await,
        };
        assert!(gone.status.is_success(), "{gone:?}");
        assert_eq!(state(&app, &amina, &organisation, &of_juma).await, "revoked");
        assert_eq!(state(&app, &amina, &organisation, &of_amina).await, "active");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_decides_there_makes_or_sees_one() {
    let app = quiet().await;
    let (amina, juma, stranger) =
        (app.person("Amina").await, app.person("Juma").await, app.person("Neema").await);
    let organisation = app.organisation(&amina, "Soko").await;
    app.add_member(&organisation, &juma, "member").await;
    let (_, shown) = make(&app, &amina, &organisation).await;
    let path = format!("/v1/organisations/{organisation}/api-keys");
    let one = format!("{path}/{}", shown["id"].as_str().expect("an id"));
    for (person, listing, making) in [
        (&juma, (403, "insufficient_role"), (403, "insufficient_role")),
        (&stranger, (404, "not_found"), (422, "unknown_organisation")),
    ] {
        refused(&app.get(person, &path).await, listing.0, listing.1);
        refused(&app.delete(person, &one).await, listing.0, listing.1);
        app.step_up(person).await;
        let body = json!({
            "name": "Shop", "scopes": SCOPES, "expires_in_days": 9, "organisation_id": organisation,
        });
        refused(&app.post(person, "/v1/api-keys", body).await, making.0, making.1);
    }
    // A maker's personal key does not belong to the organisation.
    let own = app.key(&amina, &["deals:read"]).await;
    refused(&app.delete(&amina, &format!("{path}/{}", own.id)).await, 404, "not_found");
}
