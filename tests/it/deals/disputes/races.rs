//! Concurrent commands about one milestone.

use amana_harness::{Answer, App, DealPlan, Person, race_rounds};
use serde_json::{Value, json};

/// Number of parts of the deal; each is one round.
const PARTS: usize = 20;

struct World {
    app: App,
    buyer: Person,
    seller: Person,
}

impl World {
    async fn new() -> Self {
        let app = App::builder().without_worker().start().await;
        let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
        Self { app, buyer, seller }
    }

    /// Creates a funded deal. Returns its id and those of its parts.
    async fn funded(&self) -> (String, Vec<String>) {
        let plan = DealPlan { milestones: vec![10_000; PARTS], fee_payer: "buyer" };
        self.app.given(&self.buyer, 203_000, self.app.clock.now()).await;
        let deal = self.app.funded_from_wallet(&self.buyer, &self.seller, &plan).await;
        let parts = self.app.milestones(&self.buyer, &deal).await;
        let parts = parts.iter().map(|part| format!("/v1/deals/{deal}/milestones/{part}"));
        let parts = parts.collect();
        (deal, parts)
    }
}

#[track_caller]
fn lost(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (409, "wrong_state"));
}

/// The buyer releases while the seller disputes: exactly one succeeds, and the other gets the
/// present state.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn releasing_and_disputing_at_once_have_one_winner() {
    let world = World::new().await;
    let (app, buyer, seller) = (&world.app, &world.buyer, &world.seller);
    let mut opened = 0;
    for _ in 0..race_rounds() / PARTS {
        let (_, parts) = world.funded().await;
        for (n, part) in parts.iter().enumerate() {
            let reason = json!({ "reason": "The buyer does not answer" });
            let mut calls = [
                (buyer, format!("{part}/release"), Value::Null),
                (seller, format!("{part}/dispute"), reason),
            ];
            calls.rotate_left(n % 2);
            let mut answers = app.together(calls).await;
            answers.rotate_left(n % 2);
            let (loser, state) = match answers[0].status.as_u16() {
                200 => (&answers[1], "released"),
                _ => (&answers[0], "disputed"),
            };
            lost(loser);
            assert!(
                loser.body["detail"].as_str().expect("words").contains(state),
                "{:#}",
                loser.body
            );
            opened += i64::from(state == "disputed");
        }
    }
    let parts = i64::try_from(race_rounds() / PARTS * PARTS).expect("a number");
    assert_eq!(app.balance(seller).await, ((parts - opened) * 10_000, 0));
    assert_eq!(app.balance(buyer).await, (0, 0));
    assert_eq!(app.database.number("select count(*) from disputes").await, opened);
    app.assert_sound().await;
}

/// The buyer releases while the seller refunds: exactly one succeeds, and the other gets the
/// present state.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn releasing_and_refunding_at_once_have_one_winner() {
    let world = World::new().await;
    let (app, buyer, seller) = (&world.app, &world.buyer, &world.seller);
    let (mut released, mut refunded) = (0, 0);
    for _ in 0..race_rounds() / PARTS {
        let (_, parts) = world.funded().await;
        for (n, part) in parts.iter().enumerate() {
            let mut calls = [
                (buyer, format!("{part}/release"), Value::Null),
                (seller, format!("{part}/refund"), Value::Null),
            ];
            calls.rotate_left(n % 2);
            let mut answers = app.together(calls).await;
            answers.rotate_left(n % 2);
            match answers.each_ref().map(|answer| answer.status.as_u16()) {
                [200, _] => {
                    lost(&answers[1]);
                    released += 1;
                }
                _ => {
                    assert_eq!(answers[1].status, 200, "{:#}", answers[1].body);
                    lost(&answers[0]);
                    refunded += 1;
                }
            }
        }
    }
    assert_eq!(app.balance(seller).await, (released * 10_000, 0));
    assert_eq!(app.balance(buyer).await, (refunded * 10_150, 0));
    app.assert_sound().await;
}
