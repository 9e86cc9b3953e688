//! Sessions that are over while access tokens of theirs are not: read once a second, asked at every call.
//!
//! So a token costs no look into the database, and one of an ended session is refused within a second
//! everywhere, and at once where the session was ended.

use crate::problem::ApiError;
use crate::tokens::TOKEN_TTL;
use amana_domain::id::SessionId;
use amana_postgres::{Clock, Error, Store};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const READ_EVERY: Duration = Duration::from_secs(1);

/// Servers' clocks may differ by so much.
const CLOCKS_DIFFER_MAX: TimeDelta = TimeDelta::minutes(1);

/// 32 MiB at most. More sessions than that ended in a quarter of an hour would let old tokens live on.
const ENDED_MAX: i64 = 1_000_000;

/// A server that has just started waits so long for the first list.
const FIRST_WAIT: Duration = Duration::from_secs(5);

type Ended = Option<Arc<HashSet<SessionId>>>;

#[derive(Debug)]
pub(crate) struct EndedSessions {
    store: Store,
    clock: Clock,
    latest: watch::Sender<Ended>,
}

impl EndedSessions {
    /// Reads the list for as long as anybody holds it.
    pub(crate) fn start(store: Store, clock: Clock) -> Arc<Self> {
        let this = Arc::new(Self { store, clock, latest: watch::Sender::new(None) });
        let reader = Arc::downgrade(&this);
        tokio::spawn(async move {
            while let Some(this) = reader.upgrade() {
                if let Err(error) = this.read().await {
                    tracing::warn!("ended sessions could not be read: {error}");
                }
                drop(this);
                tokio::time::sleep(READ_EVERY).await;
            }
        });
        this
    }

    /// Reads the list now: what has just been ended is in it.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub(crate) async fn read(&self) -> Result<(), Error> {
        let since = oldest(self.clock.now());
        let ids = self.store.ended_sessions(since, ENDED_MAX).await?;
        self.latest.send_replace(Some(Arc::new(ids.into_iter().collect())));
        Ok(())
    }

    /// # Errors
    /// `unavailable` if the list was never read.
    pub(crate) async fn contains(&self, session: SessionId) -> Result<bool, ApiError> {
        if let Some(ended) = self.latest.borrow().as_ref() {
            return Ok(ended.contains(&session));
        }
        let mut list = self.latest.subscribe();
        let first = tokio::time::timeout(FIRST_WAIT, list.wait_for(Option::is_some)).await;
        match first {
            Ok(Ok(ended)) => Ok(ended.as_ref().is_some_and(|ended| ended.contains(&session))),
            _ => Err(ApiError::unavailable()),
        }
    }
}

/// Tokens that were made before have run out.
fn oldest(now: DateTime<Utc>) -> DateTime<Utc> {
    TOKEN_TTL
        .checked_add(&CLOCKS_DIFFER_MAX)
        .and_then(|back| now.checked_sub_signed(back))
        .unwrap_or(now)
}
