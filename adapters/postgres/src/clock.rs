//! The clock that API and worker are handed. Everything below takes `now` as an argument.

use crate::pool::Store;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// How often a process of a test deployment asks whether the clock was moved.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);

/// System time, ahead by what all processes of a test deployment share, and by what a test within this process adds.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
    shared_ms: Arc<AtomicI64>,
}

impl Clock {
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        // PostgreSQL keeps microseconds: what is decided must equal what is read back.
        let now = Utc::now().trunc_subsecs(6);
        let own = self.offset_ms.load(Ordering::Acquire);
        let offset = own.saturating_add(self.shared_ms.load(Ordering::Acquire));
        now.checked_add_signed(TimeDelta::milliseconds(offset)).unwrap_or(now)
    }

    pub fn advance(&self, by: TimeDelta) {
        self.offset_ms.fetch_add(by.num_milliseconds(), Ordering::AcqRel);
    }

    /// Sets what is shared. Set, not added: however often it is told, it is the same. It never runs back.
    pub fn share(&self, offset: TimeDelta) {
        self.shared_ms.fetch_max(offset.num_milliseconds(), Ordering::AcqRel);
    }

    /// Follows the clock that the store keeps for all processes of a test deployment, for as long as this one runs.
    pub async fn follow(self, store: Store) {
        loop {
            match store.clock_offset().await {
                Ok(offset) => self.share(offset),
                Err(error) if error.is_outage() => {
                    tracing::debug!("the test clock could not be read: {error}");
                }
                Err(error) => tracing::warn!("the test clock could not be read: {error}"),
            }
            tokio::time::sleep(FOLLOW_EVERY).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_is_set_and_never_runs_back() {
        let clock = Clock::default();
        clock.advance(TimeDelta::hours(1));
        for _ in 0..2 {
            clock.share(TimeDelta::days(1));
        }
        clock.share(TimeDelta::days(0));
        let ahead = clock.now() - Utc::now();
        assert_eq!((ahead + TimeDelta::minutes(1)).num_hours(), 25);
    }
}
