//! The log: numbers committed events and lets subscribers read them. Every worker does; PostgreSQL lets one at a time.

use crate::context::Context;
use amana_postgres::Error;
use std::time::Duration;
use tokio::sync::watch;
use tracing::{debug, warn};

/// The wait between two steps while events arrive.
const BUSY_WAIT: Duration = Duration::from_millis(5);
/// The longest wait while none arrive.
const IDLE_WAIT_MAX: Duration = Duration::from_millis(100);

/// Doubles the wait while nothing arrives.
fn next_wait(wait: Duration, is_busy: bool) -> Duration {
    if is_busy { BUSY_WAIT } else { wait.saturating_mul(2).min(IDLE_WAIT_MAX) }
}

/// Numbers one batch and hands the next events to each subscriber; `true` if there was something to do.
///
/// # Errors
/// [`Error::Store`] only. Each part of a step is committed by itself, so a repeated step continues.
pub async fn follow_log_once(context: &Context) -> Result<bool, Error> {
    let numbered = context.store.number_events().await?;
    let notified = context.store.notify(context.clock.now()).await?;
    Ok(numbered > 0 || notified > 0)
}

pub(crate) async fn run(context: Context, mut stop: watch::Receiver<bool>) {
    let mut wait = BUSY_WAIT;
    while !*stop.borrow() {
        let is_busy = match follow_log_once(&context).await {
            Ok(is_busy) => is_busy,
            Err(error) if error.is_outage() => {
                debug!(%error, "the log cannot be read");
                false
            }
            Err(error) => {
                warn!(error = %crate::failure::describe(&error), "the log cannot be read");
                false
            }
        };
        wait = next_wait(wait, is_busy);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            // Without a sender nobody is left to stop this.
            changed = stop.changed() => if changed.is_err() { break },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_sequencer_waits_longer_and_a_busy_one_does_not() {
        assert_eq!(next_wait(BUSY_WAIT, false), Duration::from_millis(10));
        assert_eq!(next_wait(IDLE_WAIT_MAX, false), IDLE_WAIT_MAX);
        assert_eq!(next_wait(IDLE_WAIT_MAX, true), BUSY_WAIT);
    }
}
