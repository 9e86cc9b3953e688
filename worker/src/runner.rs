//! One attempt of a job: claim it, renew the lease, execute it, settle it.

use crate::backoff;
use crate::context::Context;
use crate::failure::{Failure, describe};
use crate::jobs;
use amana_postgres::{Claim, Error, Job, JobState};
use amana_redis::JobId;
use apalis::prelude::{BoxDynError, Data};
use chrono::TimeDelta;
use std::time::Duration;
use tracing::{debug, error, info, warn};
use uuid::Uuid;

/// Renewals within the duration of one lease.
const RENEWALS_PER_LEASE: u32 = 3;

/// The handler that apalis calls. It returns no error: apalis would only log it again, and the row has the result.
pub(crate) async fn run(id: JobId, context: Data<Context>) -> Result<(), BoxDynError> {
    if let Err(error) = run_claim(&context, id.0).await {
        let job = job_id(id.0);
        // The row keeps its lease; another attempt starts when the lease expires.
        if error.is_outage() {
            debug!(job.id = %job, error = %describe(&error), "job could not be claimed or settled");
        } else {
            warn!(job.id = %job, error = %describe(&error), "job could not be claimed or settled");
        }
    }
    Ok(())
}

/// Executes one attempt if the job is due and no other worker has it. Returns `false` otherwise.
///
/// # Errors
/// [`Error::Store`] if the job cannot be claimed or settled.
pub async fn run_claim(context: &Context, id: Uuid) -> Result<bool, Error> {
    let (store, lease) = (&context.store, context.settings.lease);
    let Some(claim) = store.claim_job(id, lease, context.clock.now()).await? else {
        debug!(job.id = %job_id(id), "job skipped: done, not due, or claimed by another worker");
        return Ok(false);
    };
    let attempt = tokio::time::timeout(time_max(context, &claim), jobs::carry_out(context, &claim));
    let result = tokio::select! {
        result = attempt => result.unwrap_or_else(|_| Err(Failure::retry("timeout", "the attempt exceeded its time limit"))),
        () = lose_lease(context, &claim) => Err(Failure::Abandoned),
    };
    settle(context, &claim, result).await.map(|()| true)
}

fn time_max(context: &Context, claim: &Claim) -> Duration {
    match claim.job {
        Job::CheckLedger { .. } => context.settings.ledger_check_time_max,
        _ => context.settings.job_time_max,
    }
}

/// Converts the id into the form that operators see.
fn job_id(id: Uuid) -> amana_domain::id::JobId {
    amana_domain::id::JobId::new(id)
}

/// Renews the lease. Returns only when another worker has the job.
async fn lose_lease(context: &Context, claim: &Claim) {
    let lease = context.settings.lease;
    let every =
        lease.checked_div(RENEWALS_PER_LEASE).unwrap_or(lease).max(Duration::from_millis(50));
    loop {
        tokio::time::sleep(every).await;
        match context.store.renew_lease(claim, lease).await {
            Ok(true) => {}
            Ok(false) => return,
            // While the database is down, no other worker can claim the job.
            Err(error) if error.is_outage() => {
                debug!(job.id = %claim.id, error = %describe(&error), "lease not renewed");
            }
            Err(error) => warn!(job.id = %claim.id, error = %describe(&error), "lease not renewed"),
        }
    }
}

async fn settle(
    context: &Context,
    claim: &Claim,
    result: Result<(), Failure>,
) -> Result<(), Error> {
    let now = context.clock.now();
    let (kind, attempt) = (claim.job.kind(), claim.attempt);
    let (code, why, retry_at) = match result {
        Ok(()) => {
            debug!(job.id = %claim.id, kind, attempt, "job done");
            return Ok(());
        }
        Err(Failure::Abandoned) => {
            info!(job.id = %claim.id, kind, attempt, "attempt abandoned: another worker has the job");
            return Ok(());
        }
        Err(Failure::Permanent { code, why }) => (code, why, None),
        Err(Failure::Retry { code, why, after }) => {
            let wait = after.unwrap_or_else(|| backoff::wait_after(claim.attempt));
            let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::seconds(1));
            (code, why, now.checked_add_signed(wait))
        }
    };
    match context.store.fail_job(claim, &why, retry_at, now).await {
        Ok(JobState::Dead) => {
            error!(job.id = %claim.id, kind, attempt, code, why, "job failed for good: an operator must look at it");
        }
        Ok(_) => {
            warn!(job.id = %claim.id, kind, attempt, code, why, "job failed and will be retried")
        }
        Err(Error::LeaseLost) => {
            info!(job.id = %claim.id, kind, attempt, "job not settled: another worker has taken it over")
        }
        Err(error) => return Err(error),
    }
    Ok(())
}
