//! Files of buyer and seller: evidence in a dispute and proof of delivery.

use super::disputes::require_side;
use super::{disputes, load_as_party, lock_as_party, rows};
use crate::conflicts::{self, Matter};
use crate::documents::Document;
use crate::error::Error;
use crate::idempotency::{self, Answer, Keyed, Outcome};
use crate::log::{self, NewEvent};
use crate::pool::Store;
use crate::row::grouped;
use crate::schema::deal_files;
use crate::users::User;
use crate::vault::Vault;
use amana_domain::deal::{
    Actor, DELIVERY_FILES_MAX, Deal, EVIDENCE_MAX, MilestoneState, Refusal, Role,
};
use amana_domain::event::{self, DealEvent, OperationEvent};
use amana_domain::id::{DealId, DisputeId, DocumentId, MilestoneId, UserId};
use amana_domain::permission::{Action, Circumstances, Resource, permit};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A file and the user who uploaded it.
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

/// The place of a file within a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilePlace {
    /// Uploaded by either party, in a dispute.
    Evidence(DisputeId),
    /// Uploaded by the seller, as proof of delivery.
    Delivery(MilestoneId),
}

impl FilePlace {
    const fn dispute(self) -> Option<DisputeId> {
        match self {
            FilePlace::Evidence(id) => Some(id),
            FilePlace::Delivery(_) => None,
        }
    }

    /// Returns the maximum number of files and the refusal of another one.
    const fn bound(self) -> (i64, Refusal) {
        match self {
            FilePlace::Evidence(_) => (EVIDENCE_MAX, Refusal::TooMuchEvidence),
            FilePlace::Delivery(_) => (DELIVERY_FILES_MAX, Refusal::TooManyFiles),
        }
    }
}

/// Returns the milestone of a place if this user may add a file there now: evidence while the milestone is disputed,
/// proof of delivery while it is funded.
async fn milestone_of(
    conn: &mut AsyncPgConnection,
    deal: &Deal,
    user: UserId,
    place: FilePlace,
) -> Result<MilestoneId, Error> {
    let (id, wanted, command) = match place {
        FilePlace::Evidence(dispute) => {
            require_side(deal, user)?;
            let row = disputes::load(conn, dispute).await?;
            if row.deal_id != deal.id.uuid() {
                return Err(Error::NotFound("dispute"));
            }
            (MilestoneId::new(row.milestone_id), MilestoneState::Disputed, "add_evidence")
        }
        FilePlace::Delivery(id) => {
            if deal.role_of(user) != Some(Role::Seller) {
                return Err(Error::Refused(Refusal::WrongParty { wanted: Role::Seller }));
            }
            (id, MilestoneState::Funded, "add_file")
        }
    };
    let state = deal.require_milestone(id)?.state;
    if state != wanted {
        return Err(Error::Refused(Refusal::WrongMilestoneState { state, command }));
    }
    Ok(id)
}

/// Inserts a file under the lock of the deal's row. The lock makes the count of files exact for concurrent uploads.
async fn insert(
    conn: &mut AsyncPgConnection,
    user: UserId,
    (deal, place): (&Deal, FilePlace),
    document: &Document,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let milestone = milestone_of(conn, deal, user, place).await?;
    let dispute = place.dispute().map(DisputeId::uuid);
    let there: i64 = deal_files::table
        .filter(deal_files::milestone_id.eq(milestone.uuid()))
        .filter(deal_files::dispute_id.is_not_distinct_from(dispute))
        .count()
        .get_result(conn)
        .await?;
    let (max, refusal) = place.bound();
    if there >= max {
        return Err(Error::Refused(refusal));
    }
    let row = FileRow {
        id: document.id.uuid(),
        deal_id: deal.id.uuid(),
        milestone_id: milestone.uuid(),
        dispute_id: dispute,
        user_id: user.uuid(),
        media_type: document.media_type.to_string(),
        size_bytes: document.bytes,
        sha256: document.sha256.to_vec(),
        created_at: document.created_at,
    };
    diesel::insert_into(deal_files::table).values(row).execute(conn).await?;
    let (document, sha256) = (document.id, hex::encode(document.sha256));
    let added = match place {
        FilePlace::Evidence(_) => DealEvent::EvidenceAdded { document, sha256 },
        FilePlace::Delivery(_) => DealEvent::FileAdded { document, sha256 },
    };
    let new = NewEvent::new(Actor::User(user), deal.id, added);
    log::append_all(conn, now, [new.of_deal(deal.id, Some(milestone))]).await
}

impl Store {
    /// Verifies that the user may add a file there now. Called before the upload is read.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the deal does not concern the user, [`Error::Refused`] if the domain refuses the file.
    pub async fn may_add_deal_file(
        &self,
        user: UserId,
        (deal, place): (DealId, FilePlace),
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        let deal = load_as_party(&mut conn, user, deal).await?;
        milestone_of(&mut conn, &deal, user, place).await.map(drop)
    }

    /// Adds a file whose content is stored already.
    ///
    /// # Errors
    /// As [`Store::may_add_deal_file`], and [`Refusal::TooMuchEvidence`] or [`Refusal::TooManyFiles`].
    pub async fn add_deal_file(
        &self,
        keyed: &Keyed,
        (deal, place): (DealId, FilePlace),
        document: &Document,
        render: fn(&DealFile) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let deal = lock_as_party(conn, keyed.user, deal).await?.deal;
            insert(conn, keyed.user, (&deal, place), document, now).await?;
            let file = DealFile { document: document.clone(), by: keyed.user };
            idempotency::complete(conn, keyed, render(&file)).await
        })
        .await
    }

    /// Verifies that the file belongs to the deal and that the caller is buyer or seller, so that a link may be issued.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Refusal::WrongParty`] for payers and readers.
    pub async fn deal_file(
        &self,
        user: UserId,
        (deal, place): (DealId, FilePlace),
        document: DocumentId,
    ) -> Result<DocumentId, Error> {
        let mut conn = self.connection().await?;
        require_side(&load_as_party(&mut conn, user, deal).await?, user)?;
        let row = FileRow::query()
            .filter(deal_files::id.eq(document.uuid()))
            .filter(deal_files::deal_id.eq(deal.uuid()))
            .first(&mut conn)
            .await
            .optional()?;
        let is_there = |row: FileRow| match place {
            FilePlace::Evidence(id) => row.dispute_id == Some(id.uuid()),
            FilePlace::Delivery(id) => row.dispute_id.is_none() && row.milestone_id == id.uuid(),
        };
        if row.is_some_and(is_there) { Ok(document) } else { Err(Error::NotFound("document")) }
    }
}

/// Returns the evidence of each dispute, oldest first.
pub(super) async fn evidence_of(
    conn: &mut AsyncPgConnection,
    disputes: &[Uuid],
) -> Result<BTreeMap<Uuid, Vec<DealFile>>, Error> {
    let rows: Vec<FileRow> = FileRow::query()
        .filter(deal_files::dispute_id.eq_any(disputes))
        .order(deal_files::id)
        .load(conn)
        .await?;
    let of_dispute = |row: FileRow| row.dispute_id.map(|id| Ok((id, row.into_file()?)));
    let found: Vec<_> = rows.into_iter().filter_map(of_dispute).collect::<Result<_, Error>>()?;
    Ok(grouped(found))
}

/// Returns the proofs of delivery uploaded for these milestones, oldest first.
pub(super) async fn of_milestones(
    mut conn: &AsyncPgConnection,
    milestones: &[Uuid],
) -> Result<Vec<FileRow>, Error> {
    Ok(FileRow::query()
        .filter(deal_files::milestone_id.eq_any(milestones))
        .filter(deal_files::dispute_id.is_null())
        .order(deal_files::id)
        .load(&mut conn)
        .await?)
}

/// Returns the document behind a link to a file of a deal, its kind and its uploader; `None` if there is no such file.
/// Buyer and seller may view it, and arbiters if its milestone is or was disputed. Each view by an arbiter is recorded.
///
/// # Errors
/// [`Error::NotFound`] if the viewer may not see it.
pub(crate) async fn open(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (viewer, id): (&User, DocumentId),
    now: DateTime<Utc>,
) -> Result<Option<(Document, String, UserId)>, Error> {
    let row: Option<FileRow> =
        FileRow::query().filter(deal_files::id.eq(id.uuid())).first(conn).await.optional()?;
    let Some(row) = row else { return Ok(None) };
    let deal = rows::load(conn, DealId::new(row.deal_id)).await?.deal;
    if deal.role_of(viewer.id).is_none() {
        let dispute = super::review::about(conn, row.milestone_id).await?;
        let dispute = dispute.ok_or(Error::NotFound("document"))?;
        // The network was verified when the link was issued. The viewer's role is checked again, because it may have
        // changed.
        let matter = Matter::Dispute(dispute);
        let (tie, amount) = conflicts::stakes(conn, vault, viewer.id, matter).await?;
        let now_and_there =
            Circumstances { at: now, from_listed: true, stepped_up: false, tie, amount };
        let wanted = (Resource::Disputes, Action::Read);
        permit(viewer.role, wanted, &now_and_there).map_err(|_| Error::NotFound("document"))?;
        let viewed = OperationEvent::DisputeDocumentViewed { document: id };
        log::append(conn, now, event::Actor::Operator(viewer.id), dispute, viewed).await?;
    }
    let name = if row.dispute_id.is_some() { "evidence" } else { "delivery" };
    let DealFile { document, by } = row.into_file()?;
    Ok(Some((document, name.to_owned(), by)))
}
