//! One module per job. Each job can run twice and can stop at any step: its changes to money are committed in one
//! transaction with its completion.

mod apply_callback;
mod check_ledger;
mod expire_deal;
mod expire_hold;
mod housekeep;
mod poll_collection;
mod reconcile;
mod remind_deal;
mod screen_withdrawal;
mod send_notification;
mod submit_payment;

use crate::context::Context;
use crate::failure::Failure;
use amana_domain::id::{DealId, HoldId, PaymentId};
use amana_mpesa::MpesaError;
use amana_postgres::{Claim, Exchange, Job, Reminder};
use submit_payment::Direction;

pub(crate) async fn carry_out(context: &Context, claim: &Claim) -> Result<(), Failure> {
    context.step(claim, "claimed").await?;
    match claim.job {
        Job::SubmitCollection { payment } => {
            submit_payment::run(context, claim, PaymentId::new(payment), Direction::Collection)
                .await
        }
        Job::PollCollection { payment, round } => {
            poll_collection::run(context, claim, PaymentId::new(payment), round).await
        }
        Job::SubmitPayout { payment } => {
            submit_payment::run(context, claim, PaymentId::new(payment), Direction::Payout).await
        }
        Job::ApplyCallback { callback } => apply_callback::run(context, claim, callback).await,
        Job::ExpireDeal { deal, timer, due_at } => {
            expire_deal::run(context, claim, DealId::new(deal), (timer, due_at)).await
        }
        Job::RemindDeal { deal, timer, due_at, before_s } => {
            let reminder = Reminder { deal: DealId::new(deal), timer, due_at, before_s };
            remind_deal::run(context, claim, reminder).await
        }
        Job::ScreenWithdrawal { payment } => {
            screen_withdrawal::run(context, claim, PaymentId::new(payment)).await
        }
        Job::ExpireHold { hold } => expire_hold::run(context, claim, HoldId::new(hold)).await,
        Job::SendNotification { notification } => {
            send_notification::run(context, claim, notification).await
        }
        Job::Reconcile { .. } => reconcile::run(context, claim).await,
        Job::Housekeep { .. } => housekeep::run(context, claim).await,
        Job::CheckLedger { .. } => check_ledger::run(context, claim).await,
    }?;
    context.step(claim, "done").await
}

/// Retries all errors except a missing setting, which no retry can mend.
fn provider_failure(error: &MpesaError) -> Failure {
    let code = match error {
        MpesaError::Unavailable { .. } => "provider_unavailable",
        MpesaError::CredentialsRefused { .. } => "provider_credentials",
        MpesaError::Malformed { .. } => "provider_answer_malformed",
        MpesaError::Statement(_) => "statement_not_believed",
        MpesaError::Invalid { .. } => "provider_request_invalid",
        MpesaError::NotConfigured { .. } => {
            return Failure::permanent("not_configured", error.to_string());
        }
    };
    Failure::retry(code, error.to_string())
}

/// Converts an adapter's record of an exchange into the store's type.
fn stored(exchange: &amana_mpesa::Exchange) -> Exchange {
    Exchange {
        operation: exchange.operation.to_owned(),
        request: exchange.request.clone(),
        status: exchange.status.map(i32::from),
        body: exchange.body.clone(),
    }
}
