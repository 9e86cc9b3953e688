//! Reads a stored callback and applies what it says.

use crate::context::Context;
use crate::failure::Failure;
use amana_mpesa::{parse_collection, parse_payout_result, parse_payout_timeout};
use amana_postgres::{CallbackKind, CallbackOutcome, Claim};
use tracing::{info, warn};
use uuid::Uuid;

pub(super) async fn run(context: &Context, claim: &Claim, id: Uuid) -> Result<(), Failure> {
    let callback = context.store.callback(id).await?;
    let read = match callback.kind()? {
        CallbackKind::Collection => parse_collection(&callback.body),
        CallbackKind::Payout => parse_payout_result(&callback.body),
        CallbackKind::PayoutTimeout => parse_payout_timeout(&callback.body),
    };
    context.step(claim, "read").await?;
    let read = read.map_err(|error| error.to_string());
    let outcome = context.store.apply_callback(claim, &callback, read, context.clock.now()).await?;
    match outcome {
        CallbackOutcome::Applied => info!(callback.id = %id, "callback applied"),
        CallbackOutcome::Received | CallbackOutcome::Unmatched | CallbackOutcome::Unreadable => {
            warn!(callback.id = %id, %outcome, "callback kept for a person to look at");
        }
    }
    Ok(())
}
