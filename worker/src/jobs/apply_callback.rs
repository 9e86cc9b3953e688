//! Parses a stored callback and applies its evidence to the payment.

use crate::context::Context;
use crate::failure::Failure;
use amana_domain::payment::Evidence;
use amana_mpesa::{
    CallbackError, parse_collection, parse_confirmation, parse_payout_result, parse_payout_timeout,
};
use amana_postgres::{CallbackKind, CallbackOutcome, Claim, StoredCallback};
use tracing::{info, warn};
use uuid::Uuid;

pub(super) async fn run(context: &Context, claim: &Claim, id: Uuid) -> Result<(), Failure> {
    let callback = context.store.callback(id).await?;
    let outcome = match callback.kind {
        CallbackKind::Paybill => confirm(context, claim, &callback).await?,
        CallbackKind::Collection => {
            apply(context, claim, &callback, parse_collection(&callback.body)).await?
        }
        CallbackKind::Payout => {
            apply(context, claim, &callback, parse_payout_result(&callback.body)).await?
        }
        CallbackKind::PayoutTimeout => {
            apply(context, claim, &callback, parse_payout_timeout(&callback.body)).await?
        }
    };
    match outcome {
        CallbackOutcome::Applied => info!(callback.id = %id, "callback applied"),
        CallbackOutcome::Received | CallbackOutcome::Unmatched | CallbackOutcome::Unreadable => {
            warn!(callback.id = %id, %outcome, "callback stored but not applied: an operator must look at it");
        }
    }
    Ok(())
}

async fn apply(
    context: &Context,
    claim: &Claim,
    callback: &StoredCallback,
    read: Result<Evidence, CallbackError>,
) -> Result<CallbackOutcome, Failure> {
    context.step(claim, "read").await?;
    let read = read.map_err(|error| error.to_string());
    Ok(context.store.apply_callback(claim, callback, read, context.clock.now()).await?)
}

/// Applies the confirmation of a payment to the paybill.
async fn confirm(
    context: &Context,
    claim: &Claim,
    callback: &StoredCallback,
) -> Result<CallbackOutcome, Failure> {
    let read = parse_confirmation(&callback.body, context.mpesa.shortcode())
        .map_err(|error| error.to_string());
    context.step(claim, "read").await?;
    Ok(context.store.apply_confirmation(claim, callback, read, context.clock.now()).await?)
}
