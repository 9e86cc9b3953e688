//! Reconciliation: applying the statement, and listing discrepancies.

mod closing;
mod line;
mod payer;
mod read;
mod run;
mod suspense;

pub(crate) use closing::close_by_hand;
pub(crate) use payer::{payer_account, payer_of};
pub use read::{DiscrepancyState, DiscrepancyView, RunView, SuspenseItem};
pub use run::RunSummary;
pub(crate) use suspense::{leave_suspense, suspense_item};

use crate::error::Error;
use crate::payments::DISCREPANCY_OPEN;
use crate::schema::breaks;
use amana_domain::reconciliation::DiscrepancyKind;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Lists a discrepancy for operators. An open one is only marked as seen again. A finding that an
/// operator has closed is not listed again.
pub(crate) async fn open_discrepancy(
    conn: &mut AsyncPgConnection,
    kind: DiscrepancyKind,
    subject: &str,
    detail: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::sql_query(
        "insert into breaks (id, kind, subject, detail, opened_at, last_seen_at)
        select $1, $2, $3, $4, $5, $5
        where not exists (select from breaks
            where kind = $2 and subject = $3 and detail = $4 and closed_by is not null)
        on conflict (kind, subject) where closed_at is null
        do update set last_seen_at = excluded.last_seen_at, detail = excluded.detail",
    )
    .bind::<SqlUuid, _>(Uuid::now_v7())
    .bind::<Text, _>(kind.as_str())
    .bind::<Text, _>(subject)
    .bind::<Text, _>(detail)
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Closes a discrepancy that is resolved.
pub(crate) async fn close_discrepancy(
    conn: &mut AsyncPgConnection,
    kind: DiscrepancyKind,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let open = breaks::table
        .filter(breaks::kind.eq(kind.as_str()))
        .filter(breaks::subject.eq(subject))
        .filter(breaks::closed_at.is_null());
    let closed = diesel::update(open).set(breaks::closed_at.eq(Some(now))).execute(conn).await?;
    if closed == 0 { Ok(()) } else { resume_payouts(conn, kind, now).await }
}

/// Closes the open discrepancies of one kind, except for these subjects.
pub(crate) async fn close_others(
    conn: &mut AsyncPgConnection,
    kind: DiscrepancyKind,
    subjects: &[&String],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let open = breaks::table
        .filter(breaks::kind.eq(kind.as_str()))
        .filter(breaks::subject.ne_all(subjects.to_vec()))
        .filter(breaks::closed_at.is_null());
    let closed = diesel::update(open).set(breaks::closed_at.eq(Some(now))).execute(conn).await?;
    if closed == 0 { Ok(()) } else { resume_payouts(conn, kind, now).await }
}

/// Tells whether payouts are held, because credited money may never have arrived. The lock keeps
/// the discrepancy open until the transaction ends, so the payout is not missed when it closes.
pub(crate) async fn payouts_are_held(conn: &mut AsyncPgConnection) -> Result<bool, Error> {
    let kinds = DiscrepancyKind::ALL.iter().filter(|kind| kind.holds_payouts());
    let open = breaks::table
        .filter(breaks::kind.eq_any(kinds.map(|kind| kind.as_str())))
        .filter(breaks::closed_at.is_null())
        .select(breaks::id)
        .limit(1)
        .for_share();
    let found: Option<Uuid> = open.first(conn).await.optional()?;
    Ok(found.is_some())
}

/// Queues the payouts that waited for the last open discrepancy. Every transaction that closes one
/// calls this.
pub(crate) async fn resume_payouts(
    conn: &mut AsyncPgConnection,
    closed: DiscrepancyKind,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if !closed.holds_payouts() || payouts_are_held(conn).await? {
        return Ok(());
    }
    diesel::sql_query(
        "update jobs set state = 'queued', attempts = 0, due_at = $1, pushed_at = null, finished_at = null
        where state = 'done' and kind = 'submit_payout' and key in (
            select 'submit_payout:' || id from payments
            where state = 'queued' and purpose in ('withdrawal', 'return_suspense') and problem = $2)",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Text, _>(DISCREPANCY_OPEN)
    .execute(conn)
    .await?;
    Ok(())
}
