//! The clock that API and worker are handed. Everything below takes `now` as an argument.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// System time plus an offset that only tests move.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        // PostgreSQL keeps microseconds: what is decided must equal what is read back.
        let now = Utc::now().trunc_subsecs(6);
        let offset = TimeDelta::milliseconds(self.offset_ms.load(Ordering::Acquire));
        now.checked_add_signed(offset).unwrap_or(now)
    }

    pub fn advance(&self, by: TimeDelta) {
        self.offset_ms.fetch_add(by.num_milliseconds(), Ordering::AcqRel);
    }
}
