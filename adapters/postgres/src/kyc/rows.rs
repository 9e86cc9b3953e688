//! Rows of applications and documents.

use crate::documents::Document;
use crate::error::Error;
use crate::page::Page;
use crate::people::PersonView;
use crate::row::parse;
use crate::schema::{kyc_applications, kyc_documents};
use crate::users;
use amana_domain::id::{DocumentId, KycId, UserId};
use amana_domain::kyc::{APPLICATIONS_PERIOD, Application, DocumentKind, Reason, State, Tier};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A file with its kind of document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KycDocument {
    pub kind: DocumentKind,
    pub file: Document,
}

/// An application with its documents. The documents are sorted oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KycView {
    pub application: Application,
    pub owner: PersonView,
    pub documents: Vec<KycDocument>,
    pub reasons: Vec<Reason>,
    pub note: Option<String>,
    pub created_at: DateTime<Utc>,
    pub submitted_at: Option<DateTime<Utc>>,
    pub decided_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
}

impl KycView {
    pub(super) fn document(self, id: DocumentId) -> Result<KycDocument, Error> {
        let found = self.documents.into_iter().find(|document| document.file.id == id);
        found.ok_or(Error::NotFound("document"))
    }
}

#[derive(HasQuery)]
#[diesel(table_name = kyc_applications)]
pub(super) struct Row {
    id: Uuid,
    user_id: Uuid,
    tier: String,
    state: String,
    reasons: Vec<Option<String>>,
    note: Option<String>,
    created_at: DateTime<Utc>,
    submitted_at: Option<DateTime<Utc>>,
    decided_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

#[derive(HasQuery, Insertable)]
#[diesel(table_name = kyc_documents)]
struct DocumentRow {
    id: Uuid,
    application_id: Uuid,
    kind: String,
    media_type: String,
    size_bytes: i64,
    sha256: Vec<u8>,
    created_at: DateTime<Utc>,
}

impl TryFrom<DocumentRow> for KycDocument {
    type Error = Error;

    fn try_from(row: DocumentRow) -> Result<Self, Error> {
        let DocumentRow { id, media_type, size_bytes, sha256, created_at, .. } = row;
        let file = Document::stored(id, &media_type, size_bytes, sha256, created_at)?;
        Ok(Self { kind: parse(&row.kind)?, file })
    }
}

pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    (id, owner, tier): (KycId, UserId, Tier),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::insert_into(kyc_applications::table)
        .values((
            kyc_applications::id.eq(id.uuid()),
            kyc_applications::user_id.eq(owner.uuid()),
            kyc_applications::tier.eq(tier.as_str()),
            kyc_applications::state.eq(State::Draft.as_str()),
            kyc_applications::created_at.eq(now),
            kyc_applications::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Counts the applications that a user created in the last period. The count needs no lock, because a user has at most
/// one open application.
pub(super) async fn begun_lately(
    conn: &mut AsyncPgConnection,
    owner: UserId,
    now: DateTime<Utc>,
) -> Result<i64, Error> {
    let since = now.checked_sub_signed(APPLICATIONS_PERIOD).unwrap_or(now);
    let lately = kyc_applications::table
        .filter(kyc_applications::user_id.eq(owner.uuid()))
        .filter(kyc_applications::created_at.gt(since));
    Ok(lately.count().get_result(conn).await?)
}

pub(super) async fn insert_document(
    conn: &mut AsyncPgConnection,
    id: KycId,
    KycDocument { kind, file }: &KycDocument,
) -> Result<(), Error> {
    let row = DocumentRow {
        id: file.id.uuid(),
        application_id: id.uuid(),
        kind: kind.to_string(),
        media_type: file.media_type.to_string(),
        size_bytes: file.bytes,
        sha256: file.sha256.to_vec(),
        created_at: file.created_at,
    };
    diesel::insert_into(kyc_documents::table).values(row).execute(conn).await?;
    Ok(())
}

/// Stores a state set by the applicant. [`super::review`] stores decisions with reviewer and reasons.
pub(super) async fn save_state(
    conn: &mut AsyncPgConnection,
    id: KycId,
    state: State,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::update(kyc_applications::table.find(id.uuid()))
        .set((
            kyc_applications::state.eq(state.as_str()),
            kyc_applications::updated_at.eq(now),
            // Later states keep the time of submission.
            (state == State::Submitted).then_some(kyc_applications::submitted_at.eq(Some(now))),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn lock(conn: &mut AsyncPgConnection, id: KycId) -> Result<Application, Error> {
    let found = Row::query().filter(kyc_applications::id.eq(id.uuid())).for_update();
    let row: Option<Row> = found.first(conn).await.optional()?;
    let row = row.ok_or(Error::NotFound("application"))?;
    let mut documents = documents(conn, &[row.id]).await?;
    application(&row, &documents.remove(&row.id).unwrap_or_default())
}

pub(super) async fn view(conn: &mut AsyncPgConnection, id: KycId) -> Result<KycView, Error> {
    let row: Option<Row> =
        Row::query().filter(kyc_applications::id.eq(id.uuid())).first(conn).await.optional()?;
    let row = row.ok_or(Error::NotFound("application"))?;
    let mut views = views(conn, vec![row]).await?;
    views.pop().ok_or(Error::NotFound("application"))
}

pub(super) async fn list(
    conn: &mut AsyncPgConnection,
    user: UserId,
    after: Option<KycId>,
    limit: i64,
) -> Result<Page<KycView>, Error> {
    let rows = Row::query()
        .filter(kyc_applications::user_id.eq(user.uuid()))
        .filter(kyc_applications::id.lt(after.map_or(Uuid::max(), KycId::uuid)))
        .order(kyc_applications::id.desc())
        .limit(Page::<Row>::fetch(limit))
        .load(conn)
        .await?;
    page(conn, rows, limit).await
}

pub(super) async fn page(
    conn: &mut AsyncPgConnection,
    rows: Vec<Row>,
    limit: i64,
) -> Result<Page<KycView>, Error> {
    let Page { items, more } = Page::cut(rows, limit);
    Ok(Page { items: views(conn, items).await?, more })
}

async fn views(conn: &mut AsyncPgConnection, rows: Vec<Row>) -> Result<Vec<KycView>, Error> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut documents = documents(conn, &ids).await?;
    let owners: BTreeSet<UserId> = rows.iter().map(|row| UserId::new(row.user_id)).collect();
    let owners = users::people(conn, &owners).await?;
    let seen = |row: Row| {
        let documents = documents.remove(&row.id).unwrap_or_default();
        let owner = owners.get(&UserId::new(row.user_id)).cloned();
        Ok(KycView {
            application: application(&row, &documents)?,
            owner: owner.ok_or_else(|| Error::row("an application has no owner"))?,
            documents,
            reasons: row
                .reasons
                .iter()
                .flatten()
                .map(|text| parse(text))
                .collect::<Result<_, _>>()?,
            note: row.note,
            created_at: row.created_at,
            submitted_at: row.submitted_at,
            decided_at: row.decided_at,
            updated_at: row.updated_at,
        })
    };
    rows.into_iter().map(seen).collect()
}

async fn documents(
    conn: &mut AsyncPgConnection,
    applications: &[Uuid],
) -> Result<BTreeMap<Uuid, Vec<KycDocument>>, Error> {
    let rows: Vec<DocumentRow> = DocumentRow::query()
        .filter(kyc_documents::application_id.eq_any(applications))
        .order(kyc_documents::id)
        .load(conn)
        .await?;
    let mut found: BTreeMap<Uuid, Vec<KycDocument>> = BTreeMap::new();
    for row in rows {
        found.entry(row.application_id).or_default().push(row.try_into()?);
    }
    Ok(found)
}

fn application(row: &Row, documents: &[KycDocument]) -> Result<Application, Error> {
    Ok(Application {
        id: KycId::new(row.id),
        owner: UserId::new(row.user_id),
        tier: parse(&row.tier)?,
        state: parse(&row.state)?,
        shown: documents.iter().map(|document| document.kind).collect(),
    })
}
