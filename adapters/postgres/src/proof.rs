//! The proof: the trust equation from balances at any time, and a nightly check of every row.

mod check;
mod cursor;
mod rows;

use crate::error::Error;
use crate::jobs::{self, Claim};
use crate::pool::Store;
use crate::reconciliation::{close_discrepancy, close_others, open_discrepancy};
use crate::row::parse;
use crate::schema::ledger_checks;
use amana_domain::ledger::AccountKind;
use amana_domain::proof::{Sums, Trust, Wrong};
use amana_domain::reconciliation::DiscrepancyKind;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::upsert::excluded;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Number of rows that a full check has read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub accounts: i64,
    pub entries: i64,
    pub postings: i64,
}

/// Result of a full check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerCheck {
    /// Rows before the first wrong one, if there is one.
    pub counts: Counts,
    /// Sums of the postings; empty if a row is wrong.
    pub currencies: Vec<Trust>,
    pub first_wrong: Option<Wrong>,
}

/// A stored full check.
#[derive(Debug, Clone, PartialEq, Eq, HasQuery)]
#[diesel(table_name = ledger_checks)]
pub struct LedgerCheckView {
    pub started_at: DateTime<Utc>,
    pub finished_at: DateTime<Utc>,
    pub accounts: i64,
    pub entries: i64,
    pub postings: i64,
    pub first_wrong: Option<String>,
}

/// The trust equation from present balances, and the result of the latest full check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub currencies: Vec<Trust>,
    pub latest_check: Option<LedgerCheckView>,
}

impl Proof {
    #[must_use]
    pub fn holds(&self) -> bool {
        self.currencies.iter().all(Trust::holds)
            && self.latest_check.as_ref().is_none_or(|check| check.first_wrong.is_none())
    }
}

#[derive(QueryableByName)]
struct BalanceRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    minor: i64,
}

#[derive(QueryableByName)]
struct ReservedRow {
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    minor: i64,
}

impl Store {
    /// # Errors
    /// [`Error::Store`] only; books that do not hold are an answer, not an error.
    pub async fn proof(&self) -> Result<Proof, Error> {
        let mut conn = self.connection().await?;
        conn.build_transaction()
            .repeatable_read()
            .read_only()
            .run(async |conn| {
                let currencies = trust(conn).await?;
                let latest_check = LedgerCheckView::query()
                    .order(ledger_checks::started_at.desc())
                    .first(conn)
                    .await
                    .optional()?;
                Ok(Proof { currencies, latest_check })
            })
            .await
    }

    /// Stores a full check and completes its job. Lists the first wrong row, and closes
    /// discrepancies that are resolved.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] if another worker has taken the job over.
    pub async fn record_ledger_check(
        &self,
        job: &Claim,
        check: &LedgerCheck,
        started_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            insert_check(conn, job.id.uuid(), check, (started_at, now)).await?;
            list_wrong(conn, check.first_wrong.as_ref(), now).await?;
            jobs::finish(conn, job, now).await
        })
        .await
    }

    /// Opens or closes a discrepancy per currency. Cheap, because it reads balances and not
    /// postings.
    pub(crate) async fn check_trust(&self, now: DateTime<Utc>) -> Result<(), Error> {
        // One snapshot, because a hold that is opened between two reads would look like a
        // discrepancy.
        let currencies = self.proof().await?.currencies;
        let mut conn = self.connection().await?;
        for trust in &currencies {
            let (kind, subject) =
                (DiscrepancyKind::TrustEquation, format!("ledger {}", trust.currency));
            match trust.verify() {
                Ok(()) => close_discrepancy(&mut conn, kind, &subject, now).await?,
                Err(wrong) => {
                    let detail = wrong.fault.to_string();
                    open_discrepancy(&mut conn, kind, &subject, &detail, now).await?;
                }
            }
        }
        Ok(())
    }
}

async fn trust(conn: &mut AsyncPgConnection) -> Result<Vec<Trust>, Error> {
    let balances: Vec<BalanceRow> = diesel::sql_query(
        "select kind, currency, sum(balance_minor)::bigint as minor from accounts group by kind, currency",
    )
    .load(conn)
    .await?;
    let reserved: Vec<ReservedRow> = diesel::sql_query(
        "select currency, sum(amount_minor - settled_minor)::bigint as minor
        from holds where state = 'open' group by currency",
    )
    .load(conn)
    .await?;
    let mut sums = Sums::default();
    for row in balances {
        sums.add(parse::<AccountKind>(&row.kind)?, parse(&row.currency)?, row.minor);
    }
    for row in reserved {
        sums.reserve(parse(&row.currency)?, row.minor.into());
    }
    Ok(sums.trust())
}

/// Writes one row per job, however often the job runs.
async fn insert_check(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    check: &LedgerCheck,
    (started_at, finished_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), Error> {
    let first_wrong = check.first_wrong.as_ref().map(ToString::to_string);
    diesel::insert_into(ledger_checks::table)
        .values((
            ledger_checks::id.eq(id),
            ledger_checks::started_at.eq(started_at),
            ledger_checks::finished_at.eq(finished_at),
            ledger_checks::accounts.eq(check.counts.accounts),
            ledger_checks::entries.eq(check.counts.entries),
            ledger_checks::postings.eq(check.counts.postings),
            ledger_checks::first_wrong.eq(first_wrong),
        ))
        .on_conflict(ledger_checks::id)
        .do_update()
        .set((
            ledger_checks::started_at.eq(excluded(ledger_checks::started_at)),
            ledger_checks::finished_at.eq(excluded(ledger_checks::finished_at)),
            ledger_checks::accounts.eq(excluded(ledger_checks::accounts)),
            ledger_checks::entries.eq(excluded(ledger_checks::entries)),
            ledger_checks::postings.eq(excluded(ledger_checks::postings)),
            ledger_checks::first_wrong.eq(excluded(ledger_checks::first_wrong)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn list_wrong(
    conn: &mut AsyncPgConnection,
    wrong: Option<&Wrong>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let kind = DiscrepancyKind::BalanceDiffers;
    let Some(wrong) = wrong else { return close_others(conn, kind, &[], now).await };
    // More wrong rows may follow the first one, so listed rows stay until a check finds none.
    let (subject, detail) = (wrong.row.to_string(), wrong.fault.to_string());
    open_discrepancy(conn, kind, &subject, &detail, now).await
}
