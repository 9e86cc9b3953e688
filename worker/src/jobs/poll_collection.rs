//! Queries the result of a collection, in case its callback was lost.

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
        // The next round asks again, so this is not a failed job.
        Err(error) => {
            warn!(payment.id = %id, round, %error, "the status query failed; the next round repeats it");
            let exchange = error.exchange().map(stored);
            context.store.record_poll(claim, id, round, None, exchange.as_ref(), now).await?;
        }
    }
    Ok(())
}
