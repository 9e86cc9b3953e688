//! Files of the two sides of a deal: evidence in a dispute, and what a seller shows to have delivered.

use super::disputes::require_side;
use super::splitting::milestone;
use super::{disputes, load_as_party, lock_as_party, rows, timeline};
use crate::audit;
use crate::documents::Document;
use crate::error::Error;
use crate::idempotency::{self, Answer, Keyed, Outcome};
use crate::pool::Store;
use crate::schema::deal_files;
use crate::users::User;
use amana_domain::deal::{
    Actor, DELIVERY_FILES_MAX, Deal, EVIDENCE_MAX, MilestoneState, Refusal, Role,
};
use amana_domain::id::{DealId, DisputeId, DocumentId, MilestoneId, UserId};
use amana_domain::permission::{Action, Circumstances, Resource, permit};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A file, and who handed it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealFile {
    pub document: Document,
    pub by: UserId,
}

#[derive(Debug, HasQuery, Insertable)]
#[diesel(table_name = deal_files)]
pub(super) struct FileRow {
    pub(super) id: Uuid,
    deal_id: Uuid,
    pub(super) milestone_id: Uuid,
    dispute_id: Option<Uuid>,
    user_id: Uuid,
    media_type: String,
    size_bytes: i64,
    sha256: Vec<u8>,
    created_at: DateTime<Utc>,
}

impl FileRow {
    pub(super) fn into_file(self) -> Result<DealFile, Error> {
        let Self { id, media_type, size_bytes, sha256, created_at, .. } = self;
        let document = Document::stored(id, &media_type, size_bytes, sha256, created_at)?;
        Ok(DealFile { document, by: UserId::new(self.user_id) })
    }
}

/// Where a file goes to.
#[derive(Clone, Copy)]
struct Place {
    deal: DealId,
    milestone: MilestoneId,
    dispute: Option<DisputeId>,
}

/// The place of evidence, while there is something to decide about.
async fn in_dispute(
    conn: &mut AsyncPgConnection,
    deal: &Deal,
    user: UserId,
    dispute: DisputeId,
) -> Result<Place, Error> {
    require_side(deal, user)?;
    let row = disputes::load(conn, dispute).await?;
    if row.deal_id != deal.id.uuid() {
        return Err(Error::NotFound("dispute"));
    }
    let milestone = milestone(deal, MilestoneId::new(row.milestone_id))?;
    if milestone.state != MilestoneState::Disputed {
        let (state, command) = (milestone.state, "add_evidence");
        return Err(Error::Refused(Refusal::WrongMilestoneState { state, command }));
    }
    Ok(Place { deal: deal.id, milestone: milestone.id, dispute: Some(dispute) })
}

/// The place of what is to be delivered, for the seller.
fn in_milestone(deal: &Deal, user: UserId, id: MilestoneId) -> Result<Place, Refusal> {
    if deal.role_of(user) != Some(Role::Seller) {
        return Err(Refusal::WrongParty { wanted: Role::Seller });
    }
    let milestone = milestone(deal, id)?;
    if milestone.state != MilestoneState::Funded {
        let (state, command) = (milestone.state, "add_file");
        return Err(Refusal::WrongMilestoneState { state, command });
    }
    Ok(Place { deal: deal.id, milestone: id, dispute: None })
}

/// Both sides wait for each other at the deal's row: the files in a place are counted one after the other.
async fn insert(
    conn: &mut AsyncPgConnection,
    user: UserId,
    place: Place,
    document: &Document,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Place { deal, milestone, dispute } = place;
    let there = deal_files::table.filter(deal_files::milestone_id.eq(milestone.uuid()));
    let there: i64 = match dispute {
        Some(id) => {
            let there = there.filter(deal_files::dispute_id.eq(id.uuid()));
            there.count().get_result(conn).await?
        }
        None => there.filter(deal_files::dispute_id.is_null()).count().get_result(conn).await?,
    };
    let (max, refusal, event) = match dispute {
        Some(_) => (EVIDENCE_MAX, Refusal::TooMuchEvidence, "dispute.evidence_added"),
        None => (DELIVERY_FILES_MAX, Refusal::TooManyFiles, "milestone.file_added"),
    };
    if there >= max {
        return Err(Error::Refused(refusal));
    }
    let row = FileRow {
        id: document.id.uuid(),
        deal_id: deal.uuid(),
        milestone_id: milestone.uuid(),
        dispute_id: dispute.map(DisputeId::uuid),
        user_id: user.uuid(),
        media_type: document.media_type.to_string(),
        size_bytes: document.bytes,
        sha256: document.sha256.to_vec(),
        created_at: document.created_at,
    };
    diesel::insert_into(deal_files::table).values(row).execute(conn).await?;
    let data =
        json!({ "document": document.id.to_string(), "sha256": hex::encode(document.sha256) });
    let actor = Actor::User(user);
    timeline::append(conn, deal, event, Some(milestone), actor, data.clone(), now).await?;
    audit::record(conn, now, actor, event, deal, data).await
}

impl Store {
    /// That somebody may add evidence now: asked before a file is read.
    ///
    /// # Errors
    /// [`Error::NotFound`] for others, [`Error::Refused`] by the rules.
    pub async fn may_add_evidence(
        &self,
        user: UserId,
        (deal, dispute): (DealId, DisputeId),
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        let deal = load_as_party(&mut conn, user, deal).await?;
        in_dispute(&mut conn, &deal, user, dispute).await.map(drop)
    }

    /// Adds evidence whose file has been kept already.
    ///
    /// # Errors
    /// As [`Store::may_add_evidence`], and [`Refusal::TooMuchEvidence`].
    pub async fn add_evidence(
        &self,
        keyed: &Keyed,
        (deal, dispute): (DealId, DisputeId),
        document: &Document,
        render: fn(&DealFile) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let deal = lock_as_party(conn, keyed.user, deal).await?;
            let place = in_dispute(conn, &deal, keyed.user, dispute).await?;
            insert(conn, keyed.user, place, document, now).await?;
            let file = DealFile { document: document.clone(), by: keyed.user };
            idempotency::complete(conn, keyed, render(&file)).await
        })
        .await
    }

    /// That the seller may add a file to a milestone now: asked before it is read.
    ///
    /// # Errors
    /// [`Error::NotFound`] for others, [`Error::Refused`] by the rules.
    pub async fn may_add_delivery_file(
        &self,
        user: UserId,
        (deal, milestone): (DealId, MilestoneId),
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        let deal = load_as_party(&mut conn, user, deal).await?;
        Ok(in_milestone(&deal, user, milestone).map(drop)?)
    }

    /// Adds a file with which the seller is to show the delivery, and which has been kept already.
    ///
    /// # Errors
    /// As [`Store::may_add_delivery_file`], and [`Refusal::TooManyFiles`].
    pub async fn add_delivery_file(
        &self,
        keyed: &Keyed,
        (deal, milestone): (DealId, MilestoneId),
        document: &Document,
        render: fn(&DealFile) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let deal = lock_as_party(conn, keyed.user, deal).await?;
            let place = in_milestone(&deal, keyed.user, milestone)?;
            insert(conn, keyed.user, place, document, now).await?;
            let file = DealFile { document: document.clone(), by: keyed.user };
            idempotency::complete(conn, keyed, render(&file)).await
        })
        .await
    }

    /// That a file is evidence in a dispute about a deal whose side the caller is on, so that a link to it may be
    /// made.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Refusal::WrongParty`] for those who only pay or read.
    pub async fn evidence(
        &self,
        user: UserId,
        (deal, dispute): (DealId, DisputeId),
        document: DocumentId,
    ) -> Result<DocumentId, Error> {
        let mut conn = self.connection().await?;
        require_side(&load_as_party(&mut conn, user, deal).await?, user)?;
        let found = deal_files::table
            .find(document.uuid())
            .filter(deal_files::deal_id.eq(deal.uuid()))
            .filter(deal_files::dispute_id.eq(dispute.uuid()));
        known(found.select(deal_files::id).first(&mut conn).await.optional()?)
    }

    /// The same for a file that was handed in for a milestone.
    ///
    /// # Errors
    /// As [`Store::evidence`].
    pub async fn delivery_file(
        &self,
        user: UserId,
        (deal, milestone): (DealId, MilestoneId),
        document: DocumentId,
    ) -> Result<DocumentId, Error> {
        let mut conn = self.connection().await?;
        require_side(&load_as_party(&mut conn, user, deal).await?, user)?;
        let found = deal_files::table
            .find(document.uuid())
            .filter(deal_files::deal_id.eq(deal.uuid()))
            .filter(deal_files::milestone_id.eq(milestone.uuid()))
            .filter(deal_files::dispute_id.is_null());
        known(found.select(deal_files::id).first(&mut conn).await.optional()?)
    }
}

fn known(found: Option<Uuid>) -> Result<DocumentId, Error> {
    found.map(DocumentId::new).ok_or(Error::NotFound("document"))
}

/// The evidence of each dispute, oldest first.
pub(super) async fn evidence_of(
    conn: &mut AsyncPgConnection,
    disputes: &[Uuid],
) -> Result<BTreeMap<Uuid, Vec<DealFile>>, Error> {
    let rows: Vec<FileRow> = FileRow::query()
        .filter(deal_files::dispute_id.eq_any(disputes))
        .order(deal_files::id)
        .load(conn)
        .await?;
    let mut found: BTreeMap<Uuid, Vec<DealFile>> = BTreeMap::new();
    for row in rows {
        if let Some(dispute) = row.dispute_id {
            found.entry(dispute).or_default().push(row.into_file()?);
        }
    }
    Ok(found)
}

/// The files that were handed in for these milestones, without evidence, oldest first.
pub(super) async fn of_milestones(
    conn: &mut AsyncPgConnection,
    milestones: &[Uuid],
) -> Result<Vec<FileRow>, Error> {
    Ok(FileRow::query()
        .filter(deal_files::milestone_id.eq_any(milestones))
        .filter(deal_files::dispute_id.is_null())
        .order(deal_files::id)
        .load(conn)
        .await?)
}

/// What a link to a file of a deal leads to, and whose it is; `None` if there is no such file. The two sides may
/// look, and arbiters if its milestone is or was disputed: each look of theirs is recorded.
///
/// # Errors
/// [`Error::NotFound`] if the viewer may not see it.
pub(crate) async fn open(
    conn: &mut AsyncPgConnection,
    viewer: &User,
    id: DocumentId,
    now: DateTime<Utc>,
) -> Result<Option<(Document, String, UserId)>, Error> {
    let row: Option<FileRow> =
        FileRow::query().filter(deal_files::id.eq(id.uuid())).first(conn).await.optional()?;
    let Some(row) = row else { return Ok(None) };
    let deal = rows::load(conn, DealId::new(row.deal_id)).await?.deal;
    if deal.role_of(viewer.id).is_none() {
        let dispute = super::review::about(conn, row.milestone_id).await?;
        let dispute = dispute.ok_or(Error::NotFound("document"))?;
        // The link was made from a listed network; that the role still reaches so far is asked again.
        let now_and_there = Circumstances { at: now, from_listed: true, amount: None };
        let wanted = (Resource::Disputes, Action::Read);
        permit(viewer.role, wanted, &now_and_there).map_err(|_| Error::NotFound("document"))?;
        let data = json!({ "document": id.to_string() });
        let actor = Actor::User(viewer.id);
        audit::record(conn, now, actor, "dispute.document_seen", dispute, data).await?;
    }
    let name = if row.dispute_id.is_some() { "evidence" } else { "delivery" };
    let DealFile { document, by } = row.into_file()?;
    Ok(Some((document, name.to_owned(), by)))
}
