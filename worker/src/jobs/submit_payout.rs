//! Pays a withdrawal out. The payment's id is the id at the provider, which refuses a repetition: a
//! payout whose answer was lost is sent again under the same id and cannot be paid twice.

use super::stored;
use super::submit_collection::{refused_exchange, rejected};
use crate::context::Context;
use crate::failure::Failure;
use amana_domain::id::PaymentId;
use amana_domain::payment::State;
use amana_mpesa::Payout;
use amana_postgres::{Begin, Claim, Submission};

const REMARKS: &str = "Amana withdrawal";
const PROVIDER_UNAVAILABLE: &str = "provider_unavailable";

pub(super) async fn run(context: &Context, claim: &Claim, id: PaymentId) -> Result<(), Failure> {
    let now = context.clock.now();
    let Begin::Send(submission) = context.store.begin_submission(claim, id, now).await? else {
        return Ok(());
    };
    context.step(claim, "begun").await?;
    let originator = id.to_string();
    let answer = context.mpesa.pay_out(&payout(&submission, &originator)).await;
    context.step(claim, "sent").await?;
    let now = context.clock.now();
    match answer {
        Ok(answered) => {
            let exchange = stored(&answered.exchange);
            let state = context
                .store
                .record_submission(claim, id, answered.evidence.as_ref(), &exchange, now)
                .await?;
            match state {
                State::Unknown => Err(Failure::retry("the answer to the payout was lost")),
                _ => Ok(()),
            }
        }
        Err(error) if error.is_temporary() => {
            context.store.withdraw_submission(id, PROVIDER_UNAVAILABLE, now).await?;
            Err(Failure::retry(error.to_string()))
        }
        Err(error) => {
            let exchange = refused_exchange("pay_out", &error);
            context.store.record_submission(claim, id, Some(&rejected()), &exchange, now).await?;
            Ok(())
        }
    }
}

fn payout<'a>(submission: &'a Submission, originator: &'a str) -> Payout<'a> {
    Payout {
        amount: submission.amount,
        msisdn: &submission.msisdn,
        originator,
        remarks: REMARKS,
        callback_path_token: &submission.callback_token,
    }
}
