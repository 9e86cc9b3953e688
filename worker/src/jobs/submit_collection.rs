//! Asks the payer's phone for money.

use super::stored;
use crate::context::Context;
use crate::failure::Failure;
use amana_domain::id::PaymentId;
use amana_domain::payment::{Claim as Said, Evidence, FailureReason, Source};
use amana_mpesa::{Collect, MpesaError};
use amana_postgres::{Begin, Claim, Exchange, Submission};
use serde_json::json;

/// What the payer reads in the prompt; M-Pesa shows 13 characters.
const DESCRIPTION: &str = "Amana escrow";

/// What the people who wait are told.
const PROVIDER_UNAVAILABLE: &str = "provider_unavailable";

pub(super) async fn run(context: &Context, claim: &Claim, id: PaymentId) -> Result<(), Failure> {
    let now = context.clock.now();
    let Begin::Send(submission) = context.store.begin_submission(claim, id, now).await? else {
        return Ok(());
    };
    context.step(claim, "begun").await?;
    let answer = context.mpesa.collect(&collect(&submission, now)).await;
    context.step(claim, "sent").await?;
    let now = context.clock.now();
    match answer {
        Ok(answered) => {
            let exchange = stored(&answered.exchange);
            context
                .store
                .record_submission(claim, id, answered.evidence.as_ref(), &exchange, now)
                .await?;
            Ok(())
        }
        Err(error) if error.is_temporary() => {
            context.store.withdraw_submission(id, PROVIDER_UNAVAILABLE, now).await?;
            Err(Failure::retry(error.to_string()))
        }
        Err(error) => {
            let exchange = refused_exchange("collect", &error);
            context.store.record_submission(claim, id, Some(&rejected()), &exchange, now).await?;
            Ok(())
        }
    }
}

fn collect(submission: &Submission, now: chrono::DateTime<chrono::Utc>) -> Collect<'_> {
    Collect {
        amount: submission.amount,
        msisdn: &submission.msisdn,
        account_reference: &submission.reference,
        description: DESCRIPTION,
        callback_path_token: &submission.callback_token,
        now,
    }
}

/// A request that can never be sent did not happen and never will.
pub(super) fn rejected() -> Evidence {
    Evidence {
        source: Source::Answer,
        claim: Said::Failed { reason: FailureReason::Rejected },
        reference: None,
    }
}

pub(super) fn refused_exchange(operation: &str, error: &MpesaError) -> Exchange {
    Exchange {
        operation: operation.to_owned(),
        request: json!({}),
        status: None,
        body: error.to_string(),
    }
}
