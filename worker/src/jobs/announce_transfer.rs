//! Notifies both parties of a transfer.

use crate::context::Context;
use crate::failure::Failure;
use amana_domain::id::EntryId;
use amana_postgres::Claim;

pub(super) async fn run(context: &Context, claim: &Claim, id: EntryId) -> Result<(), Failure> {
    Ok(context.store.announce_transfer(claim, id, context.clock.now()).await?)
}
