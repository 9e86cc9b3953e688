//! One attempt of a job: claim, keep the lease, carry out, settle.

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

/// A lease is renewed three times before it would run out.
const RENEWALS_PER_LEASE: u32 = 3;

/// What apalis calls. An error here would only be logged a second time: the row of the job is settled.
pub(crate) async fn run(id: JobId, context: Data<Context>) -> Result<(), BoxDynError> {
    if let Err(error) = run_claim(&context, id.0).await {
        let job = job_id(id.0);
        // The row keeps its lease and is taken up again when that runs out.
        if error.is_outage() {
            debug!(job.id = %job, error = %describe(&error), "job could not be claimed or settled");
        } else {
            warn!(job.id = %job, error = %describe(&error), "job could not be claimed or settled");
        }
    }
    Ok(())
}

/// Carries out one attempt, if the job is due and nobody holds it. `false`: there was nothing to do.
///
/// # Errors
/// [`Error::Store`] if claiming or settling failed.
pub async fn run_claim(context: &Context, id: Uuid) -> Result<bool, Error> {
    let (store, lease) = (&context.store, context.settings.lease);
    let Some(claim) = store.claim_job(id, lease, context.clock.now()).await? else {
        debug!(job.id = %job_id(id), "nothing to do: done, not due, or held by another worker");
        return Ok(false);
    };
    let attempt = tokio::time::timeout(time_max(context, &claim), jobs::carry_out(context, &claim));
    let result = tokio::select! {
        result = attempt => result.unwrap_or_else(|_| Err(Failure::retry("timeout", "took too long"))),
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

/// The id as operators see it.
fn job_id(id: Uuid) -> amana_domain::id::JobId {
    amana_domain::id::JobId::new(id)
}

/// Returns only when another worker has the job.
async fn lose_lease(context: &Context, claim: &Claim) {
    let lease = context.settings.lease;
    let every =
        lease.checked_div(RENEWALS_PER_LEASE).unwrap_or(lease).max(Duration::from_millis(50));
    loop {
        tokio::time::sleep(every).await;
        match context.store.renew_lease(claim, lease).await {
            Ok(true) => {}
            Ok(false) => return,
            // While the database is away nobody else can take the job either.
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
            info!(job.id = %claim.id, kind, attempt, "job abandoned: another worker has it");
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
            error!(job.id = %claim.id, kind, attempt, code, why, "job is dead: a person must look");
        }
        Ok(_) => {
            warn!(job.id = %claim.id, kind, attempt, code, why, "job failed, will be tried again")
        }
        Err(Error::LeaseLost) => {
            info!(job.id = %claim.id, kind, attempt, "job was taken over before it could be settled")
        }
        Err(error) => return Err(error),
    }
    Ok(())
}
