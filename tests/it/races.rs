//! Pairs of concurrent commands that exclude each other: one succeeds, in many rounds.

use amana_harness::{Answer, App, DealPlan, Person};
use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};
use std::sync::Arc;

const ROUNDS: usize = 12;

/// Sends both calls as close together as possible.
async fn together(app: &App, calls: [(&Person, String); 2]) -> [Answer; 2] {
    app.together(calls.map(|(person, path)| {
        let body = if path.ends_with("/agree") { json!({ "revision": 1 }) } else { Value::Null };
        (person, path, body)
    }))
    .await
}

/// Returns the index of the successful call. Asserts that the other one was too late for the state.
#[track_caller]
fn winner(answers: &[Answer; 2]) -> usize {
    let won = answers.iter().position(|a| a.status == 200).expect("one of them wins");
    let lost = &answers[1 - won];
    assert_eq!((lost.status.as_u16(), lost.problem()), (409, "wrong_state"));
    won
}

struct World {
    app: Arc<App>,
    buyer: Person,
    seller: Person,
}

impl World {
    async fn with_money(minor: i64) -> Self {
        let app = Arc::new(App::start().await);
        let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
        if minor > 0 {
            app.top_up(&buyer, minor).await;
        }
        Self { app, buyer, seller }
    }

    async fn funded(&self) -> (String, String) {
        let plan = DealPlan { milestones: vec![10_000], fee_payer: "seller" };
        let deal = self.app.funded_from_wallet(&self.buyer, &self.seller, &plan).await;
        let part = self.app.milestones(&self.buyer, &deal).await.remove(0);
        (format!("/v1/deals/{deal}"), format!("/v1/deals/{deal}/milestones/{part}"))
    }

    async fn state(&self, deal: &str) -> Value {
        self.app.get(&self.buyer, deal).await.expect(200)
    }
}

/// A deal of twenty parts, each released twice concurrently under two keys: each is paid once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_releases_of_a_milestone_pay_once() {
    let World { app, buyer, seller } = World::with_money(200_000).await;
    let plan = DealPlan { milestones: vec![10_000; 20], fee_payer: "seller" };
    let deal = app.funded_from_wallet(&buyer, &seller, &plan).await;
    for part in app.milestones(&buyer, &deal).await {
        let path = format!("/v1/deals/{deal}/milestones/{part}/release");
        winner(&together(&app, [(&buyer, path.clone()), (&buyer, path)]).await);
    }
    assert_eq!(app.balance(&seller).await, (197_000, 0));
    app.wait_for_deal(&seller, &deal, "released").await;
    app.assert_sound().await;
}

/// Cancelling is possible before and after agreeing, but agreeing only before cancelling, so the
/// deal ends cancelled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agreeing_and_cancelling_leave_one_truth() {
    let World { app, buyer, seller } = World::with_money(0).await;
    for round in 0..ROUNDS {
        let draft = app.draft(&buyer, &seller, &DealPlan::default()).await;
        let deal = format!("/v1/deals/{}", draft["id"].as_str().expect("an id"));
        app.post(&seller, &format!("{deal}/propose"), Value::Null).await.expect(200);
        let mut calls = [(&buyer, format!("{deal}/agree")), (&seller, format!("{deal}/cancel"))];
        calls.rotate_left(round % 2);
        let mut answers = together(&app, calls).await;
        answers.rotate_left(round % 2);
        let [agreed, cancelled] = &answers;
        assert_eq!(cancelled.status, 200, "{:#}", cancelled.body);
        let events = app.get(&buyer, &format!("{deal}/timeline")).await.expect(200);
        let names: Vec<&str> = events["items"]
            .as_array()
            .expect("events")
            .iter()
            .filter_map(|e| e["kind"].as_str())
            .collect();
        if agreed.status == 200 {
            assert_eq!(names[2..], ["deal.agreed", "deal.cancelled"]);
        } else {
            assert_eq!(agreed.problem(), "wrong_state");
            assert_eq!(names[2..], ["deal.cancelled"]);
        }
        assert_eq!(app.get(&buyer, &deal).await.expect(200)["state"], "cancelled");
    }
    app.assert_sound().await;
}

/// The seller has requested cancellation. The buyer consents while the seller delivers. Either the
/// buyer is refunded, or the delivery stands and the request is void.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delivering_and_consenting_to_cancel_leave_one_truth() {
    let world = World::with_money(10_000 * 12).await;
    let World { app, buyer, seller } = &world;
    let mut refunds = 0;
    for round in 0..ROUNDS {
        let (deal, part) = world.funded().await;
        app.post(seller, &format!("{deal}/mutual-cancel"), Value::Null).await.expect(200);
        let mut calls =
            [(seller, format!("{part}/deliver")), (buyer, format!("{deal}/mutual-cancel"))];
        calls.rotate_left(round % 2);
        let mut answers = together(app, calls).await;
        answers.rotate_left(round % 2);
        let [delivered, cancelled] = &answers;
        assert_eq!(cancelled.status, 200, "{:#}", cancelled.body);
        let after = world.state(&deal).await;
        if delivered.status == 200 {
            assert_eq!(
                (&after["state"], &after["cancellation_requested_by"]),
                (&json!("delivered"), &json!("buyer"))
            );
        } else {
            assert_eq!(delivered.problem(), "wrong_state");
            assert_eq!(after["state"], "refunded");
            refunds += 1;
        }
    }
    assert_eq!(app.balance(buyer).await, (refunds * 10_000, 0));
    app.assert_sound().await;
}

/// The buyer has requested cancellation and then releases, while the seller consents: the deal is
/// paid or refunded, not both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn releasing_and_consenting_to_cancel_pay_one_side() {
    let world = World::with_money(10_000 * 12).await;
    let World { app, buyer, seller } = &world;
    let mut released = 0;
    for round in 0..ROUNDS {
        let (deal, part) = world.funded().await;
        app.post(buyer, &format!("{deal}/mutual-cancel"), Value::Null).await.expect(200);
        let mut calls =
            [(buyer, format!("{part}/release")), (seller, format!("{deal}/mutual-cancel"))];
        calls.rotate_left(round % 2);
        let mut answers = together(app, calls).await;
        answers.rotate_left(round % 2);
        let expected = if winner(&answers) == 0 { "released" } else { "refunded" };
        assert_eq!(world.state(&deal).await["state"], expected);
        released += i64::from(expected == "released");
    }
    let rounds = i64::try_from(ROUNDS).expect("few");
    assert_eq!(app.balance(seller).await, (released * 9_850, 0));
    assert_eq!(app.balance(buyer).await, ((rounds - released) * 10_000, 0));
    app.assert_sound().await;
}

/// One wallet holds money for one of two deals: one is funded, and the other is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_money_funds_one_deal() {
    let World { app, buyer, seller } = World::with_money(150_000).await;
    let one = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    let other = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    let fund = |deal: &str| {
        let (app, buyer, path) =
            (Arc::clone(&app), buyer.clone(), format!("/v1/deals/{deal}/fund"));
        tokio::spawn(async move { app.post(&buyer, &path, json!({ "method": "wallet" })).await })
    };
    let (one, other) = (fund(&one), fund(&other));
    let mut answers = [one.await.expect("an answer"), other.await.expect("an answer")];
    answers.sort_by_key(|answer| answer.status.as_u16());
    assert_eq!(answers[0].status, 200, "{:#}", answers[0].body);
    assert_eq!((answers[1].status.as_u16(), answers[1].problem()), (422, "insufficient_funds"));
    assert_eq!(app.balance(&buyer).await, (0, 0));
    app.assert_sound().await;
}

/// A deal stays locked for longer than the lock timeout: the call fails as a whole, and can be
/// repeated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deal_that_is_locked_for_long_is_unavailable() {
    let world = World::with_money(10_000).await;
    let (deal, part) = world.funded().await;
    let World { app, buyer, seller } = &world;
    let mut holder = app.database.connection().await;
    holder.batch_execute("begin; select from deals for update").await.expect("locked");
    let path = format!("{part}/release");
    let refused = app.post_keyed(buyer, &path, "k-1", Value::Null).await;
    assert_eq!((refused.status.as_u16(), refused.problem()), (503, "unavailable"));
    assert!(refused.headers.contains_key("retry-after"));
    holder.batch_execute("rollback").await.expect("unlocked");
    app.post_keyed(buyer, &path, "k-1", Value::Null).await.expect(200);
    assert_eq!(world.state(&deal).await["state"], "released");
    assert_eq!(app.balance(seller).await, (9_850, 0));
    app.assert_sound().await;
}
