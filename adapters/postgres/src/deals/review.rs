//! Disputes for arbiters: those that wait for an award, the details of one, and awarding.

use super::disputes::{self, DisputeRow, DisputeView};
use super::timeline::seen_by;
use super::write::By;
use super::{DealView, apply, lock, view};
use crate::conflicts::{self, Matter};
use crate::error::Error;
use crate::idempotency::{self, Answer, Keyed, Outcome};
use crate::log::{self, TimelineEvent};
use crate::page::{PAGE_MAX, Page};
use crate::pool::Store;
use crate::schema::{deal_files, deal_participants, disputes as table};
use amana_domain::deal::{Actor, Award, Command, Costs, Share, Viewer, decide};
use amana_domain::event::{self, OperationEvent};
use amana_domain::id::{DealId, DisputeId, DocumentId, MilestoneId, UserId};
use amana_domain::permission::{self, Action, Resource, Staff};
use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use std::fmt::{self, Display};
use std::str::FromStr;
use uuid::Uuid;

const READ: (Resource, Action) = (Resource::Disputes, Action::Read);
const DECIDE: (Resource, Action) = (Resource::Disputes, Action::Decide);

/// The position of a dispute in the order of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisputePlace {
    pub answered_at: DateTime<Utc>,
    pub id: DisputeId,
}

impl DisputePlace {
    #[must_use]
    pub fn of(view: &DisputeView) -> Self {
        Self { answered_at: view.answered_at.unwrap_or(view.opened_at), id: view.id }
    }
}

impl Display for DisputePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.answered_at.timestamp_micros(), self.id)
    }
}

impl FromStr for DisputePlace {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (micros, id) = text.split_once('.').ok_or(())?;
        let answered_at = DateTime::from_timestamp_micros(micros.parse().map_err(drop)?);
        Ok(Self { answered_at: answered_at.ok_or(())?, id: id.parse().map_err(drop)? })
    }
}

/// A dispute with its deal and the deal's timeline, newest event last.
#[derive(Debug, Clone)]
pub struct DisputeReview {
    pub dispute: DisputeView,
    pub deal: DealView,
    pub timeline: Vec<TimelineEvent>,
}

/// An arbiter's requested award.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwardRequest {
    pub share: Share,
    pub fees_waived: bool,
    pub costs: Option<Costs>,
}

/// Returns the dispute about a milestone, open or ended.
pub(super) async fn about(
    conn: &mut AsyncPgConnection,
    milestone: Uuid,
) -> Result<Option<DisputeId>, Error> {
    let found: Option<Uuid> = table::table
        .filter(table::milestone_id.eq(milestone))
        .select(table::id)
        .first(conn)
        .await
        .optional()?;
    Ok(found.map(DisputeId::new))
}

async fn one(conn: &mut AsyncPgConnection, id: DisputeId) -> Result<DisputeView, Error> {
    let row = disputes::load(conn, id).await?;
    let found = disputes::views(conn, vec![row]).await?;
    found.into_iter().next().ok_or(Error::NotFound("dispute"))
}

impl Store {
    /// Returns disputes that wait for an award, earliest answer first, without those of deals that concern the arbiter.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn dispute_reviews(
        &self,
        arbiter: UserId,
        after: Option<DisputePlace>,
        limit: i64,
    ) -> Result<Page<DisputeView>, Error> {
        use table::{answered_at, id};
        let mut conn = self.connection().await?;
        let mut query = DisputeRow::query()
            .filter(answered_at.is_not_null())
            .filter(table::ended_at.is_null())
            .filter(not(exists(
                deal_participants::table
                    .filter(deal_participants::deal_id.eq(table::deal_id))
                    .filter(deal_participants::user_id.eq(arbiter.uuid())),
            )))
            .order((answered_at, id))
            .limit(Page::<DisputeRow>::fetch(limit))
            .into_boxed();
        if let Some(after) = after {
            let (at, last) = (Some(after.answered_at), after.id.uuid());
            query = query.filter(answered_at.gt(at).or(answered_at.eq(at).and(id.gt(last))));
        }
        let Page { items, more } = Page::cut(query.load(&mut conn).await?, limit);
        Ok(Page { items: disputes::views(&mut conn, items).await?, more })
    }

    /// # Errors
    /// [`Error::Denied`] or [`Error::NotFound`].
    pub async fn dispute_review(
        &self,
        staff: &Staff,
        id: DisputeId,
        now: DateTime<Utc>,
    ) -> Result<DisputeReview, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conflicts::permit(&mut conn, vault, staff, READ, Matter::Dispute(id), now).await?;
        let dispute = one(&mut conn, id).await?;
        let deal = view(&mut conn, vault, dispute.deal).await?;
        let timeline = log::newest(&mut conn, dispute.deal, PAGE_MAX).await?;
        let seen = timeline.into_iter().map(|event| seen_by(Viewer::Arbiter, event));
        let timeline = seen.collect();
        Ok(DisputeReview { dispute, deal, timeline })
    }

    /// Records that an arbiter gets a link to a file of the disputed milestone: evidence or a proof of delivery.
    ///
    /// # Errors
    /// [`Error::Denied`] or [`Error::NotFound`].
    pub async fn link_dispute_document(
        &self,
        staff: &Staff,
        (id, document): (DisputeId, DocumentId),
        now: DateTime<Utc>,
    ) -> Result<DocumentId, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            conflicts::permit(conn, vault, staff, READ, Matter::Dispute(id), now).await?;
            let dispute = disputes::load(conn, id).await?;
            let found: Option<Uuid> = deal_files::table
                .find(document.uuid())
                .filter(deal_files::milestone_id.eq(dispute.milestone_id))
                .select(deal_files::id)
                .first(conn)
                .await
                .optional()?;
            found.ok_or(Error::NotFound("document"))?;
            let linked = OperationEvent::DisputeDocumentLinked { document };
            log::append(conn, now, event::Actor::Operator(staff.user), id, linked).await?;
            Ok(document)
        })
        .await
    }

    /// Awards a dispute.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`], or [`Error::Refused`] if the domain refuses the award.
    pub async fn award_dispute(
        &self,
        (keyed, staff): (&Keyed, &Staff),
        id: DisputeId,
        (request, reason): (&AwardRequest, String),
        render: fn(&DisputeView) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            permission::reaches(staff.role, DECIDE)?;
            let dispute = disputes::load(conn, id).await?;
            let part = MilestoneId::new(dispute.milestone_id);
            let deal = lock(conn, DealId::new(dispute.deal_id)).await?;
            // Checked under the deal's lock, so that the arbiter cannot become part of the deal meanwhile.
            conflicts::permit(conn, vault, staff, DECIDE, Matter::Dispute(id), now).await?;
            let AwardRequest { share, fees_waived, costs } = *request;
            let to_seller = share.of(deal.require_milestone(part)?.amount)?;
            let award = Award { to_seller, fees_waived, costs };
            let by = By { actor: Actor::Arbiter(keyed.user), reason: Some(reason) };
            let command = Command::Award { milestone: part, award };
            let decision = decide(&deal, &command, by.actor, now)?;
            apply(conn, &deal, &decision, &by, now).await?;
            let view = one(conn, id).await?;
            idempotency::complete(conn, keyed, render(&view)).await
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_and_nothing_else_is_one() {
        let place = DisputePlace {
            answered_at: DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap(),
            id: DisputeId::new(Uuid::from_u128(7)),
        };
        assert_eq!(place.to_string().parse(), Ok(place));
        for text in ["", "1", "1.", "1.deal_00000000000000000000000000000007", "x.dsp_7"] {
            assert_eq!(text.parse::<DisputePlace>(), Err(()), "{text}");
        }
    }
}
