//! Settlements without an arbiter, with or without a dispute: rejected, refunded, or split to the
//! cent.

use super::{deal_of, dispute_of, events, refused};
use amana_harness::{App, DealPlan};
use serde_json::{Value, json};

fn kes(minor: i64) -> Value {
    json!({ "amount": minor, "currency": "KES" })
}

/// The seller gets 61.803 % of KES 1,000.01, and the fee is charged in proportion. No cent is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_milestone_is_divided_by_percent_with_fees_to_the_cent() {
    let app = App::builder().without_worker().start().await;
    let plan = DealPlan { milestones: vec![100_001], fee_payer: "shared" };
    let disputed = app.disputed(&plan).await;
    let (buyer, seller) = (&disputed.buyer, &disputed.seller);
    let (offers, accept) = (disputed.path("split-offers"), disputed.path("split-offers/accept"));
    for bad in ["61.8031", "100.001", "-1", "sixty", "1e1", "61,803"] {
        let answer = app.post(seller, &offers, json!({ "seller_percent": bad })).await;
        refused(&answer, 422, "invalid_request");
    }
    let both = json!({ "seller_percent": "50", "to_seller": kes(1) });
    refused(&app.post(seller, &offers, both).await, 422, "invalid_request");
    refused(&app.post(seller, &offers, json!({})).await, 422, "invalid_request");
    let too_much = json!({ "to_seller": kes(100_002) });
    refused(&app.post(seller, &offers, too_much).await, 422, "share_out_of_range");

    let offered = app.post(buyer, &offers, json!({ "seller_percent": "38.197" })).await.expect(200);
    assert_eq!(offered["milestones"][0]["offers"], json!({ "buyer": kes(38_197), "seller": null }));
    let offered =
        app.post(seller, &offers, json!({ "seller_percent": "61.803" })).await.expect(200);
    let standing = json!({ "buyer": kes(38_197), "seller": kes(61_804) });
    assert_eq!(offered["milestones"][0]["offers"], standing);
    // Neither the own offer nor another amount than the offered one can be accepted.
    for (person, to_seller) in [(seller, 61_804), (buyer, 61_803), (buyer, 38_197)] {
        let answer = app.post(person, &accept, json!({ "to_seller": kes(to_seller) })).await;
        refused(&answer, 409, "offer_mismatch");
    }
    let dollars = json!({ "to_seller": { "amount": 61_804, "currency": "USD" } });
    refused(&app.post(buyer, &accept, dollars).await, 409, "offer_mismatch");
    assert_eq!(app.balance(seller).await, (0, 0));

    let (key, body) = ("the-only-one", json!({ "to_seller": kes(61_804) }));
    let done = app.post_keyed(buyer, &accept, key, body.clone()).await.expect(200);
    assert_eq!(
        (&done["state"], &done["milestones"][0]["state"]),
        (&json!("released"), &json!("split"))
    );
    assert_eq!(done["milestones"][0]["offers"], json!({ "buyer": null, "seller": null }));
    assert_eq!(app.post_keyed(buyer, &accept, key, body).await.expect(200), done);
    // Each side owes 61,804 / 100,001 of 750 cents, which is 464 cents after rounding.
    assert_eq!(app.balance(seller).await, (61_804 - 464, 0));
    assert_eq!(app.balance(buyer).await, (100_001 - 61_804 + 750 - 464, 0));
    let fees = "select balance_minor from accounts where kind = 'platform.fees'";
    assert_eq!(app.database.number(fees).await, 2 * 464);
    let ended = dispute_of(&app, &disputed).await;
    assert_eq!((&ended["outcome"], &ended["award"]), (&json!("split"), &Value::Null));
    assert!(ended["ended_at"].is_string() && ended["due_at"].is_null(), "{ended:#}");
    app.assert_sound().await;
}

/// The buyer rejects a delivery with a reason. After three rejections only a dispute is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_is_sent_back_with_a_reason_three_times() {
    let app = App::builder().without_worker().start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    app.given(&buyer, 150_000, app.clock.now()).await;
    let deal = app.funded_from_wallet(&buyer, &seller, &DealPlan::default()).await;
    let part = app.milestones(&buyer, &deal).await.remove(0);
    let at = |what: &str| format!("/v1/deals/{deal}/milestones/{part}/{what}");
    let reason = json!({ "reason": "The second goat is missing" });
    refused(&app.post(&buyer, &at("reject"), reason.clone()).await, 409, "wrong_state");
    for time in 1..=3 {
        app.post(&seller, &at("deliver"), Value::Null).await.expect(200);
        refused(&app.post(&seller, &at("reject"), reason.clone()).await, 403, "wrong_party");
        for bad in ["", "no", &"a".repeat(501)] {
            let answer = app.post(&buyer, &at("reject"), json!({ "reason": bad })).await;
            refused(&answer, 422, "invalid_request");
        }
        let back = app.post(&buyer, &at("reject"), reason.clone()).await.expect(200);
        assert_eq!(
            (&back["milestones"][0]["state"], &back["milestones"][0]["reworks"]),
            (&json!("funded"), &json!(time))
        );
    }
    app.post(&seller, &at("deliver"), Value::Null).await.expect(200);
    refused(&app.post(&buyer, &at("reject"), reason).await, 409, "deal_limit");
    let told = events(&app, &buyer, &deal).await;
    let rejected: Vec<&Value> =
        told.iter().filter(|event| event["kind"] == "milestone.rejected").collect();
    assert_eq!(rejected.len(), 3);
    assert_eq!(rejected[0]["data"]["reason"], "The second goat is missing");
    let shown = deal_of(&app, &seller, &deal).await;
    let deliveries = shown["milestones"][0]["deliveries"].as_array().expect("deliveries").clone();
    assert_eq!(
        deliveries.iter().map(|one| one["sequence"].clone()).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    assert_eq!(deliveries[3]["kind"], Value::Null);
    app.assert_sound().await;
}

/// One of three milestones is disputed; the others can still be released and delivered. Then the
/// seller refunds the disputed one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_disputed_part_is_locked() {
    let app = App::builder().without_worker().start().await;
    let plan = DealPlan { milestones: vec![120_000, 80_000, 50_000], fee_payer: "seller" };
    let disputed = app.disputed(&plan).await;
    let (buyer, seller) = (&disputed.buyer, &disputed.seller);
    let at = |n: usize, what: &str| {
        format!("/v1/deals/{}/milestones/{}/{what}", disputed.deal, disputed.parts[n])
    };
    refused(&app.post(seller, &at(0, "deliver"), Value::Null).await, 409, "wrong_state");
    let again = json!({ "reason": "It is still a sheep" });
    refused(&app.post(buyer, &at(0, "dispute"), again).await, 409, "wrong_state");
    let after = app.post(buyer, &at(1, "release"), Value::Null).await.expect(200);
    assert_eq!(
        (&after["state"], &after["milestones"][1]["state"]),
        (&json!("disputed"), &json!("released"))
    );
    assert_eq!(app.balance(seller).await, (80_000 - 1_200, 0));
    app.post(seller, &at(2, "deliver"), Value::Null).await.expect(200);
    assert_eq!(dispute_of(&app, &disputed).await["ended_at"], Value::Null);
    refused(&app.post(buyer, &at(0, "refund"), Value::Null).await, 403, "wrong_party");
    refused(&app.post(seller, &at(0, "refund"), Value::Null).await, 409, "wrong_state");
    let nothing = json!({ "seller_percent": "0" });
    app.post(seller, &at(0, "split-offers"), nothing).await.expect(200);
    let nothing = json!({ "to_seller": { "amount": 0, "currency": "KES" } });
    let after = app.post(buyer, &at(0, "split-offers/accept"), nothing).await.expect(200);
    assert_eq!(
        (&after["state"], &after["milestones"][0]["state"]),
        (&json!("delivered"), &json!("refunded"))
    );
    assert_eq!(app.balance(buyer).await, (120_000, 0));
    let ended = dispute_of(&app, &disputed).await;
    assert_eq!(
        (&ended["outcome"], &ended["milestone_id"]),
        (&json!("refunded"), &json!(disputed.parts[0]))
    );
    app.assert_sound().await;
}

/// Mutual cancellation during a dispute closes the dispute with the deal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disputed_deal_is_called_off_by_both() {
    let app = App::builder().without_worker().start().await;
    let plan = DealPlan { milestones: vec![120_000, 80_000], fee_payer: "buyer" };
    let disputed = app.answered(&plan).await;
    let cancel = format!("/v1/deals/{}/mutual-cancel", disputed.deal);
    app.post(&disputed.seller, &cancel, Value::Null).await.expect(200);
    let over = app.post(&disputed.buyer, &cancel, Value::Null).await.expect(200);
    assert_eq!(over["state"], "refunded");
    assert_eq!(app.balance(&disputed.buyer).await, (203_000, 0));
    let ended = dispute_of(&app, &disputed).await;
    assert_eq!((&ended["outcome"], &ended["award"]), (&json!("refunded"), &Value::Null));
    let arbiter = app.operator().await;
    let late = json!({ "seller_percent": "50", "reason": "too late" });
    refused(&app.award(&arbiter, &disputed.dispute, late).await, 409, "wrong_state");
    app.assert_sound().await;
}
