//! Schedules: every worker runs them, each tick becomes one job, because the tick is the job's key.

use crate::context::Context;
use amana_postgres::{Error, Job};
use chrono::TimeDelta;
use std::time::Duration;
use tokio::sync::watch;
use tracing::warn;

const LOOK_EVERY: Duration = Duration::from_secs(1);
const HOUSEKEEP_EVERY: TimeDelta = TimeDelta::hours(1);

/// The number of the period that `now` lies in: the same for every worker.
fn tick(now_s: i64, every: TimeDelta) -> i64 {
    now_s.div_euclid(every.num_seconds().max(1))
}

/// Enqueues what is due; a tick that all workers missed is superseded by the present one.
///
/// # Errors
/// [`Error::Store`] only.
pub async fn schedule_once(context: &Context) -> Result<(), Error> {
    let now = context.clock.now();
    let reconcile =
        Job::Reconcile { tick: tick(now.timestamp(), context.settings.reconcile_every) };
    let housekeep = Job::Housekeep { tick: tick(now.timestamp(), HOUSEKEEP_EVERY) };
    for job in [reconcile, housekeep] {
        context.store.enqueue_job(&job, now, now).await?;
    }
    Ok(())
}

pub(crate) async fn run(context: Context, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = schedule_once(&context).await {
            warn!(error = %crate::failure::describe(&error), "schedules could not be written");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_one_tick() {
        let every = TimeDelta::minutes(5);
        assert_eq!(tick(0, every), tick(299, every));
        assert_eq!(tick(300, every), tick(299, every) + 1);
    }
}
