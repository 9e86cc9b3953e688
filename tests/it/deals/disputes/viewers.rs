//! Statements of the parties are invisible to payers, brokers and members of an organisation.

use super::events;
use amana_domain::permission::UserRole;
use amana_harness::{App, Disputed, Person};
use serde_json::{Value, json};

struct Viewers {
    payer: Person,
    broker: Person,
    member: Person,
}

/// Creates a disputed deal with a user in every possible role.
async fn disputed(app: &App) -> (Disputed, Viewers) {
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let payer = app.person("Baraka").await;
    let (broker, member) = (app.person("Neema").await, app.person("Zuhura").await);
    let organisation = app.organisation(&seller, "Soko").await;
    app.add_member(&organisation, &member, "member").await;
    let amount = json!({ "amount": 150_000, "currency": "KES" });
    let new = json!({
        "title": "Two goats", "role": "seller", "currency": "KES", "organisation_id": organisation,
        "counterparty": { "email": buyer.email },
        "broker": { "user_id": broker.id, "commission_bps": 100 },
        "milestones": [{ "title": "Goats", "amount": amount }],
    });
    let made = app.post(&seller, "/v1/deals", new).await.expect(201);
    let deal = made["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/deals/{deal}");
    app.post(&seller, &format!("{path}/propose"), Value::Null).await.expect(200);
    app.post(&buyer, &format!("{path}/agree"), json!({ "revision": 1 })).await.expect(200);
    let named = json!({ "user_id": payer.id });
    app.post(&buyer, &format!("{path}/payers"), named).await.expect(200);
    app.given(&buyer, 150_000, app.clock.now()).await;
    app.post(&buyer, &format!("{path}/fund"), json!({ "method": "wallet" })).await.expect(200);
    let parts = app.milestones(&buyer, &deal).await;
    let mut disputed = Disputed { buyer, seller, deal, parts, dispute: String::new() };
    let words = json!({ "reason": "Sheep, he sold me sheep" });
    app.post(&disputed.seller, &disputed.path("deliver"), Value::Null).await.expect(200);
    app.post(&disputed.buyer, &disputed.path("reject"), words.clone()).await.expect(200);
    app.post(&disputed.seller, &disputed.path("deliver"), Value::Null).await.expect(200);
    app.post(&disputed.buyer, &disputed.path("dispute"), words).await.expect(200);
    let found = app.disputes(&disputed.buyer, &disputed.deal).await;
    disputed.dispute = found[0]["id"].as_str().expect("an id").to_owned();
    let answer = json!({ "text": "No sheep anywhere" });
    app.post(&disputed.seller, &disputed.path("dispute/answer"), answer).await.expect(200);
    (disputed, Viewers { payer, broker, member })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_of_a_dispute_are_shown_to_the_sides_and_arbiters_only() {
    let app = App::builder().without_worker().start().await;
    let (disputed, Viewers { payer, broker, member }) = disputed(&app).await;
    let arbiter = app.staff(UserRole::Compliance).await;
    let award = json!({ "seller_percent": "50", "reason": "Half of it is sheep" });
    app.award(&arbiter, &disputed.dispute, award).await.expect(200);
    let words = ["Sheep", "sheep"];
    for viewer in [&payer, &broker, &member] {
        let told = events(&app, viewer, &disputed.deal).await;
        let text = Value::from(told.clone()).to_string();
        assert!(words.iter().all(|word| !text.contains(word)), "{text}");
        let names: Vec<_> = told.iter().filter_map(|event| event["kind"].as_str()).collect();
        for name in ["milestone.rejected", "dispute.opened", "dispute.answered", "dispute.awarded"]
        {
            assert!(names.contains(&name), "{name} in {names:?}");
        }
        let path = format!("/v1/deals/{}", disputed.deal);
        let deal = app.get(viewer, &path).await.expect(200).to_string();
        assert!(words.iter().all(|word| !deal.contains(word)), "{deal}");
    }
    for side in [&disputed.buyer, &disputed.seller] {
        let text = Value::from(events(&app, side, &disputed.deal).await).to_string();
        for words in ["Sheep, he sold me sheep", "No sheep anywhere", "Half of it is sheep"] {
            assert!(text.contains(words), "{words} in {text}");
        }
    }
    app.assert_sound().await;
}
