//! Applies the default outcome of a deal's deadline.

use crate::context::Context;
use crate::failure::Failure;
use amana_domain::deal::Refusal;
use amana_domain::id::DealId;
use amana_postgres::{Claim, Error, TimerKind};
use chrono::{DateTime, Utc};
use std::time::Duration;

/// The wait before the retry of a timer that fired too early.
const EARLY_RETRY_AFTER: Duration = Duration::from_secs(2);

pub(super) async fn run(
    context: &Context,
    claim: &Claim,
    id: DealId,
    due: (TimerKind, DateTime<Utc>),
) -> Result<(), Failure> {
    match context.store.expire_deal(claim, id, due, context.clock.now()).await {
        Err(Error::Refused(Refusal::TooEarly { due_at })) => Err(Failure::Retry {
            code: "too_early",
            why: format!("not due before {due_at}"),
            after: Some(EARLY_RETRY_AFTER),
        }),
        result => Ok(result?),
    }
}
