//! Sessions that are over while access tokens of theirs are not: read once a second, asked at every call.
//!
//! So a token costs no look into the database, and one of an ended session is refused within a second
//! everywhere, and at once where the session was ended.

use crate::polled::{Polled, Source};
use crate::tokens::TOKEN_TTL;
use amana_domain::id::SessionId;
use amana_postgres::{Clock, Error, Store};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashSet;
use std::time::Duration;

/// Servers' clocks may differ by so much.
const CLOCKS_DIFFER_MAX: TimeDelta = TimeDelta::minutes(1);

/// 32 MiB at most. More sessions than that ended in a quarter of an hour would let old tokens live on.
const ENDED_MAX: i64 = 1_000_000;

pub(crate) type EndedSessions = Polled<Ended>;

#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
}

impl Source for Ended {
    type Value = HashSet<SessionId>;
    const NAME: &'static str = "ended sessions";
    const EVERY: Duration = Duration::from_secs(1);

    async fn read(&self) -> Result<Self::Value, Error> {
        let since = oldest(self.clock.now());
        Ok(self.store.ended_sessions(since, ENDED_MAX).await?.into_iter().collect())
    }
}

/// Tokens that were made before have run out.
fn oldest(now: DateTime<Utc>) -> DateTime<Utc> {
    TOKEN_TTL
        .checked_add(&CLOCKS_DIFFER_MAX)
        .and_then(|back| now.checked_sub_signed(back))
        .unwrap_or(now)
}
