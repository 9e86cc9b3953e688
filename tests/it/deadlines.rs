//! Deadlines of deals hold exactly, before and after their timer runs, and silence has a defined
//! outcome.

use amana_harness::{App, DealPlan, Person, eventually};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// Moves the clock of API and worker just past a deadline, and logs the people in again.
async fn pass(app: &App, due_at: &Value, people: &mut [&mut Person]) {
    let due_at: DateTime<Utc> = due_at.as_str().expect("a deadline").parse().expect("a time");
    app.advance(due_at - app.clock.now() + TimeDelta::seconds(2), people).await;
}

async fn two_people(app: &App) -> (Person, Person) {
    (app.person("Amina").await, app.person("Juma").await)
}

async fn deal_of(app: &App, person: &Person, deal: &str) -> Value {
    app.get(person, &format!("/v1/deals/{deal}")).await.expect(200)
}

/// The seller offers and the buyer agrees too late; then the timer expires the deal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agreeing_too_late_is_refused_before_and_after_the_timer() {
    let app = App::builder().without_worker().start().await;
    let (mut buyer, seller) = two_people(&app).await;
    let draft = app.draft(&buyer, &seller, &DealPlan::default()).await;
    let id = draft["id"].as_str().expect("an id");
    let proposed =
        app.post(&seller, &format!("/v1/deals/{id}/propose"), Value::Null).await.expect(200);
    pass(&app, &proposed["due_at"], &mut [&mut buyer]).await;
    let agree = format!("/v1/deals/{id}/agree");
    assert_eq!(app.post(&buyer, &agree, json!({ "revision": 1 })).await.problem(), "too_late");
    assert_eq!(deal_of(&app, &buyer, id).await["state"], "proposed");
    app.run_due_jobs().await;
    assert_eq!(deal_of(&app, &buyer, id).await["state"], "expired");
    let late = app.post(&buyer, &agree, json!({ "revision": 1 })).await;
    assert_eq!((late.status.as_u16(), late.problem()), (409, "wrong_state"));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paying_too_late_is_refused_and_the_deal_expires() {
    let app = App::start().await;
    let (mut buyer, mut seller) = two_people(&app).await;
    app.top_up(&buyer, 150_000).await;
    let id = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    let due_at = deal_of(&app, &buyer, &id).await["due_at"].clone();
    pass(&app, &due_at, &mut [&mut buyer, &mut seller]).await;
    for method in ["wallet", "mpesa"] {
        let body = json!({ "method": method });
        let late = app.post(&buyer, &format!("/v1/deals/{id}/fund"), body).await;
        assert_eq!(late.status, 409);
        // The worker may have expired it by now.
        assert!(["too_late", "wrong_state"].contains(&late.problem()));
    }
    app.wait_for_deal(&seller, &id, "expired").await;
    assert_eq!(app.balance(&buyer).await, (150_000, 0));
    app.assert_sound().await;
}

/// Without an answer from the buyer after delivery, the seller is paid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_after_delivery_releases() {
    let app = App::start().await;
    let (mut buyer, mut seller) = two_people(&app).await;
    app.top_up(&buyer, 150_000).await;
    let id = app.funded_from_wallet(&buyer, &seller, &DealPlan::default()).await;
    let part = app.milestones(&buyer, &id).await.remove(0);
    let deliver = format!("/v1/deals/{id}/milestones/{part}/deliver");
    let delivered = app.post(&seller, &deliver, Value::Null).await.expect(200);
    pass(&app, &delivered["milestones"][0]["due_at"], &mut [&mut buyer, &mut seller]).await;
    app.wait_for_deal(&seller, &id, "released").await;
    assert_eq!(app.balance(&seller).await, (147_750, 0));
    let page = app.get(&buyer, &format!("/v1/deals/{id}/timeline")).await.expect(200);
    let released = page["items"]
        .as_array()
        .and_then(|all| all.iter().find(|e| e["kind"] == "milestone.released"));
    assert_eq!(
        released.expect("released")["actor_id"],
        Value::Null,
        "expected no actor of a release by timer"
    );
    app.assert_sound().await;
}

/// The seller delivers one part only; the buyer is refunded for the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_instead_of_delivery_refunds() {
    let app = App::start().await;
    let (mut buyer, mut seller) = two_people(&app).await;
    app.top_up(&buyer, 203_000).await;
    let plan = DealPlan { milestones: vec![120_000, 80_000], fee_payer: "buyer" };
    let id = app.funded_from_wallet(&buyer, &seller, &plan).await;
    let parts = app.milestones(&buyer, &id).await;
    let path = format!("/v1/deals/{id}/milestones");
    app.post(&seller, &format!("{path}/{}/deliver", parts[0]), Value::Null).await.expect(200);
    app.post(&buyer, &format!("{path}/{}/release", parts[0]), Value::Null).await.expect(200);
    let due_at = deal_of(&app, &buyer, &id).await["milestones"][1]["due_at"].clone();
    pass(&app, &due_at, &mut [&mut buyer, &mut seller]).await;
    let late = app.post(&seller, &format!("{path}/{}/deliver", parts[1]), Value::Null).await;
    assert_eq!(late.status, 409);
    assert!(["too_late", "wrong_state"].contains(&late.problem()));
    let over = app.wait_for_deal(&buyer, &id, "released").await;
    assert_eq!(over["milestones"][1]["state"], "refunded");
    assert_eq!(app.balance(&buyer).await, (81_200, 0));
    assert_eq!(app.balance(&seller).await, (120_000, 0));
    app.assert_sound().await;
}

/// The buyer releases in time, so the later timer changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timer_without_a_subject_does_nothing() {
    let app = App::start().await;
    let (mut buyer, mut seller) = two_people(&app).await;
    app.top_up(&buyer, 150_000).await;
    let id = app.funded_from_wallet(&buyer, &seller, &DealPlan::default()).await;
    let funded = deal_of(&app, &buyer, &id).await;
    let part = app.milestones(&buyer, &id).await.remove(0);
    let release = format!("/v1/deals/{id}/milestones/{part}/release");
    app.post(&buyer, &release, Value::Null).await.expect(200);
    pass(&app, &funded["milestones"][0]["due_at"], &mut [&mut buyer, &mut seller]).await;
    let waiting = "select count(*) from jobs where kind = 'expire_deal' and state <> 'done'";
    eventually("the timers have run", || async {
        (app.database.number(waiting).await == 0).then_some(())
    })
    .await;
    assert_eq!(deal_of(&app, &buyer, &id).await["state"], "released");
    assert_eq!(app.balance(&seller).await, (147_750, 0));
    app.assert_sound().await;
}
