//! Local counters of one process for one rate limit, synchronised with Redis in batches. Most accounts send less than
//! one batch and never need Redis.
//!
//! The limit is exact for one process. Several processes learn of each other's batches when they report their own, so
//! each may admit up to two batches too many per window. A spent limit rejects requests without asking Redis.

use amana_redis::{RateRule, Taken};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Minimum number of batches per limit.
const PORTIONS_MIN: u32 = 20;

/// Maximum number of keys per generation (about 1 MiB); up to twice as many are stored. Forgotten keys start again.
const KNOWN_MAX: usize = 28_000;

/// State of a key after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) is_refused: bool,
    pub(super) left: u32,
    pub(super) reset: Duration,
    /// Number of requests that the caller must report to Redis now.
    pub(super) untold: u32,
}

#[derive(Debug)]
pub(super) struct Tally<K> {
    pub(super) rule: RateRule,
    portion: u32,
    known: Mutex<Known<K>>,
}

/// Two generations: keys that are not used while the young one fills up are forgotten with the old one.
#[derive(Debug)]
struct Known<K> {
    young: HashMap<K, Budget>,
    old: HashMap<K, Budget>,
}

#[derive(Debug, Clone, Copy)]
struct Budget {
    ends_ms: i64,
    left: u32,
    untold: u32,
}

impl<K: Copy + Eq + Hash> Tally<K> {
    /// Creates a counter with batches of at most `portion_max`, smaller for a small limit.
    pub(super) fn new(rule: RateRule, portion_max: u32) -> Self {
        let portion = (rule.limit / PORTIONS_MIN).clamp(1, portion_max.max(1));
        let known = Known { young: HashMap::new(), old: HashMap::new() };
        Self { rule, portion, known: Mutex::new(known) }
    }

    pub(super) fn count(&self, key: &K, now_ms: i64) -> Standing {
        self.with(key, now_ms, |budget| {
            let is_refused = budget.left == 0;
            if !is_refused {
                budget.left = budget.left.saturating_sub(1);
                budget.untold = budget.untold.saturating_add(1);
            }
            let is_due = budget.untold >= self.portion || budget.left == 0;
            let untold = if is_due { std::mem::take(&mut budget.untold) } else { 0 };
            (is_refused, untold)
        })
    }

    /// Applies Redis's response to a report of `untold` requests.
    pub(super) fn told(&self, key: &K, now_ms: i64, untold: u32, taken: Taken) -> Standing {
        self.with(key, now_ms, |budget| {
            let is_refused = taken.granted < untold;
            let left = taken.left.saturating_sub(budget.untold);
            budget.left = if is_refused { 0 } else { budget.left.min(left) };
            let reset_ms = i64::try_from(taken.reset.as_millis()).unwrap_or(i64::MAX);
            budget.ends_ms = now_ms.saturating_add(reset_ms);
            (is_refused, 0)
        })
    }

    fn with(
        &self,
        key: &K,
        now_ms: i64,
        change: impl FnOnce(&mut Budget) -> (bool, u32),
    ) -> Standing {
        let window_ms = i64::try_from(self.rule.window.as_millis()).unwrap_or(i64::MAX);
        let ends_ms = now_ms.saturating_add(window_ms);
        let whole = Budget { ends_ms, left: self.rule.limit, untold: 0 };
        // No code here can panic half-way, so a poisoned lock is safe to use.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let budget = known.get(key, whole);
        if now_ms >= budget.ends_ms {
            *budget = whole;
        }
        let (is_refused, untold) = change(budget);
        let reset_ms = u64::try_from(budget.ends_ms.saturating_sub(now_ms)).unwrap_or(0);
        Standing { is_refused, left: budget.left, reset: Duration::from_millis(reset_ms), untold }
    }
}

impl<K: Copy + Eq + Hash> Known<K> {
    fn get(&mut self, key: &K, unknown: Budget) -> &mut Budget {
        if !self.young.contains_key(key) && self.young.len() >= KNOWN_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        let Self { young, old } = self;
        young.entry(*key).or_insert_with(|| old.remove(key).unwrap_or(unknown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;

    fn tally(limit: u32) -> Tally<u32> {
        let window = Duration::from_secs(60);
        Tally::new(RateRule { name: "test", limit, window }, 50)
    }

    /// Stand-in for the shared Redis, with a window that began at 0.
    struct Shared {
        left: u32,
    }

    impl Shared {
        fn count(&mut self, tally: &Tally<u32>, now_ms: i64) -> Standing {
            let standing = tally.count(&7, now_ms);
            if standing.untold == 0 {
                return standing;
            }
            let granted = standing.untold.min(self.left);
            self.left = self.left.saturating_sub(granted);
            let reset = Duration::from_millis(MINUTE_MS.saturating_sub(now_ms).unsigned_abs());
            let taken = Taken { granted, left: self.left, reset };
            tally.told(&7, now_ms, standing.untold, taken)
        }
    }

    fn admitted(counts: impl Iterator<Item = Standing>) -> usize {
        counts.filter(|standing| !standing.is_refused).count()
    }

    #[test]
    fn one_process_is_exact() {
        for limit in [1, 5, 20, 99, 100, 1_000] {
            let (tally, mut shared) = (tally(limit), Shared { left: limit });
            let through = admitted((0..limit + 50).map(|_| shared.count(&tally, 1)));
            assert_eq!((through, shared.left), (limit as usize, 0), "{limit}");
            assert!(tally.count(&7, MINUTE_MS - 1).is_refused);
            assert!(!tally.count(&7, MINUTE_MS).is_refused, "the window is over");
            assert!(!tally.count(&8, 1).is_refused, "another key");
        }
    }

    #[test]
    fn several_processes_let_less_than_a_portion_each_too_many_through() {
        let (tallies, mut shared) = ([tally(1_000), tally(1_000)], Shared { left: 1_000 });
        let through = admitted((0..3_000).map(|n| shared.count(&tallies[n % 2], 1)));
        assert!((1_000..1_100).contains(&through), "{through}");
    }

    #[test]
    fn few_requests_are_not_reported_and_many_in_batches() {
        let tally = tally(1_000);
        let told: Vec<u32> = (0..120).map(|_| tally.count(&7, 1).untold).collect();
        assert_eq!(told.iter().filter(|untold| **untold > 0).collect::<Vec<_>>(), [&50, &50]);
        assert_eq!(tally.count(&7, 1).left, 1_000 - 121);
    }

    #[test]
    fn without_redis_a_process_keeps_the_limit_by_itself() {
        let tally = tally(100);
        assert_eq!(admitted((0..300).map(|_| tally.count(&7, 1))), 100);
    }

    #[test]
    fn the_first_batch_learns_the_requests_of_other_processes() {
        let (tally, mut shared) = (tally(100), Shared { left: 7 });
        let standings: Vec<Standing> = (0..20).map(|_| shared.count(&tally, 10_000)).collect();
        assert_eq!(standings[4].left, 2);
        assert_eq!(standings[4].reset, Duration::from_secs(50));
        assert_eq!(admitted(standings.into_iter()), 7);
    }

    #[test]
    fn it_knows_a_bounded_number_of_people() {
        let tally = tally(10);
        for key in 0..100_000 {
            tally.count(&key, 1);
        }
        let known = tally.known.lock().unwrap();
        assert!(known.young.len() <= KNOWN_MAX && known.old.len() <= KNOWN_MAX);
        assert!(known.young.contains_key(&99_999));
    }
}
