//! Arbiters: their queue, the information that they see, and the effect of their awards.

use super::{dispute_of, events, refused};
use amana_domain::permission::UserRole;
use amana_harness::{App, DealPlan, Disputed, Person};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// Above KES 100,000 the first award is only a proposal; the award of a second arbiter counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_award_needs_two_arbiters() {
    let app = App::builder().without_worker().start().await;
    let plan = DealPlan { milestones: vec![10_000_100], fee_payer: "seller" };
    let disputed = app.disputed(&plan).await;
    let (one, other) = (app.staff(UserRole::Compliance).await, app.staff(UserRole::Admin).await);
    let award = json!({ "seller_percent": "40", "reason": "Sheep are worth less" });
    // The other party has not answered yet.
    let early = app.award(&one, &disputed.dispute, award.clone()).await;
    refused(&early, 409, "wrong_state");
    app.answer_dispute(&disputed).await;
    let support = app.staff(UserRole::Support).await;
    refused(&app.award(&support, &disputed.dispute, award.clone()).await, 403, "forbidden");
    refused(&app.award(&disputed.buyer, &disputed.dispute, award.clone()).await, 403, "forbidden");

    let proposed = app.award(&one, &disputed.dispute, award.clone()).await.expect(200);
    assert_eq!(
        (&proposed["outcome"], &proposed["award"]["decided_at"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(proposed["award"]["to_seller"]["amount"], 4_000_040);
    assert_eq!(app.balance(&disputed.seller).await, (0, 0));
    refused(&app.award(&one, &disputed.dispute, award).await, 403, "own_request");
    assert_eq!(app.balance(&disputed.seller).await, (0, 0));
    assert_proposal_is_between_arbiters(&app, &disputed, &other).await;

    let award = json!({
        "to_seller": { "amount": 5_000_000, "currency": "KES" },
        "fees_waived": true,
        "costs": { "amount": { "amount": 100_000, "currency": "KES" }, "borne_by": "buyer" },
        "reason": "Half of them\nare goats",
    });
    let decided = app.award(&other, &disputed.dispute, award).await.expect(200);
    assert_eq!(decided["award"]["first_arbiter_id"], one.id.as_str());
    assert_eq!(decided["award"]["second_arbiter_id"], other.id.as_str());
    assert_eq!(decided["award"]["decided_at"], decided["ended_at"]);
    assert_eq!(dispute_of(&app, &disputed).await, decided);
    assert_eq!(app.balance(&disputed.seller).await, (5_000_000, 0));
    assert_eq!(app.balance(&disputed.buyer).await, (4_900_100, 0));
    let fees = "select balance_minor from accounts where kind = 'platform.fees'";
    assert_eq!(app.database.number(fees).await, 100_000);
    let told = events(&app, &disputed.seller, &disputed.deal).await;
    let names: Vec<&str> =
        told.iter().rev().take(3).filter_map(|one| one["kind"].as_str()).collect();
    assert_eq!(names, ["deal.completed", "milestone.split", "dispute.awarded"]);
    let awarded = &told[told.len() - 3];
    assert_eq!(
        (&awarded["actor_id"], &awarded["data"]["reason"]),
        (&json!(other.id), &json!("Half of them\nare goats"))
    );
    app.assert_sound().await;
}

/// The second arbiter sees the proposal and its reason; the parties do not.
async fn assert_proposal_is_between_arbiters(app: &App, disputed: &Disputed, other: &Person) {
    assert_eq!(dispute_of(app, disputed).await["award"], Value::Null);
    for side in [&disputed.buyer, &disputed.seller] {
        let told = events(app, side, &disputed.deal).await;
        let last = told.last().expect("an event");
        assert_eq!(last["kind"], "dispute.award_proposed");
        let states = last["data"].as_object().expect("data").keys().map(String::as_str);
        assert_eq!(states.collect::<Vec<_>>(), ["before", "milestone", "state"]);
    }
    let path = format!("/v1/operator/disputes/{}", disputed.dispute);
    let review = app.get(other, &path).await.expect(200);
    assert_eq!(review["dispute"]["award"]["to_seller"]["amount"], 4_000_040);
    let last = review["timeline"].as_array().and_then(|all| all.last()).expect("an event");
    assert_eq!(last["data"]["reason"], "Sheep are worth less");
}

/// Refuses awards beyond the amount, costs that a party cannot bear, and arbiters who are a party.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_award_that_cannot_be_is_refused() {
    let app = App::builder().without_worker().start().await;
    let (buyer, seller) = (app.staff(UserRole::Compliance).await, app.person("Juma").await);
    let plan = DealPlan { milestones: vec![50_000], fee_payer: "seller" };
    let disputed = app.disputed_between(buyer, seller, &plan).await;
    app.answer_dispute(&disputed).await;
    let half = json!({ "seller_percent": "50", "reason": "Half each" });
    refused(
        &app.award(&disputed.buyer, &disputed.dispute, half.clone()).await,
        403,
        "conflict_of_interest",
    );
    let arbiter = app.staff(UserRole::Compliance).await;
    for (body, code) in [
        (json!({ "seller_percent": "50" }), "invalid_request"),
        (json!({ "seller_percent": "50", "reason": "no" }), "invalid_request"),
        (json!({ "reason": "Half each" }), "invalid_request"),
        (
            json!({ "to_seller": { "amount": 50_001, "currency": "KES" }, "reason": "More" }),
            "share_out_of_range",
        ),
        (
            json!({ "to_seller": { "amount": 1, "currency": "USD" }, "reason": "Dollars" }),
            "share_out_of_range",
        ),
        (
            json!({
                "seller_percent": "0", "reason": "Costs",
                "costs": { "amount": { "amount": 1, "currency": "KES" }, "borne_by": "seller" },
            }),
            "share_out_of_range",
        ),
    ] {
        refused(&app.award(&arbiter, &disputed.dispute, body).await, 422, code);
    }
    assert_eq!(dispute_of(&app, &disputed).await["award"], Value::Null);
    let done = app.award(&arbiter, &disputed.dispute, half).await.expect(200);
    assert_eq!(
        (&done["outcome"], &done["award"]["second_arbiter_id"]),
        (&json!("split"), &Value::Null)
    );
    // 1.5 % of KES 500 is KES 7.50. Half of the milestone is released, so half of the fee is due.
    assert_eq!(app.balance(&disputed.seller).await, (25_000 - 375, 0));
    app.assert_sound().await;
}

/// Disputes that wait for an award, oldest answer first, in pages, with all details for a decision.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_is_worked_through_in_order() {
    let app = App::builder().without_worker().start().await;
    let arbiter = app.staff(UserRole::Compliance).await;
    let plan = DealPlan { milestones: vec![50_000, 10_000], fee_payer: "seller" };
    let (first, second, third) =
        (app.disputed(&plan).await, app.disputed(&plan).await, app.disputed(&plan).await);
    for disputed in [&second, &first] {
        app.answer_dispute(disputed).await;
        app.clock.advance(TimeDelta::seconds(1));
    }
    let queue = "/v1/operator/disputes";
    let page = app.get(&arbiter, &format!("{queue}?limit=1")).await.expect(200);
    assert_eq!(page["items"][0]["id"], second.dispute.as_str());
    assert_eq!(page["items"][0]["amount"]["amount"], 50_000);
    let answered_at = page["items"][0]["answered_at"].as_str().expect("a time");
    let due_at = page["items"][0]["due_at"].as_str().expect("a deadline");
    let time = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
    assert_eq!(time(due_at) - time(answered_at), TimeDelta::hours(168));
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    let page = app.get(&arbiter, &format!("{queue}?limit=1&after={cursor}")).await.expect(200);
    assert_eq!(
        (&page["items"][0]["id"], &page["next_cursor"]),
        (&json!(first.dispute), &Value::Null)
    );

    let review = app.get(&arbiter, &format!("{queue}/{}", first.dispute)).await.expect(200);
    assert_eq!(review["dispute"]["reason"], "One goat is a sheep");
    assert_eq!(review["dispute"]["answer"], "It is a goat\nwith wool");
    assert_eq!(review["deal"]["id"], first.deal.as_str());
    assert_eq!(review["deal"]["role"], Value::Null);
    let names: Vec<&str> = review["timeline"]
        .as_array()
        .expect("events")
        .iter()
        .filter_map(|event| event["kind"].as_str())
        .collect();
    assert_eq!(names.last(), Some(&"dispute.answered"));
    // Closed disputes, and those without an answer, are not in the queue.
    let all = json!({ "seller_percent": "100" });
    let offered = app.post(&first.buyer, &first.path("split-offers"), all).await.expect(200);
    let taken = json!({ "to_seller": offered["milestones"][0]["offers"]["buyer"] });
    app.post(&first.seller, &first.path("split-offers/accept"), taken).await.expect(200);
    let page = app.get(&arbiter, queue).await.expect(200);
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
    app.get(&arbiter, &format!("{queue}/{}", third.dispute)).await.expect(200);
    refused(&app.get(&first.buyer, queue).await, 403, "forbidden");
    app.assert_sound().await;
}

/// The outcome that the opener wants is shown, but binds no side.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wanted_outcome_is_shown_and_not_binding() {
    let app = App::builder().without_worker().start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    app.given(&buyer, 150_000, app.clock.now()).await;
    let deal = app.funded_from_wallet(&buyer, &seller, &DealPlan::default()).await;
    let part = app.milestones(&buyer, &deal).await.remove(0);
    let path = format!("/v1/deals/{deal}/milestones/{part}/dispute");
    let body = |minor: i64| json!({ "reason": "One goat is a sheep", "requested_to_seller": { "amount": minor, "currency": "KES" } });
    let answer = app.post(&buyer, &path, body(150_001)).await;
    refused(&answer, 422, "share_out_of_range");
    assert_eq!(answer.body["errors"][0]["pointer"], "/requested_to_seller");
    let stranger = app.person("Neema").await;
    refused(&app.post(&stranger, &path, body(0)).await, 404, "not_found");
    app.post(&seller, &path, body(150_000)).await.expect(200);
    let found = app.disputes(&buyer, &deal).await;
    assert_eq!(
        (&found[0]["requested_to_seller"]["amount"], &found[0]["opened_by"]),
        (&json!(150_000), &json!("seller"))
    );
    // The opener cannot answer the own dispute.
    let said = json!({ "text": "I was right" });
    let answer = app.post(&seller, &format!("{path}/answer"), said).await;
    refused(&answer, 403, "wrong_party");
    let list = format!("/v1/deals/{deal}/disputes");
    refused(&app.get(&stranger, &list).await, 404, "not_found");
    app.step_up(&seller).await;
    let export = app.get(&seller, "/v1/me/export").await.expect(200);
    assert_eq!(export["disputes"][0]["reason"], "One goat is a sheep");
    app.assert_sound().await;
}
