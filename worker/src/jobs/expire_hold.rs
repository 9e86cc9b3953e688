//! Expires a hold at its deadline.

use crate::context::Context;
use crate::failure::Failure;
use amana_domain::hold::HoldRefusal;
use amana_domain::id::HoldId;
use amana_postgres::{Claim, Error};
use std::time::Duration;

/// The wait before the retry of a timer that fired too early.
const EARLY_RETRY_AFTER: Duration = Duration::from_secs(2);

pub(super) async fn run(context: &Context, claim: &Claim, id: HoldId) -> Result<(), Failure> {
    match context.store.expire_hold(claim, id, context.clock.now()).await {
        Err(Error::Hold(HoldRefusal::TooEarly { due_at })) => Err(Failure::Retry {
            code: "too_early",
            why: format!("not due before {due_at}"),
            after: Some(EARLY_RETRY_AFTER),
        }),
        result => Ok(result?),
    }
}
