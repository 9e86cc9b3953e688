//! Rate limits in Redis: concurrent takes, expiry, and outages without waiting.

use std::time::Duration;

use amana_redis::{Away, Limiter, RateRule, Taken};
use tokio::time::{Instant, sleep};

use crate::server::{STEP_LIMIT, Server};

const RULE: RateRule = RateRule { name: "test", limit: 10, window: Duration::from_secs(60) };
const NOW_MS: i64 = 1_763_708_400_000;

fn taken(granted: u32, left: u32, reset_s: u64) -> Taken {
    Taken { granted, left, reset: Duration::from_secs(reset_s) }
}

#[tokio::test]
async fn a_window_begins_with_the_first_take_and_ends() {
    let server = Server::start();
    let limiter = Limiter::new(&server.transport().await);
    let take = async |wanted, at_s: i64| {
        limiter.take(&RULE, &["a"], wanted, NOW_MS + at_s * 1_000).await.expect("an answer")
    };
    assert_eq!(take(3, 0).await, taken(3, 7, 60));
    assert_eq!(take(4, 20).await, taken(4, 3, 40));
    assert_eq!(take(5, 59).await, taken(3, 0, 1));
    assert_eq!(take(1, 59).await, taken(0, 0, 1));
    assert_eq!(take(1, 60).await, taken(1, 9, 60));
    // A process with a slow clock neither starts a new window nor gets a longer reset time.
    assert_eq!(take(1, 50).await, taken(1, 8, 60));
    assert_eq!(limiter.take(&RULE, &["b"], 1, NOW_MS).await, Ok(taken(1, 9, 60)));
}

#[tokio::test]
async fn several_budgets_give_what_the_least_of_them_has() {
    let server = Server::start();
    let limiter = Limiter::new(&server.transport().await);
    let take = async |subjects: &[&str], wanted| {
        limiter.take(&RULE, subjects, wanted, NOW_MS).await.expect("an answer")
    };
    assert_eq!(take(&["name"], 8).await, taken(8, 2, 60));
    assert_eq!(take(&["name", "address"], 3).await, taken(2, 0, 60));
    assert_eq!(take(&["name", "address"], 1).await, taken(0, 0, 60));
    assert_eq!(take(&["address"], 0).await, taken(0, 8, 60));
    limiter.give_back(&RULE, &["name", "address"], NOW_MS).await.expect("an answer");
    assert_eq!(take(&["name", "address"], 5).await, taken(1, 0, 60));
    limiter.clear(&RULE, "name").await.expect("an answer");
    assert_eq!(take(&["name", "address"], 20).await, taken(8, 0, 60));
    for _ in 0..30 {
        limiter.give_back(&RULE, &["name"], NOW_MS).await.expect("an answer");
    }
    assert_eq!(take(&["name"], 20).await, taken(10, 0, 60), "never more than the limit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_many_take_at_once_is_no_more_than_there_is() {
    let server = Server::start();
    let limiter = Limiter::new(&server.transport().await);
    let takers: Vec<_> = (0..50)
        .map(|_| {
            let limiter = limiter.clone();
            tokio::spawn(async move { limiter.take(&RULE, &["a"], 1, NOW_MS).await })
        })
        .collect();
    let mut granted = 0;
    for taker in takers {
        granted += taker.await.expect("join").expect("an answer").granted;
    }
    assert_eq!(granted, 10);
}

#[tokio::test]
async fn budgets_are_forgotten_by_themselves() {
    let server = Server::start();
    let limiter = Limiter::new(&server.transport().await);
    let short = RateRule { window: Duration::from_millis(200), ..RULE };
    limiter.take(&short, &["a"], 1, NOW_MS).await.expect("an answer");
    assert_eq!(server.command::<u64>(&["DBSIZE"]).await, 1);
    let since = Instant::now();
    while server.command::<u64>(&["DBSIZE"]).await > 0 {
        assert!(since.elapsed() < STEP_LIMIT, "the key never expires");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn an_outage_is_noticed_once_and_its_end_too() {
    let mut server = Server::start();
    let limiter = Limiter::new(&server.transport().await);
    server.kill();
    assert_eq!(limiter.take(&RULE, &["a"], 1, NOW_MS).await, Err(Away));
    let since = Instant::now();
    for _ in 0..1_000 {
        assert_eq!(limiter.take(&RULE, &["a"], 1, NOW_MS).await, Err(Away));
    }
    assert!(
        since.elapsed() < Duration::from_secs(2),
        "callers wait during an outage: {:?}",
        since.elapsed()
    );
    server.restart();
    while limiter.take(&RULE, &["a"], 1, NOW_MS).await.is_err() {
        assert!(since.elapsed() < STEP_LIMIT, "the end of the outage is not noticed");
        sleep(Duration::from_millis(50)).await;
    }
}
