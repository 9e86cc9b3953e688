//! Keys of an organisation reach its deals, but nothing that belongs to their maker.

use super::access::{needed, texts};
use super::refused;
use crate::access::{Scope as Whose, scope as whose, world};
use crate::openapi::operations;
use amana_harness::{App, DealPlan, Key, Person};
use serde_json::{Value, json};

async fn make(
    app: &App,
    maker: &Person,
    organisation: &str,
    scopes: &[&str],
) -> amana_harness::Answer {
    app.step_up(maker).await;
    let body = json!({
        "name": "Shop", "scopes": scopes, "expires_in_days": 90, "organisation_id": organisation,
    });
    app.post(maker, "/v1/api-keys", body).await
}

/// Creates a key with every scope, as older keys could have.
async fn key(app: &App, maker: &Person, organisation: &str) -> Key {
    let made = make(app, maker, organisation, &["deals:read", "deals:write"]).await.expect(201);
    let all = texts(|_| true).join(",");
    let scopes =
        format!("update api_keys set scopes = '{{{all}}}' where organisation_id is not null");
    app.database.execute(&scopes).await;
    Key::shown(&made)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_an_organisation_reaches_nothing_of_its_makers() {
    let mut world = world().await;
    let maker = world.stranger.clone();
    let other = world.app.person("Baraka").await;
    world.deal = world.app.agreed(&other, &maker, &DealPlan::default()).await;
    world.milestone = world.app.milestones(&maker, &world.deal).await.remove(0);
    let organisation = world.app.organisation(&maker, "Duka").await;
    let key = key(&world.app, &maker, &organisation).await;
    let mut tried = 0;
    for operation in operations() {
        let Some(scope) = needed(&operation) else { continue };
        let answer = world.call(&operation, Some(&key.secret)).await;
        // This operation needs a wallet, which a key of an organisation never reaches.
        if !scope.is_of_organisations() || operation.id == "fund_deal" {
            refused(&answer, 403, "insufficient_scope");
        } else if whose(&operation) == Whose::Party {
            refused(&answer, 404, "not_found");
        } else {
            // These create, list or quote deals of the organisation.
            continue;
        }
        tried += 1;
    }
    assert!(tried > 40, "only {tried} operations");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_an_organisation_acts_in_its_deals_only() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let [soko, duka] =
        [app.organisation(&amina, "Soko").await, app.organisation(&amina, "Duka").await];
    app.given(&amina, 1_000_000, app.clock.now()).await;
    let machine = key(&app, &amina, &soko).await.machine(&amina);
    let deal = |organisation: Value| {
        json!({
            "title": "Two goats", "role": "buyer", "currency": "KES", "organisation_id": organisation,
            "counterparty": { "email": juma.email },
            "milestones": [{ "title": "Goats", "amount": { "amount": 10_000, "currency": "KES" } }],
        })
    };
    let body = |organisation: &Value| {
        let mut body = deal(organisation.clone());
        if organisation.is_null() {
            body.as_object_mut().expect("an object").remove("organisation_id");
        }
        body
    };
    let others = app.post(&amina, "/v1/deals", body(&json!(duka))).await.expect(201);
    let private = app.post(&amina, "/v1/deals", body(&Value::Null)).await.expect(201);
    let foreign = app.post(&machine, "/v1/deals", body(&json!(duka))).await;
    refused(&foreign, 422, "unknown_organisation");
    let own = app.post(&machine, "/v1/deals", body(&Value::Null)).await.expect(201);
    assert_eq!(own["organisation_id"], soko.as_str());
    let listed = app.get(&machine, "/v1/deals").await.expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["items"][0]["id"], own["id"]);
    app.get(&machine, &format!("/v1/organisations/{soko}/deals")).await.expect(200);
    refused(&app.get(&machine, &format!("/v1/organisations/{duka}/deals")).await, 404, "not_found");
    for one in [&others, &private] {
        let path = format!("/v1/deals/{}", one["id"].as_str().expect("an id"));
        refused(&app.get(&machine, &path).await, 404, "not_found");
        let cancel = app.post(&machine, &format!("{path}/cancel"), Value::Null).await;
        refused(&cancel, 404, "not_found");
    }
    let path = format!("/v1/deals/{}", own["id"].as_str().expect("an id"));
    app.post(&machine, &format!("{path}/propose"), Value::Null).await.expect(200);
    app.post(&juma, &format!("{path}/agree"), json!({ "revision": 1 })).await.expect(200);
    // Wallet and phone number belong to the maker.
    let fund = format!("{path}/fund");
    let wallet = app.post(&machine, &fund, json!({ "method": "wallet" })).await;
    refused(&wallet, 403, "insufficient_scope");
    let unnamed = app.post(&machine, &fund, json!({ "method": "mpesa" })).await;
    refused(&unnamed, 422, "invalid_request");
    let named = json!({ "method": "mpesa", "phone": "254799000001" });
    app.post(&machine, &fund, named).await.expect(202);
    assert_eq!(app.balance(&amina).await, (1_000_000, 0));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_an_organisation_takes_scopes_of_deals_only() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let organisation = app.organisation(&amina, "Soko").await;
    for scope in texts(|scope| !scope.is_of_organisations()) {
        let made = make(&app, &amina, &organisation, &["deals:read", scope]).await;
        refused(&made, 422, "invalid_request");
        assert_eq!(made.body["errors"][0]["pointer"], "/scopes", "{scope}");
    }
}
