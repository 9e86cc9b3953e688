//! Closing discrepancies by operators.

use super::{DiscrepancyView, resume_payouts};
use crate::conflicts::{self, Matter};
use crate::error::{Conflict, Error};
use crate::idempotency::{self, Answer, Keyed, Outcome};
use crate::job::Job;
use crate::jobs;
use crate::log;
use crate::pool::Store;
use crate::row::parse;
use crate::schema::breaks;
use amana_domain::event::{self, ReconciliationEvent};
use amana_domain::id::{DiscrepancyId, UserId};
use amana_domain::permission::{Action, Resource, Staff};
use amana_domain::reconciliation::DiscrepancyKind;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

/// Closes the open discrepancy of this kind about this subject, with a note.
pub(crate) async fn close_by_hand(
    conn: &mut AsyncPgConnection,
    (kind, subject): (DiscrepancyKind, &str),
    (by, note): (UserId, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let open = breaks::table
        .filter(breaks::kind.eq(kind.as_str()))
        .filter(breaks::subject.eq(subject))
        .filter(breaks::closed_at.is_null());
    let closed = diesel::update(open)
        .set((
            breaks::closed_at.eq(Some(now)),
            breaks::closed_by.eq(Some(by.uuid())),
            breaks::note.eq(Some(note)),
        ))
        .execute(conn)
        .await?;
    if closed == 0 { Ok(()) } else { resume_payouts(conn, kind, now).await }
}

impl Store {
    /// Closes a discrepancy that an operator has investigated. The same finding does not reopen it.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::NotFound`]; [`Conflict::DiscrepancyClosed`] if it is closed
    /// already; [`Conflict::LedgerInconsistent`] if only correct books can close it.
    pub async fn close_discrepancy(
        &self,
        (keyed, staff): (&Keyed, &Staff),
        (id, note): (DiscrepancyId, &str),
        render: fn(&DiscrepancyView) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let right = (Resource::Discrepancies, Action::Change);
            conflicts::permit(conn, vault, staff, right, Matter::Discrepancy(id), now).await?;
            let found = lock(conn, id).await?;
            let kind: DiscrepancyKind = parse(&found.kind)?;
            if found.closed_at.is_some() {
                return Err(Error::Conflict(Conflict::DiscrepancyClosed));
            }
            if kind.is_of_the_books() {
                return Err(Error::Conflict(Conflict::LedgerInconsistent));
            }
            close_by_hand(conn, (kind, &found.subject), (staff.user, note), now).await?;
            let (kind, subject, note) = (found.kind, found.subject, note.to_owned());
            let closed = ReconciliationEvent::DiscrepancyClosed { kind, subject, note };
            log::append(conn, now, event::Actor::Operator(staff.user), id, closed).await?;
            let closed =
                DiscrepancyView::query().filter(breaks::id.eq(id.uuid())).first(conn).await?;
            idempotency::complete(conn, keyed, render(&closed)).await
        })
        .await
    }

    /// Requests an additional run of the reconciliation.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn start_reconciliation(
        &self,
        staff: &Staff,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        let right = (Resource::Reconciliation, Action::Change);
        conflicts::permit(&mut conn, vault, staff, right, Matter::Nobody, now).await?;
        // Regular runs use period numbers of seconds or longer, so milliseconds never collide with
        // them.
        let job = Job::Reconcile { tick: now.timestamp_millis() };
        jobs::enqueue(&mut conn, &job, now, now).await?;
        Ok(())
    }
}

async fn lock(conn: &mut AsyncPgConnection, id: DiscrepancyId) -> Result<DiscrepancyView, Error> {
    let found: Option<DiscrepancyView> = DiscrepancyView::query()
        .filter(breaks::id.eq(id.uuid()))
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    found.ok_or(Error::NotFound("discrepancy"))
}
