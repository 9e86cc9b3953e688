//! Sends a payment to the provider: a prompt to the payer's phone, or a payout.
//!
//! A payout carries the payment's id and the provider rejects a second one with the same id. So a payout is sent
//! again if its response was lost. A collection has no such protection and is never sent again.

use super::{provider_failure, stored};
use crate::context::Context;
use crate::failure::Failure;
use amana_domain::id::PaymentId;
use amana_domain::payment::{Claim as Said, Evidence, FailureReason, Purpose, Source, State};
use amana_mpesa::{Answered, Collect, MpesaError, Payout};
use amana_postgres::{Begin, Claim, Exchange, Submission};
use chrono::{DateTime, Utc};
use serde_json::json;

/// The text of the prompt on the payer's phone; M-Pesa shows 13 characters.
const DESCRIPTION: &str = "Amana escrow";

/// The text that the recipient of a payout reads.
const fn remarks(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::ReturnSuspense => "Amana refund",
        Purpose::Withdrawal | Purpose::FundDeal | Purpose::Deposit => "Amana withdrawal",
    }
}

/// The reason that waiting users are shown.
const PROVIDER_UNAVAILABLE: &str = "provider_unavailable";

#[derive(Debug, Clone, Copy)]
pub(super) enum Direction {
    Collection,
    Payout,
}

pub(super) async fn run(
    context: &Context,
    claim: &Claim,
    id: PaymentId,
    direction: Direction,
) -> Result<(), Failure> {
    let now = context.clock.now();
    let wait_max = context.settings.request_wait;
    let begun = context.store.begin_submission(claim, id, wait_max, now).await?;
    let Begin::Send(submission) = begun else { return Ok(()) };
    context.step(claim, "begun").await?;
    let answer = send(context, &submission, direction, now).await;
    context.step(claim, "sent").await?;
    let now = context.clock.now();
    let (evidence, exchange) = match answer {
        Ok(answered) => (answered.evidence, stored(&answered.exchange)),
        Err(error) if error.is_temporary() => {
            let exchange = error.exchange().map_or_else(|| unsent(&error), stored);
            let problem = (PROVIDER_UNAVAILABLE, &exchange);
            let until = context.store.withdraw_submission(id, problem, wait_max, now).await?;
            let failure = provider_failure(&error);
            return Err(match direction {
                Direction::Collection => failure.within(claim.attempt, until, now),
                Direction::Payout => failure,
            });
        }
        Err(error) => (Some(rejected()), unsent(&error)),
    };
    let state =
        context.store.record_submission(claim, id, evidence.as_ref(), &exchange, now).await?;
    match (direction, state) {
        (Direction::Payout, State::Unknown) => {
            Err(Failure::retry("answer_lost", "the response to the payout was lost"))
        }
        _ => Ok(()),
    }
}

async fn send(
    context: &Context,
    submission: &Submission,
    direction: Direction,
    now: DateTime<Utc>,
) -> Result<Answered, MpesaError> {
    let Submission { amount, msisdn, reference, callback_token, .. } = submission;
    match direction {
        Direction::Collection => {
            let collect = Collect {
                amount: *amount,
                msisdn,
                account_reference: reference,
                description: DESCRIPTION,
                callback_path_token: callback_token,
                now,
            };
            context.mpesa.collect(&collect).await
        }
        Direction::Payout => {
            let payout = Payout {
                amount: *amount,
                msisdn,
                originator: &submission.payment.to_string(),
                remarks: remarks(submission.purpose),
                callback_path_token: callback_token,
            };
            context.mpesa.pay_out(&payout).await
        }
    }
}

/// The provider cannot receive this request, so the payment failed for certain.
fn rejected() -> Evidence {
    Evidence {
        source: Source::Answer,
        claim: Said::Failed { reason: FailureReason::Rejected },
        reference: None,
    }
}

/// Records an attempt that did not reach the provider.
fn unsent(error: &MpesaError) -> Exchange {
    Exchange {
        operation: "submit".to_owned(),
        request: json!({}),
        status: None,
        body: error.to_string(),
    }
}
