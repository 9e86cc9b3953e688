//! Increasing, bounded pauses with jitter between attempts to reach Redis.

use std::time::Duration;

/// The shortest pause, also the lower bound of the jitter.
const DELAY_MIN: Duration = Duration::from_millis(50);
const DELAY_MAX: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Counts a failure and returns the next pause. Jitter prevents all consumers from reconnecting at once.
    pub(crate) fn next_delay(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let ceiling = DELAY_MIN.saturating_mul(2_u32.saturating_pow(self.failures)).min(DELAY_MAX);
        rand::random_range(DELAY_MIN..=ceiling)
    }

    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_stay_within_their_bounds_for_ever() {
        let mut backoff = Backoff::default();
        assert!(backoff.next_delay() <= DELAY_MIN * 2);
        for _ in 0..200 {
            let delay = backoff.next_delay();
            assert!((DELAY_MIN..=DELAY_MAX).contains(&delay), "{delay:?}");
        }
        backoff.reset();
        assert!(backoff.next_delay() <= DELAY_MIN * 2);
    }
}
