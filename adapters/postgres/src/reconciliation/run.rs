//! One run: match the statement, apply each finding in its own transaction, then compare the
//! totals.

use super::line::{self, Taken};
use super::{close_discrepancy, open_discrepancy};
use crate::error::Error;
use crate::jobs::{self, Claim as JobClaim};
use crate::pool::Store;
use crate::row::{money, parse};
use crate::schema::{accounts, breaks, payments, reconciliation_runs};
use amana_domain::id::PaymentId;
use amana_domain::ledger::Provider;
use amana_domain::money::Currency;
use amana_domain::reconciliation::{
    Believed, DiscrepancyKind, Finding, Flow, PAYOUT_SETTLING_TIME, Period, StatementLine,
    closing_balance_minor, in_transit_minor, match_statement,
};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// A line can belong to a payment that was sent this long before the statement begins.
const LOOK_BACK: TimeDelta = TimeDelta::hours(48);

/// Limit of payments per run. Above it the run stops, because the line of an omitted payment would
/// look unclaimed.
const PAYMENTS_MAX: i64 = 100_000;

/// Result of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunSummary {
    pub lines: i64,
    pub matched: i64,
    pub healed: i64,
    pub unclaimed: i64,
    pub open_breaks: i64,
}

#[derive(HasQuery)]
#[diesel(table_name = payments)]
struct Row {
    id: Uuid,
    purpose: String,
    amount_minor: i64,
    currency: String,
    state: String,
    receipt: Option<String>,
    reference: String,
    sent_at: Option<DateTime<Utc>>,
}

impl Row {
    fn into_believed(self) -> Result<Believed, Error> {
        let purpose: amana_domain::payment::Purpose = parse(&self.purpose)?;
        let payment = PaymentId::new(self.id);
        Ok(Believed {
            payment,
            // The statement shows payouts under our own id at the provider, which is the payment's
            // id.
            reference: if purpose.is_payout() { payment.to_string() } else { self.reference },
            flow: if purpose.is_payout() { Flow::Out } else { Flow::In },
            amount: money(self.amount_minor, parse(&self.currency)?)?,
            state: parse(&self.state)?,
            receipt: self.receipt,
            sent_at: self.sent_at.ok_or_else(|| Error::row("a sent payment has no time"))?,
        })
    }
}

impl Store {
    /// Reconciles one provider's statement of `period`.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] if another worker has taken the job over. Findings that were applied by
    /// then stay, and applying them again changes nothing.
    pub async fn reconcile(
        &self,
        job: &JobClaim,
        lines: &[StatementLine],
        period: Period,
        now: DateTime<Utc>,
    ) -> Result<RunSummary, Error> {
        let believed = self.believed(period).await?;
        let findings = match_statement(&believed, lines, period);
        let mut summary = RunSummary {
            lines: count(lines.len()),
            matched: 0,
            healed: 0,
            unclaimed: 0,
            open_breaks: 0,
        };
        for finding in &findings {
            self.apply_finding(finding, &mut summary, now).await?;
        }
        self.check_trust(now).await?;
        self.conclude(job, lines, period, &mut summary, now).await?;
        Ok(summary)
    }

    async fn believed(&self, period: Period) -> Result<Vec<Believed>, Error> {
        let mut conn = self.connection().await?;
        believed_in(&mut conn, period).await
    }

    async fn apply_finding(
        &self,
        finding: &Finding,
        summary: &mut RunSummary,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| match finding {
            Finding::Matched { payment, evidence } => {
                line::confirm(conn, vault, (*payment, evidence), now).await?;
                line::disprove(conn, *payment, now).await?;
                summary.matched = summary.matched.saturating_add(1);
                Ok(())
            }
            Finding::Observe { payment, evidence } => {
                let changed = line::heal(conn, vault, (*payment, evidence), now).await?;
                line::disprove(conn, *payment, now).await?;
                summary.healed = summary.healed.saturating_add(i64::from(changed));
                Ok(())
            }
            Finding::Unclaimed { line } => {
                match line::take(conn, vault, line, now).await? {
                    Taken::Payment => summary.healed = summary.healed.saturating_add(1),
                    Taken::Suspense => summary.unclaimed = summary.unclaimed.saturating_add(1),
                    Taken::Known => {}
                }
                Ok(())
            }
            Finding::Charge { line } => line::charge(conn, line, now).await,
            Finding::Settled { line } => line::settle(conn, line, now).await,
            Finding::Discrepancy { kind, subject, detail } => {
                open_discrepancy(conn, *kind, subject, detail, now).await
            }
        })
        .await
    }

    /// Compares the provider's balance with our clearing account, and stores the run.
    async fn conclude(
        &self,
        job: &JobClaim,
        lines: &[StatementLine],
        period: Period,
        summary: &mut RunSummary,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        let held = closing_balance_minor(lines);
        // One snapshot, because a payment that settles between two reads would look like a
        // discrepancy.
        let (clearing, believed) = conn
            .build_transaction()
            .repeatable_read()
            .read_only()
            .run(async |conn| {
                Ok::<_, Error>((clearing_minor(conn).await?, believed_in(conn, period).await?))
            })
            .await?;
        let transit = in_transit_minor(&believed, lines, period);
        let counted = conn
            .transaction(async |conn| {
                if let Some(held) = held {
                    compare_totals(conn, held, clearing, transit, now).await?;
                }
                let open: i64 = breaks::table
                    .filter(breaks::closed_at.is_null())
                    .count()
                    .get_result(conn)
                    .await?;
                let counted = RunSummary { open_breaks: open, ..*summary };
                record(conn, &counted, period, (held, clearing), now).await?;
                jobs::finish(conn, job, now).await?;
                Ok::<_, Error>(counted)
            })
            .await?;
        *summary = counted;
        Ok(())
    }
}

async fn believed_in(conn: &mut AsyncPgConnection, period: Period) -> Result<Vec<Believed>, Error> {
    let since = period.from.checked_sub_signed(LOOK_BACK).unwrap_or(period.from);
    let rows: Vec<Row> = Row::query()
        .filter(payments::sent_at.ge(since))
        .filter(payments::provider.eq(Provider::Mpesa.as_str()))
        .order(payments::id)
        .limit(PAYMENTS_MAX.saturating_add(1))
        .load(conn)
        .await?;
    if count(rows.len()) > PAYMENTS_MAX {
        return Err(Error::row("too many payments for one reconciliation run"));
    }
    rows.into_iter().map(Row::into_believed).collect()
}

async fn clearing_minor(conn: &mut AsyncPgConnection) -> Result<i64, Error> {
    let balance: Option<i64> = accounts::table
        .filter(accounts::kind.eq("provider.clearing"))
        .filter(accounts::owner.eq(Provider::Mpesa.owner()))
        .filter(accounts::currency.eq(Currency::Kes.as_str()))
        .select(accounts::balance_minor)
        .first(conn)
        .await
        .optional()?;
    Ok(balance.unwrap_or(0))
}

/// Compares the totals. `transit` is booked money that the statement cannot contain yet.
async fn compare_totals(
    conn: &mut AsyncPgConnection,
    held: i64,
    clearing: i64,
    transit: i64,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let subject = "mpesa KES";
    let ours = clearing.saturating_neg().saturating_sub(transit);
    if held == ours {
        return close_discrepancy(conn, DiscrepancyKind::TrustEquation, subject, now).await;
    }
    let detail = format!("the provider holds {held} minor units, our clearing account says {ours}");
    open_discrepancy(conn, DiscrepancyKind::TrustEquation, subject, &detail, now).await
}

async fn record(
    conn: &mut AsyncPgConnection,
    summary: &RunSummary,
    period: Period,
    (held, clearing): (Option<i64>, i64),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::insert_into(reconciliation_runs::table)
        .values((
            reconciliation_runs::id.eq(Uuid::now_v7()),
            reconciliation_runs::started_at.eq(now),
            reconciliation_runs::covered_from.eq(period.from),
            reconciliation_runs::covered_to.eq(period.to),
            reconciliation_runs::lines.eq(summary.lines),
            reconciliation_runs::matched.eq(summary.matched),
            reconciliation_runs::healed.eq(summary.healed),
            reconciliation_runs::unclaimed.eq(summary.unclaimed),
            reconciliation_runs::open_breaks.eq(summary.open_breaks),
            reconciliation_runs::provider_balance_minor.eq(held),
            reconciliation_runs::clearing_minor.eq(clearing),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Statements reach back further than payments need to settle, so that a missing payment means
/// something.
const _: () = assert!(PAYOUT_SETTLING_TIME.num_minutes() < LOOK_BACK.num_minutes());
