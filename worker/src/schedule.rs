//! Schedules. Every worker runs them, and each tick becomes one job because the tick is part of the job's key.

use crate::context::Context;
use amana_domain::limits::day_of;
use amana_postgres::{Error, Job};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use std::time::Duration;
use tokio::sync::watch;
use tracing::{debug, warn};

const LOOK_EVERY: Duration = Duration::from_secs(1);
const HOUSEKEEP_EVERY: TimeDelta = TimeDelta::hours(1);

/// The time of day, in East Africa, of the full ledger check: payment traffic is lowest then.
const CHECK_LEDGER_AT: TimeDelta = TimeDelta::hours(3);

/// Returns the number of the period that contains `now`: all workers compute the same number.
fn tick(now_s: i64, every: TimeDelta) -> i64 {
    now_s.div_euclid(every.num_seconds().max(1))
}

/// Returns the number of the day whose check is due: before the check's hour, the previous day. A check that no
/// worker started in time starts with the next worker.
fn check_tick(now: DateTime<Utc>) -> i64 {
    let begun = now.checked_sub_signed(CHECK_LEDGER_AT).unwrap_or(now);
    day_of(begun).num_days_from_ce().into()
}

/// Enqueues the due jobs. Only the current tick is enqueued: ticks that all workers missed are not repeated.
///
/// # Errors
/// [`Error::Store`] only.
pub async fn schedule_once(context: &Context) -> Result<(), Error> {
    let now = context.clock.now();
    let reconcile =
        Job::Reconcile { tick: tick(now.timestamp(), context.settings.reconcile_every) };
    let housekeep = Job::Housekeep { tick: tick(now.timestamp(), HOUSEKEEP_EVERY) };
    let check = Job::CheckLedger { tick: check_tick(now) };
    let reconcile = context.mpesa.has_statement().then_some(reconcile);
    for job in reconcile.into_iter().chain([housekeep, check]) {
        context.store.enqueue_job(&job, now, now).await?;
    }
    Ok(())
}

pub(crate) async fn run(context: Context, mut stop: watch::Receiver<bool>) {
    if !context.mpesa.has_statement() {
        warn!("reconciliation is off: set MPESA_STATEMENT_URL to switch it on");
    }
    while !*stop.borrow() {
        match schedule_once(&context).await {
            Ok(()) => {}
            Err(error) if error.is_outage() => debug!(%error, "scheduled jobs not enqueued"),
            Err(error) => {
                warn!(error = %crate::failure::describe(&error), "scheduled jobs not enqueued");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            // If the sender is dropped, no stop signal can arrive any more.
            changed = stop.changed() => if changed.is_err() { break },
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

    #[test]
    fn the_ledger_is_checked_once_a_day_from_three_in_the_morning_in_nairobi() {
        let at = |text: &str| check_tick(text.parse().unwrap());
        let nights = [
            at("2026-11-20T23:59:59Z"),
            at("2026-11-21T00:00:00Z"),
            at("2026-11-21T23:59:59Z"),
            at("2026-11-22T00:00:00Z"),
        ];
        assert_eq!(nights.map(|tick| tick - nights[0]), [0, 1, 1, 2]);
    }
}
