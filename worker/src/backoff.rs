//! The wait before the next attempt of a job.

use rand::Rng;
use std::time::Duration;

const FIRST_MS: u64 = 500;
const WAIT_MS_MAX: u64 = 15 * 60 * 1000;

/// Doubles with each attempt, up to 15 minutes. Half of the wait is random, so that jobs that failed together are
/// not retried together.
pub(crate) fn wait_after(attempt: i32) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(20);
    let full_ms = FIRST_MS.saturating_mul(1u64 << doublings).min(WAIT_MS_MAX);
    let half_ms = full_ms.div_euclid(2).max(1);
    Duration::from_millis(half_ms.saturating_add(rand::rng().random_range(0..half_ms)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        for attempt in [-1, 0, 1, 2, 10, 60, i32::MAX] {
            let wait = wait_after(attempt);
            assert!(wait <= Duration::from_millis(WAIT_MS_MAX), "{attempt}: {wait:?}");
            assert!(wait >= Duration::from_millis(FIRST_MS / 2), "{attempt}: {wait:?}");
        }
        assert!(wait_after(12) > wait_after(1));
    }
}
