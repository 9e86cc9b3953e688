//! Sends the reminder of a deal's deadline.

use crate::context::Context;
use crate::failure::Failure;
use amana_postgres::{Claim, Reminder};

pub(super) async fn run(
    context: &Context,
    claim: &Claim,
    reminder: Reminder,
) -> Result<(), Failure> {
    Ok(context.store.remind_deal(claim, reminder, context.clock.now()).await?)
}
