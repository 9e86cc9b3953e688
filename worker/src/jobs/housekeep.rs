//! Removes what is over and old.

use crate::context::Context;
use crate::failure::Failure;
use amana_postgres::Claim;
use chrono::TimeDelta;

/// Finished jobs are kept so long for people who look into something; dead ones are kept for ever.
const DONE_JOBS_KEPT: TimeDelta = TimeDelta::days(14);

/// A repetition of a call is recognised so long.
const IDEMPOTENCY_KEYS_KEPT: TimeDelta = TimeDelta::days(30);

/// Longer than the time within which the codes that were sent are counted.
const CODES_KEPT: TimeDelta = TimeDelta::days(2);

pub(super) async fn run(context: &Context, claim: &Claim) -> Result<(), Failure> {
    let now = context.clock.now();
    let before = |kept| now.checked_sub_signed(kept).unwrap_or(now);
    let (jobs, keys) = (before(DONE_JOBS_KEPT), before(IDEMPOTENCY_KEYS_KEPT));
    Ok(context.store.housekeep(claim, (jobs, keys, before(CODES_KEPT)), now).await?)
}
