//! Scores a withdrawal for fraud before it is sent.

use crate::context::Context;
use crate::failure::Failure;
use amana_domain::id::PaymentId;
use amana_postgres::Claim;

pub(super) async fn run(context: &Context, claim: &Claim, id: PaymentId) -> Result<(), Failure> {
    Ok(context.store.screen_withdrawal(claim, id, context.clock.now()).await?)
}
