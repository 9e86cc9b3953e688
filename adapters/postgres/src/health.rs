//! The state of the service for a person on call: schema, queues, reconciliation, ledger, providers.
//!
//! Every statement reads a bounded number of rows along an index, so that a query costs little during an incident.

use crate::error::{Error, StoreError};
use crate::job::Queue;
use crate::migrate::check_schema;
use crate::pool::Store;
use crate::proof::LedgerCheckView;
use crate::reconciliation::RunView;
use crate::row::parse;
use crate::schema::{ledger_checks, reconciliation_runs};
use amana_domain::ledger::Provider;
use amana_domain::reconciliation::DiscrepancyKind;
use amana_domain::text_enum;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

/// Largest count that is reported. A larger backlog is reported as this number.
pub const COUNTED_MAX: i64 = 100_000;

/// Number of newest exchanges that the state of providers is derived from.
const EXCHANGES_MAX: i64 = 1_000;

/// The query must not add to an overload.
const SHORT_STATEMENTS: &str = "set local statement_timeout = '3s'";

/// The jobs of one queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueState {
    pub queue: Queue,
    /// Due jobs that no worker has claimed.
    pub due: i64,
    pub oldest_due_at: Option<DateTime<Utc>>,
    pub running: i64,
    pub dead: i64,
    pub last_died_at: Option<DateTime<Utc>>,
}

text_enum! {
    /// Outcome of the latest reconciliation.
    pub enum ReconciliationOutcome as "reconciliation outcome" {
        Matched = "matched",
        Discrepancies = "discrepancies",
        /// The job gave up after its last attempt.
        Failed = "failed",
    }
}

/// The latest reconciliation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReconciliationState {
    pub at: DateTime<Utc>,
    pub outcome: ReconciliationOutcome,
}

/// The state of one provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderState {
    pub provider: Provider,
    pub last_success_at: Option<DateTime<Utc>>,
    pub last_failure_at: Option<DateTime<Utc>>,
    /// Payments whose outcome is unknown.
    pub unknown_payments: i64,
    /// When the oldest payment with unknown outcome was sent.
    pub oldest_unknown_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    pub queues: Vec<QueueState>,
    pub reconciliation: Option<ReconciliationState>,
    pub open_breaks: i64,
    /// Open breaks of the ledger itself: the trust equation or a balance does not hold.
    pub ledger_breaks: i64,
    pub latest_check: Option<LedgerCheckView>,
    pub providers: Vec<ProviderState>,
}

#[derive(QueryableByName)]
struct JobsRow {
    #[diesel(sql_type = Text)]
    queue: String,
    #[diesel(sql_type = Text)]
    part: String,
    #[diesel(sql_type = BigInt)]
    jobs: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    at: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct DiscrepanciesRow {
    #[diesel(sql_type = BigInt)]
    open: i64,
    #[diesel(sql_type = BigInt)]
    of_ledger: i64,
}

#[derive(QueryableByName)]
struct ExchangesRow {
    #[diesel(sql_type = Text)]
    provider: String,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_success_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_failure_at: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct UnknownRow {
    #[diesel(sql_type = Text)]
    provider: String,
    #[diesel(sql_type = BigInt)]
    payments: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    oldest_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Returns whether all migrations of this binary are applied.
    ///
    /// # Errors
    /// [`Error::Store`] if the database does not answer.
    pub async fn is_migrated(&self) -> Result<bool, Error> {
        let mut conn = self.connection().await?;
        match check_schema(&mut conn).await {
            Ok(()) => Ok(true),
            Err(StoreError::NoSchema | StoreError::OldSchema) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the state of the service in one snapshot.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn health(&self, now: DateTime<Utc>) -> Result<Health, Error> {
        let mut conn = self.connection().await?;
        conn.build_transaction()
            .repeatable_read()
            .read_only()
            .run(async |conn| {
                conn.batch_execute(SHORT_STATEMENTS).await?;
                let queues = queues(conn, now).await?;
                let breaks = breaks(conn).await?;
                let latest_check = LedgerCheckView::query()
                    .order(ledger_checks::started_at.desc())
                    .first(conn)
                    .await
                    .optional()?;
                Ok::<_, Error>(Health {
                    reconciliation: reconciliation(conn, &queues).await?,
                    queues,
                    open_breaks: breaks.open,
                    ledger_breaks: breaks.of_ledger,
                    latest_check,
                    providers: providers(conn).await?,
                })
            })
            .await
    }
}

async fn queues(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> Result<Vec<QueueState>, Error> {
    let rows: Vec<JobsRow> = diesel::sql_query(
        "select queue, 'due' as part, count(*) as jobs, min(due_at) as at from (
            select queue, due_at from jobs where state = 'queued' and due_at <= $1 order by due_at limit $2
        ) due group by queue
        union all
        select queue, 'running', count(*), null::timestamptz from (
            select queue from jobs where state = 'running' order by lease_until limit $2
        ) running group by queue
        union all
        select queue, 'dead', count(*), max(finished_at) from (
            select queue, finished_at from jobs where state = 'dead' order by finished_at desc limit $2
        ) dead group by queue",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(COUNTED_MAX)
    .load(conn)
    .await?;
    let state = |queue: &Queue| {
        let part = |part: &str| {
            let row = rows.iter().find(|row| row.queue == queue.as_str() && row.part == part);
            row.map_or((0, None), |row| (row.jobs, row.at))
        };
        let ((due, oldest_due_at), (running, _)) = (part("due"), part("running"));
        let (dead, last_died_at) = part("dead");
        QueueState { queue: *queue, due, oldest_due_at, running, dead, last_died_at }
    };
    Ok(Queue::ALL.iter().map(state).collect())
}

async fn breaks(conn: &mut AsyncPgConnection) -> Result<DiscrepanciesRow, Error> {
    let of_ledger = [DiscrepancyKind::TrustEquation, DiscrepancyKind::BalanceDiffers]
        .map(DiscrepancyKind::as_str);
    Ok(diesel::sql_query(
        "select count(*) as open, count(*) filter (where kind = any($1)) as of_ledger
        from (select kind from breaks where closed_at is null limit $2) open",
    )
    .bind::<Array<Text>, _>(&of_ledger[..])
    .bind::<BigInt, _>(COUNTED_MAX)
    .get_result(conn)
    .await?)
}

/// A failed run has no row of its own, so its dead job is read instead.
async fn reconciliation(
    conn: &mut AsyncPgConnection,
    queues: &[QueueState],
) -> Result<Option<ReconciliationState>, Error> {
    let run: Option<RunView> =
        RunView::query().order(reconciliation_runs::id.desc()).first(conn).await.optional()?;
    let died_at = queues.iter().find(|state| state.queue == Queue::Reconciliation);
    let died_at = died_at.and_then(|state| state.last_died_at);
    let failed = died_at.filter(|at| run.as_ref().is_none_or(|run| run.started_at < *at));
    Ok(match (failed, run) {
        (Some(at), _) => Some(ReconciliationState { at, outcome: ReconciliationOutcome::Failed }),
        (None, Some(run)) => {
            let outcome = match run.open_breaks {
                0 => ReconciliationOutcome::Matched,
                _ => ReconciliationOutcome::Discrepancies,
            };
            Some(ReconciliationState { at: run.started_at, outcome })
        }
        (None, None) => None,
    })
}

async fn providers(conn: &mut AsyncPgConnection) -> Result<Vec<ProviderState>, Error> {
    // M-Pesa answers a query about a payment in progress with 400, 404 or 500, which is no failure.
    let exchanges: Vec<ExchangesRow> = diesel::sql_query(
        "select provider, max(newest.at) filter (where status between 200 and 299) as last_success_at,
            max(newest.at) filter (where status is null
                or (status >= 400 and (operation <> 'query' or status not in (400, 404, 500)))
            ) as last_failure_at
        from (select payment_id, operation, status, at from exchanges order by id desc limit $1) newest
        join payments on payments.id = newest.payment_id group by provider",
    )
    .bind::<BigInt, _>(EXCHANGES_MAX)
    .load(conn)
    .await?;
    let unknown: Vec<UnknownRow> = diesel::sql_query(
        "select provider, count(*) as payments, min(sent_at) as oldest_at
        from (select provider, sent_at from payments where state = 'unknown' order by id limit $1) lost
        group by provider",
    )
    .bind::<BigInt, _>(COUNTED_MAX)
    .load(conn)
    .await?;
    let mut states: Vec<ProviderState> = Provider::ALL.iter().map(|p| untried(*p)).collect();
    for row in exchanges {
        let provider: Provider = parse(&row.provider)?;
        for state in states.iter_mut().filter(|state| state.provider == provider) {
            state.last_success_at = row.last_success_at;
            state.last_failure_at = row.last_failure_at;
        }
    }
    for row in unknown {
        let provider: Provider = parse(&row.provider)?;
        for state in states.iter_mut().filter(|state| state.provider == provider) {
            state.unknown_payments = row.payments;
            state.oldest_unknown_at = row.oldest_at;
        }
    }
    Ok(states)
}

const fn untried(provider: Provider) -> ProviderState {
    ProviderState {
        provider,
        last_success_at: None,
        last_failure_at: None,
        unknown_payments: 0,
        oldest_unknown_at: None,
    }
}
