//! The sequencer numbers committed events. Every worker runs it; a lock in PostgreSQL admits one at a time.

use crate::context::Context;
use std::time::Duration;
use tokio::sync::watch;
use tracing::{debug, warn};

/// The pause between two steps while events arrive.
const BUSY_WAIT: Duration = Duration::from_millis(5);
/// The longest pause while no events arrive.
const IDLE_WAIT_MAX: Duration = Duration::from_millis(100);

/// Doubles the pause while no events arrive.
fn next_wait(wait: Duration, numbered: i64) -> Duration {
    if numbered > 0 { BUSY_WAIT } else { wait.saturating_mul(2).min(IDLE_WAIT_MAX) }
}

pub(crate) async fn run(context: Context, mut stop: watch::Receiver<bool>) {
    let mut wait = BUSY_WAIT;
    while !*stop.borrow() {
        let numbered = match context.store.number_events().await {
            Ok(numbered) => numbered,
            Err(error) if error.is_outage() => {
                debug!(%error, "events cannot be numbered");
                0
            }
            Err(error) => {
                warn!(error = %crate::failure::describe(&error), "events cannot be numbered");
                0
            }
        };
        wait = next_wait(wait, numbered);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            // If the sender is dropped, no stop signal can arrive any more.
            changed = stop.changed() => if changed.is_err() { break },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_sequencer_waits_longer_and_a_busy_one_does_not() {
        assert_eq!(next_wait(BUSY_WAIT, 0), Duration::from_millis(10));
        assert_eq!(next_wait(IDLE_WAIT_MAX, 0), IDLE_WAIT_MAX);
        assert_eq!(next_wait(IDLE_WAIT_MAX, 1), BUSY_WAIT);
    }
}
