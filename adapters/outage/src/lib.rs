//! Logs outages of a server: a line when one begins, a line every 30 seconds while it lasts, a line when it ends.
//!
//! Every task of a process notices the same outage many times per second. All tasks that use a server share one
//! [`Outage`], because a line for each failure would bury the rest of the log.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tracing::{info, warn};

/// The shortest time between two warnings about one server, also if it fails repeatedly.
pub const WARNING_EVERY: Duration = Duration::from_secs(30);

/// The availability of one server, as seen by this process.
#[derive(Debug)]
pub struct Outage {
    server: &'static str,
    // Success is the common case: it reads this flag only, and locks during an outage.
    is_on: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The first failure since the last success.
    since: Option<Instant>,
    warned_at: Option<Instant>,
    /// Whether the current outage was logged.
    is_known: bool,
    suppressed: u64,
}

impl Outage {
    #[must_use]
    pub const fn new(server: &'static str) -> Self {
        let state = State { since: None, warned_at: None, is_known: false, suppressed: 0 };
        Self { server, is_on: AtomicBool::new(false), state: Mutex::new(state) }
    }

    /// Records a failure. Logs a warning unless one was logged in the last 30 seconds.
    pub fn failed(&self, error: &dyn Error) {
        let mut state = self.lock();
        self.is_on.store(true, Ordering::Release);
        let line = state.fail(Instant::now());
        drop(state);
        if let Some(suppressed) = line {
            let (server, error) = (self.server, chain(error));
            warn!(server, error, suppressed, "{server} is unavailable; retrying");
        }
    }

    /// Records a success. Logs the end of an outage that was logged.
    pub fn worked(&self) {
        if !self.is_on.load(Ordering::Acquire) {
            return;
        }
        let mut state = self.lock();
        self.is_on.store(false, Ordering::Release);
        let line = state.work(Instant::now());
        drop(state);
        if let Some((lasted, suppressed)) = line {
            let (server, outage_s) = (self.server, lasted.as_secs());
            info!(server, outage_s, suppressed, "{server} is available again");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns the number of suppressed failures if this one is to be logged.
    fn fail(&mut self, now: Instant) -> Option<u64> {
        self.since.get_or_insert(now);
        let is_early = |at: Instant| now.saturating_duration_since(at) < WARNING_EVERY;
        if self.warned_at.is_some_and(is_early) {
            self.suppressed = self.suppressed.saturating_add(1);
            return None;
        }
        (self.warned_at, self.is_known) = (Some(now), true);
        Some(std::mem::take(&mut self.suppressed))
    }

    /// Returns the duration of the outage and the number of suppressed failures, if the outage was logged.
    fn work(&mut self, now: Instant) -> Option<(Duration, u64)> {
        let since = self.since.take()?;
        let was_known = std::mem::take(&mut self.is_known);
        let lasted = now.saturating_duration_since(since);
        was_known.then(|| (lasted, std::mem::take(&mut self.suppressed)))
    }
}

/// Returns the error with its causes. Skips a cause that the error's own text already contains.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_one_line_per_half_minute() {
        let (mut state, start) = (State::default(), Instant::now());
        let at = |ms: u64| start + Duration::from_millis(ms);
        let lines: Vec<u64> = (0..700).filter_map(|n| state.fail(at(n * 100))).collect();
        assert_eq!(lines, [0, 299, 299], "suppressed failures before each line");
        assert_eq!(state.work(at(70_000)), Some((Duration::from_secs(70), 99)));
        assert_eq!(state.work(at(70_001)), None);
    }

    #[test]
    fn a_server_that_comes_and_goes_does_not_fill_the_log() {
        let (mut state, start) = (State::default(), Instant::now());
        let (mut warnings, mut recoveries) = (0, 0);
        for second in 0..61 {
            let now = start + Duration::from_secs(second);
            warnings += usize::from(state.fail(now).is_some());
            recoveries += usize::from(state.work(now).is_some());
        }
        assert_eq!((warnings, recoveries), (3, 3));
    }

    #[test]
    fn a_success_without_an_outage_is_silent() {
        let outage = Outage::new("Redis");
        outage.worked();
        outage.failed(&std::io::Error::other("gone"));
        assert!(outage.is_on.load(Ordering::Acquire));
        outage.worked();
        assert!(!outage.is_on.load(Ordering::Acquire));
    }
}
