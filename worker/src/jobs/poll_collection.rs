//! Asks the provider how a collection ended, in case its callback was lost.

use super::stored;
use crate::context::Context;
use crate::failure::Failure;
use amana_domain::id::PaymentId;
use amana_postgres::Claim;
use tracing::warn;

pub(super) async fn run(
    context: &Context,
    claim: &Claim,
    id: PaymentId,
    round: u32,
) -> Result<(), Failure> {
    let now = context.clock.now();
    let Some(poll) = context.store.begin_poll(claim, id, now).await? else { return Ok(()) };
    context.step(claim, "begun").await?;
    let answer = context.mpesa.query(&poll.provider_reference, now).await;
    context.step(claim, "asked").await?;
    let now = context.clock.now();
    match answer {
        Ok(answered) => {
            let exchange = stored(&answered.exchange);
            context
                .store
                .record_poll(claim, id, round, answered.evidence.as_ref(), Some(&exchange), now)
                .await?;
        }
        // A question that got no answer is asked again with the next round, not as a failed job.
        Err(error) => {
            warn!(payment.id = %id, round, %error, "poll got no answer");
            let exchange = error.exchange().map(stored);
            context.store.record_poll(claim, id, round, None, exchange.as_ref(), now).await?;
        }
    }
    Ok(())
}
