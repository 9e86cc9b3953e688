//! Ended sessions whose access tokens have not expired yet, read once per second and checked on every call.
//!
//! So a call needs no database query for its token. The server that ended a session rejects its tokens immediately, all
//! others within a second.

use crate::polled::{Polled, Source};
use crate::tokens::TOKEN_TTL;
use amana_domain::id::SessionId;
use amana_postgres::{Clock, Error, Store};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashSet;
use std::time::Duration;

/// Maximum difference between the clocks of two servers.
const CLOCKS_DIFFER_MAX: TimeDelta = TimeDelta::minutes(1);

/// 32 MiB at most. Tokens of older ended sessions beyond this number would stay valid until they expire.
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

/// Returns the time before which all tokens of ended sessions have expired.
fn oldest(now: DateTime<Utc>) -> DateTime<Utc> {
    TOKEN_TTL
        .checked_add(&CLOCKS_DIFFER_MAX)
        .and_then(|back| now.checked_sub_signed(back))
        .unwrap_or(now)
}
