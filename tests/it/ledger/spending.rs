//! Concurrent spending from one wallet, and between two wallets in both directions.

use amana_harness::{Answer, App, DealPlan};
use serde_json::json;
use std::sync::Arc;
use tokio::task::JoinSet;

const WITHDRAWALS: usize = 60;
const DEALS: usize = 10;

fn kes(minor: i64) -> serde_json::Value {
    json!({ "amount": { "amount": minor, "currency": "KES" } })
}

/// PostgreSQL's own count of deadlocks, which includes those that were retried.
const DEADLOCKS: &str = "select deadlocks from pg_stat_database where datname = current_database()";

fn succeeded(answers: &[Answer], status: u16) -> i64 {
    let mut count = 0;
    for answer in answers {
        if answer.status.as_u16() == status {
            count += 1;
        } else {
            assert_eq!(answer.problem(), "insufficient_funds", "{:#}", answer.body);
        }
    }
    count
}

/// Sixty withdrawals of KES 10 and ten purchases of KES 20 compete for KES 500. As many succeed as
/// the balance allows, to the cent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_is_spent_to_the_last_cent_and_never_below() {
    let mut app = App::start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    app.top_up(&buyer, 50_000).await;
    let mut deals = vec![];
    let plan = DealPlan { milestones: vec![2_000], ..DealPlan::default() };
    for _ in 0..DEALS {
        deals.push(app.agreed(&buyer, &seller, &plan).await);
    }
    // No money may return while the results are counted.
    app.stop_worker().await;
    let app = Arc::new(app);
    let mut spending = JoinSet::new();
    for n in 0..WITHDRAWALS {
        let (app, buyer) = (app.clone(), buyer.clone());
        spending.spawn(async move {
            let key = format!("out-{n}");
            (n, app.post_until_served(&buyer, "/v1/withdrawals", &key, kes(1_000)).await)
        });
    }
    for (n, deal) in deals.into_iter().enumerate() {
        let (app, buyer, path) = (app.clone(), buyer.clone(), format!("/v1/deals/{deal}/fund"));
        spending.spawn(async move {
            let (key, wallet) = (format!("deal-{n}"), json!({ "method": "wallet" }));
            (WITHDRAWALS + n, app.post_until_served(&buyer, &path, &key, wallet).await)
        });
    }
    let (mut out, mut bought) = (vec![], vec![]);
    while let Some(done) = spending.join_next().await {
        let (n, answer) = done.expect("an answer");
        if n < WITHDRAWALS { &mut out } else { &mut bought }.push(answer);
    }
    let (out, bought) = (succeeded(&out, 202), succeeded(&bought, 200));
    assert_eq!(out * 1_000 + bought * 2_000, 50_000, "{out} withdrawals, {bought} deals");
    assert_eq!(app.balance(&buyer).await, (0, out * 1_000));
    assert_eq!(app.database.number(DEADLOCKS).await, 0);
    app.assert_sound().await;
}

/// Two users buy from each other and release concurrently, so every transaction needs accounts that
/// another one locks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_that_cross_do_not_block_each_other() {
    let mut app = App::start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.top_up(&amina, 100_000).await;
    app.top_up(&juma, 100_000).await;
    let plan = DealPlan { milestones: vec![1_000], fee_payer: "shared" };
    let mut deals = vec![];
    for _ in 0..DEALS {
        for (buyer, seller) in [(&amina, &juma), (&juma, &amina)] {
            let deal = app.agreed(buyer, seller, &plan).await;
            let milestone = app.milestones(buyer, &deal).await.remove(0);
            deals.push((buyer.clone(), deal, milestone));
        }
    }
    app.stop_worker().await;
    let app = Arc::new(app);
    let mut running = JoinSet::new();
    for (buyer, deal, milestone) in deals {
        let app = app.clone();
        running.spawn(async move {
            let path = format!("/v1/deals/{deal}");
            let (fund, key) = (format!("{path}/fund"), format!("fund-{deal}"));
            let wallet = json!({ "method": "wallet" });
            app.post_until_served(&buyer, &fund, &key, wallet).await.expect(200);
            let (release, key) =
                (format!("{path}/milestones/{milestone}/release"), format!("release-{milestone}"));
            app.post_until_served(&buyer, &release, &key, serde_json::Value::Null)
                .await
                .expect(200);
        });
    }
    while let Some(done) = running.join_next().await {
        done.expect("funded and released");
    }
    // KES 10 at 1.5 % are 15 cents: the buyer pays 7 and the seller 8.
    let fees = i64::try_from(DEALS).expect("small") * 2 * 15;
    let (amina, juma) = (app.balance(&amina).await, app.balance(&juma).await);
    assert_eq!((amina, juma), ((100_000 - fees / 2, 0), (100_000 - fees / 2, 0)));
    assert_eq!(app.database.number(DEADLOCKS).await, 0);
    app.assert_sound().await;
}
