//! Test harness: a private PostgreSQL and Redis per test binary; a database, a Redis namespace, a sandbox, an API and a
//! worker per test.

mod app;
mod approvals;
mod client;
mod clock;
mod codes;
mod deals;
mod disputes;
mod door;
mod entry;
mod gate;
mod keys;
mod kyc;
mod lines;
mod operator;
mod organisations;
mod places;
mod provider;
mod raw;
mod secrets;
mod servers;
mod services;
mod wire;
mod worker;

pub use app::{App, AppBuilder};
pub use client::{Answer, PASSWORD, Person, race_rounds};
pub use codes::another_code;
pub use deals::{DealPlan, Funded};
pub use disputes::Disputed;
pub use door::Door;
pub use entry::Said;
pub use gate::Gate;
pub use keys::Key;
pub use kyc::PNG;
pub use lines::Lines;
pub use operator::Caught;
pub use provider::{accepted, failed_prompt, paid_bill, paid_prompt, payout_result};
pub use secrets::{assert_nothing_given_away, given_away, read_logs};
pub use servers::{Database, master_keys, namespace, redis_url, servers};
pub use services::{JWT_SECRET, MASTER_KEY, SUPPORT_CONTACT, api_config};
pub use wire::Wire;
pub use worker::{TEST_LEASE, WorkerProcess, amana_binary, settings};

use std::future::Future;
use std::time::{Duration, Instant};

/// The time limit for an expected event.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The pauses between polls. They increase, because each poll takes CPU time from the system under test.
const LOOK_PAUSE_MIN: Duration = Duration::from_millis(10);
const LOOK_PAUSE_MAX: Duration = Duration::from_millis(60);

/// Polls until `check` returns a value; panics with `what` after [`PATIENCE`].
pub async fn eventually<T, F, Fut>(what: &str, mut check: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + PATIENCE;
    let mut pause = LOOK_PAUSE_MIN;
    loop {
        if let Some(found) = check().await {
            return found;
        }
        assert!(Instant::now() < deadline, "timeout after {PATIENCE:?}: {what}");
        tokio::time::sleep(pause).await;
        pause = (pause + LOOK_PAUSE_MIN).min(LOOK_PAUSE_MAX);
    }
}
