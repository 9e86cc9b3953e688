//! The clock of API and worker. All layers below take `now` as an argument, so that tests control the time.

use crate::pool::Store;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Interval at which a test deployment reads the shared offset.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);

/// System time plus two offsets: one shared by all processes of a test deployment, one local to this process.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
    shared_ms: Arc<AtomicI64>,
}

impl Clock {
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        // PostgreSQL stores microseconds. A stored time must equal the one that decided.
        let now = Utc::now().trunc_subsecs(6);
        let own = self.offset_ms.load(Ordering::Acquire);
        let offset = own.saturating_add(self.shared_ms.load(Ordering::Acquire));
        now.checked_add_signed(TimeDelta::milliseconds(offset)).unwrap_or(now)
    }

    pub fn advance(&self, by: TimeDelta) {
        self.offset_ms.fetch_add(by.num_milliseconds(), Ordering::AcqRel);
    }

    /// Sets the shared offset; repeating the call changes nothing. A smaller offset is ignored: time never runs back.
    pub fn share(&self, offset: TimeDelta) {
        self.shared_ms.fetch_max(offset.num_milliseconds(), Ordering::AcqRel);
    }

    /// Follows the shared offset of a test deployment. Never returns.
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
