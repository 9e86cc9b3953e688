//! Reads the whole ledger once a night and logs the first error in it.

use crate::context::Context;
use crate::failure::Failure;
use amana_postgres::{Claim, LedgerCheck};
use tracing::{error, info};

pub(super) async fn run(context: &Context, claim: &Claim) -> Result<(), Failure> {
    let started_at = context.clock.now();
    let check = context.store.check_ledger().await?;
    context.step(claim, "checked").await?;
    let now = context.clock.now();
    context.store.record_ledger_check(claim, &check, started_at, now).await?;
    let LedgerCheck { counts, first_wrong, .. } = check;
    match first_wrong {
        Some(wrong) => error!(?counts, "the ledger is wrong: {wrong}"),
        None => info!(?counts, "the ledger is correct"),
    }
    Ok(())
}
