//! Deadlines of disputes: the default outcome takes effect and closes the dispute in the same
//! transaction.

use super::{deal_of, dispute_of, events};
use amana_harness::{App, DealPlan, Disputed};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// Moves the clock just past the dispute's deadline, runs the timers, and logs the people in again.
async fn pass(app: &App, disputed: &mut Disputed) {
    let due_at = dispute_of(app, disputed).await["due_at"].clone();
    let due_at: DateTime<Utc> = due_at.as_str().expect("a deadline").parse().expect("a time");
    let by = due_at - app.clock.now() + TimeDelta::seconds(2);
    app.advance(by, &mut [&mut disputed.buyer, &mut disputed.seller]).await;
    app.run_due_jobs().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_answer_the_opener_gets_the_wanted_outcome() {
    let app = App::builder().without_worker().start().await;
    let mut disputed = app.disputed(&DealPlan::default()).await;
    pass(&app, &mut disputed).await;
    assert_eq!(deal_of(&app, &disputed.buyer, &disputed.deal).await["state"], "refunded");
    assert_eq!(app.balance(&disputed.buyer).await, (150_000, 0));
    assert_eq!(app.balance(&disputed.seller).await, (0, 0));
    let ended = dispute_of(&app, &disputed).await;
    assert_eq!(
        (&ended["outcome"], &ended["answer"], &ended["award"]),
        (&json!("refunded"), &Value::Null, &Value::Null)
    );
    let late = json!({ "text": "I was away" });
    let late = app.post(&disputed.seller, &disputed.path("dispute/answer"), late).await;
    super::refused(&late, 409, "wrong_state");
    app.assert_sound().await;
}

/// Both parties get half, without fees; an odd cent goes to the buyer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_side_has_half_if_no_arbiter_decides() {
    let app = App::builder().without_worker().start().await;
    let plan = DealPlan { milestones: vec![150_001], fee_payer: "buyer" };
    let mut disputed = app.answered(&plan).await;
    pass(&app, &mut disputed).await;
    assert_eq!(app.balance(&disputed.seller).await, (75_000, 0));
    assert_eq!(app.balance(&disputed.buyer).await, (75_001 + 2_250, 0));
    let ended = dispute_of(&app, &disputed).await;
    assert_eq!((&ended["outcome"], &ended["award"]), (&json!("split"), &Value::Null));
    app.assert_sound().await;
}

/// Without a second arbiter, the first award takes effect with its reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_award_stands_if_nobody_looks_again() {
    let app = App::builder().without_worker().start().await;
    let plan = DealPlan { milestones: vec![10_000_100], fee_payer: "seller" };
    let mut disputed = app.answered(&plan).await;
    let arbiter = app.operator().await;
    let award =
        json!({ "seller_percent": "25", "fees_waived": true, "reason": "Most of it is sheep" });
    app.award(&arbiter, &disputed.dispute, award).await.expect(200);
    pass(&app, &mut disputed).await;
    assert_eq!(app.balance(&disputed.seller).await, (2_500_025, 0));
    assert_eq!(app.balance(&disputed.buyer).await, (7_500_075, 0));
    let ended = dispute_of(&app, &disputed).await;
    assert_eq!(ended["award"]["reason"], "Most of it is sheep");
    assert_eq!(ended["award"]["second_arbiter_id"], Value::Null);
    assert_eq!(
        (&ended["outcome"], &ended["award"]["decided_at"]),
        (&json!("split"), &ended["ended_at"])
    );
    let told = events(&app, &disputed.buyer, &disputed.deal).await;
    let awarded = told.iter().find(|event| event["kind"] == "dispute.awarded").expect("an award");
    assert_eq!(
        (&awarded["actor_id"], &awarded["data"]["reason"]),
        (&Value::Null, &json!("Most of it is sheep"))
    );
    let words = "select count(*) from notifications where template = 'dispute_awarded'
        and params->>'reason' = 'Most of it is sheep'";
    assert!(app.database.number(words).await >= 2);
    app.assert_sound().await;
}
