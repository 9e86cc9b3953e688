//! Compares payments and balances with the provider's statement.

use super::provider_failure;
use crate::context::Context;
use crate::failure::Failure;
use amana_domain::reconciliation::Period;
use amana_postgres::Claim;
use tracing::{info, warn};

pub(super) async fn run(context: &Context, claim: &Claim) -> Result<(), Failure> {
    if !context.mpesa.has_statement() {
        // The job is older than the removal of MPESA_STATEMENT_URL: nothing can be compared, which is no error.
        return Ok(context.store.finish_job(claim, context.clock.now()).await?);
    }
    let to = context.clock.now();
    // Starts at the end of the last run, so that a time without statements is covered too.
    let known = context.store.reconciled_until().await?.map_or(to, |until| until.min(to));
    let from = known.checked_sub_signed(context.settings.statement_reach).unwrap_or(known);
    let period = Period { from, to };
    let lines = match context.mpesa.statement(from, to).await {
        Ok(statement) => statement.lines,
        Err(error) => return Err(provider_failure(&error)),
    };
    context.step(claim, "fetched").await?;
    let run = context.store.reconcile(claim, &lines, period, context.clock.now()).await?;
    if run.open_breaks > 0 {
        warn!(?run, "reconciliation: {} open discrepancies", run.open_breaks);
    } else {
        info!(?run, "reconciliation: no discrepancies");
    }
    Ok(())
}
