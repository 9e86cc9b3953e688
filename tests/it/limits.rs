//! Limits: remaining amounts, refusals, and concurrent calls.

use amana_harness::{Answer, App, Person};
use chrono::{TimeDelta, Timelike};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Barrier;

/// Limits small enough to reach in a test.
const SMALL: &str = "update tier_limits set transaction_minor_max = 50000, day_minor_max = 100000, \
    balance_minor_max = 200000 where tier = 'starter'";

struct World {
    app: Arc<App>,
    amina: Person,
    operator: Person,
}

impl World {
    /// Creates Amina with small limits and this balance.
    async fn with_money(minor: i64) -> Self {
        let app = Arc::new(App::start().await);
        let (amina, operator) = (app.person("Amina").await, app.operator().await);
        app.top_up(&amina, minor).await;
        app.database.execute(SMALL).await;
        let world = Self { app, amina, operator };
        world.app.put_on_tier(&world.operator, &world.amina, "starter").await;
        world
    }

    async fn move_money(&self, path: &str, minor: i64) -> Answer {
        let body = json!({ "amount": { "amount": minor, "currency": "KES" } });
        self.app.post(&self.amina, path, body).await
    }

    async fn withdraw(&self, minor: i64) -> Answer {
        self.move_money("/v1/withdrawals", minor).await
    }

    async fn deposit(&self, minor: i64) -> Answer {
        self.move_money("/v1/wallet/deposits", minor).await
    }

    /// Returns spent today, left today, and room in the wallet.
    async fn left(&self) -> [i64; 3] {
        let limits = self.app.get(&self.amina, "/v1/limits").await.expect(200);
        let kes = limits["limits"][0].clone();
        assert_eq!(kes["currency"], "KES");
        ["spent_today", "remaining_today", "balance_remaining"]
            .map(|name| kes[name]["amount"].as_i64().expect("a number"))
    }
}

#[track_caller]
fn refused(answer: &Answer, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (422, code), "{:#}", answer.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_tell_what_is_left() {
    let world = World::with_money(120_000).await;
    let limits = world.app.get(&world.amina, "/v1/limits").await.expect(200);
    let kes = |minor: i64| json!({ "amount": minor, "currency": "KES" });
    assert_eq!(
        limits,
        json!({ "tier": "starter", "limits": [{
            "currency": "KES", "transaction_max": kes(50_000), "day_max": kes(100_000),
            "spent_today": kes(0), "remaining_today": kes(100_000),
            "balance_max": kes(200_000), "balance_remaining": kes(80_000),
        }] })
    );
    world.withdraw(30_000).await.expect(202);
    // Held money counts towards the balance limit until it has left.
    let [spent, left, _] = world.left().await;
    assert_eq!((spent, left), (30_000, 70_000));
    world.app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_itself_can_be_reached_and_not_passed() {
    let world = World::with_money(200_000).await;
    refused(&world.withdraw(50_100).await, "transaction_limit");
    world.withdraw(50_000).await.expect(202);
    world.withdraw(40_000).await.expect(202);
    refused(&world.withdraw(10_100).await, "daily_limit");
    assert_eq!(world.left().await[..2], [90_000, 10_000]);
    world.withdraw(10_000).await.expect(202);
    refused(&world.withdraw(1_000).await, "daily_limit");
    assert_eq!(world.left().await[..2], [100_000, 0]);
    world.app.assert_sound().await;
}

/// Ten concurrent calls, each of a fifth of the daily limit: five succeed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn withdrawals_at_once_do_not_pass_the_day_together() {
    let world = Arc::new(World::with_money(200_000).await);
    let barrier = Arc::new(Barrier::new(10));
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let (world, barrier) = (Arc::clone(&world), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                world.withdraw(20_000).await
            })
        })
        .collect();
    let mut accepted = 0;
    for call in calls {
        let answer = call.await.expect("an answer");
        match answer.status.as_u16() {
            202 => accepted += 1,
            _ => refused(&answer, "daily_limit"),
        }
    }
    assert_eq!(accepted, 5);
    assert_eq!(world.left().await[..2], [100_000, 0]);
    world.app.assert_sound().await;
}

/// The day of limits begins at midnight in Nairobi, which is 21:00 UTC.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_day_begins_at_midnight_in_nairobi() {
    let mut world = World::with_money(200_000).await;
    let seconds_to = |hour: u32| {
        let now = world.app.clock.now();
        let day = 24 * 3600;
        let passed = i64::from(now.num_seconds_from_midnight());
        (i64::from(hour) * 3600 - passed + day) % day
    };
    // 20:45 UTC.
    let to_evening = TimeDelta::seconds((seconds_to(21) - 900).rem_euclid(24 * 3600));
    let app = Arc::clone(&world.app);
    app.advance(to_evening, &mut [&mut world.amina]).await;
    world.withdraw(50_000).await.expect(202);
    world.withdraw(50_000).await.expect(202);
    refused(&world.withdraw(1_000).await, "daily_limit");
    app.advance(TimeDelta::minutes(16), &mut [&mut world.amina]).await;
    assert_eq!(world.left().await[..2], [0, 100_000]);
    world.withdraw(10_000).await.expect(202);
    // Midnight in UTC does not begin a new day.
    app.advance(TimeDelta::hours(4), &mut [&mut world.amina]).await;
    assert_eq!(world.left().await[..2], [10_000, 90_000]);
    world.app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deposit_that_does_not_fit_is_not_asked_for() {
    let world = World::with_money(120_000).await;
    let before = world.app.database.number("select count(*) from payments").await;
    refused(&world.deposit(80_100).await, "balance_limit");
    assert_eq!(world.app.database.number("select count(*) from payments").await, before);
    world.app.fault(&world.amina.phone, "approve", 1).await;
    let paid = world.deposit(80_000).await.expect(202);
    let id = paid["id"].as_str().expect("an id");
    world.app.wait_for_payment(&world.amina, id, "succeeded").await;
    assert_eq!(world.left().await[2], 0);
    refused(&world.deposit(100).await, "balance_limit");
    world.app.assert_sound().await;
}

/// The balance limit was lowered after the deposit was requested; the paid money is still credited.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_arrives_is_credited_beyond_the_cap() {
    let world = World::with_money(120_000).await;
    let paid = world.deposit(80_000).await.expect(202);
    let lower = "update tier_limits set balance_minor_max = 130000 where tier = 'starter'";
    world.app.database.execute(lower).await;
    world.app.approve_prompt(&world.amina.phone).await;
    let id = paid["id"].as_str().expect("an id");
    world.app.wait_for_payment(&world.amina, id, "succeeded").await;
    assert_eq!(world.app.balance(&world.amina).await, (200_000, 0));
    assert_eq!(world.left().await, [0, 100_000, 0]);
    world.app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tier_counts_from_the_next_call_on() {
    let world = World::with_money(200_000).await;
    refused(&world.withdraw(60_000).await, "transaction_limit");
    world.app.put_on_tier(&world.operator, &world.amina, "business").await;
    let path = format!("/v1/operator/users/{}", world.amina.id);
    assert_eq!(world.app.get(&world.operator, &path).await.expect(200)["tier"], "business");
    world.withdraw(60_000).await.expect(202);
    let records = world.app.store.audit_of(&world.amina.id).await.expect("records");
    // Reads are recorded too.
    let last = records.iter().rfind(|one| one.kind != "user.viewed").expect("a record");
    assert_eq!((&*last.actor(), &*last.kind), (&*world.operator.id, "user.tier_changed"));
    let data = json!({ "from": "starter", "to": "business", "note": "looked into" });
    assert_eq!(last.data, data);
    world.app.assert_sound().await;
}

/// A tier without limits in a currency cannot move money in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_currency_that_the_tier_does_not_carry_is_refused() {
    let world = World::with_money(120_000).await;
    world.app.database.execute("delete from tier_limits where tier = 'starter'").await;
    for answer in [world.deposit(10_000).await, world.withdraw(10_000).await] {
        refused(&answer, "unsupported_currency");
    }
    let limits = world.app.get(&world.amina, "/v1/limits").await.expect(200);
    assert_eq!(limits, json!({ "tier": "starter", "limits": [] }));
    assert_eq!(world.app.balance(&world.amina).await, (120_000, 0));
    let nothing: Value = json!([]);
    assert_eq!(world.app.get(&world.amina, "/v1/withdrawals").await.expect(200)["items"], nothing);
    world.app.assert_sound().await;
}
