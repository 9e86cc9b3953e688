//! Deals in the name of an organisation are visible to its members only.

use super::{quiet, refused, remove};
use amana_harness::{App, Person};
use serde_json::{Value, json};

async fn made(app: &App, seller: &Person, buyer: &Person, organisation: &str) -> String {
    let body = json!({
        "title": "Two goats", "role": "seller", "currency": "KES",
        "counterparty": { "email": buyer.email }, "organisation_id": organisation,
        "milestones": [{ "title": "Goats", "amount": { "amount": 1_000, "currency": "KES" } }],
    });
    let deal = app.post(seller, "/v1/deals", body).await.expect(201);
    assert_eq!(deal["organisation_id"], organisation);
    deal["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_read_a_deal_and_its_parties_act() {
    let app = quiet().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let (neema, stranger) = (app.person("Neema").await, app.person("Baraka").await);
    let id = app.organisation(&amina, "Soko").await;
    app.add_member(&id, &neema, "member").await;
    let deal = made(&app, &amina, &juma, &id).await;
    let path = format!("/v1/deals/{deal}");
    // The counterparty sees the deal, but not the organisation.
    for (person, role) in
        [(&amina, json!("seller")), (&juma, json!("buyer")), (&neema, Value::Null)]
    {
        let found = app.get(person, &path).await.expect(200);
        assert_eq!((&found["role"], &found["organisation_id"]), (&role, &json!(id)));
        let events = app.get(person, &format!("{path}/timeline")).await.expect(200);
        assert_eq!(events["items"].as_array().map(Vec::len), Some(1));
    }
    let list = format!("/v1/organisations/{id}/deals");
    refused(&app.get(&juma, &list).await, 404, "not_found");
    assert_eq!(app.get(&neema, "/v1/deals").await.expect(200)["items"], json!([]));
    for nobody in [path.clone(), format!("{path}/timeline"), list.clone()] {
        refused(&app.get(&stranger, &nobody).await, 404, "not_found");
    }
    let before = app.database.fingerprint().await;
    for (action, body) in [
        ("propose", Value::Null),
        ("agree", json!({ "revision": 1 })),
        ("cancel", Value::Null),
        ("mutual-cancel", Value::Null),
        ("fund", json!({ "method": "wallet" })),
        ("fund?dry_run=true", json!({ "method": "wallet" })),
    ] {
        let path = format!("{path}/{action}");
        refused(&app.post(&neema, &path, body.clone()).await, 403, "wrong_party");
        refused(&app.post(&stranger, &path, body).await, 404, "not_found");
    }
    assert_eq!(app.database.fingerprint().await, before);
    // A former member does not see it any more.
    assert_eq!(remove(&app, &amina, &id, &neema).await.status, 204);
    refused(&app.get(&neema, &path).await, 404, "not_found");
    refused(&app.get(&neema, &list).await, 404, "not_found");
    app.post(&amina, &format!("{path}/propose"), Value::Null).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deals_of_an_organisation_come_in_pages() {
    let app = quiet().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let (id, other) =
        (app.organisation(&amina, "Soko").await, app.organisation(&amina, "Duka").await);
    let mut deals = vec![];
    for _ in 0..3 {
        deals.push(made(&app, &amina, &juma, &id).await);
        made(&app, &amina, &juma, &other).await;
    }
    let list = format!("/v1/organisations/{id}/deals?limit=2");
    let first = app.get(&amina, &list).await.expect(200);
    let after = first["next_cursor"].as_str().expect("a cursor");
    let second = app.get(&amina, &format!("{list}&after={after}")).await.expect(200);
    let ids = [&first, &second].map(|page| page["items"].as_array().expect("items").clone());
    let found: Vec<Value> = ids.concat().iter().map(|deal| deal["id"].clone()).collect();
    deals.reverse();
    assert_eq!(found, deals);
    assert_eq!(second["next_cursor"], Value::Null);
}
