//! Deliveries of milestones, with the seller's proof of each.

use super::files::{self, DealFile, FileRow};
use super::write::By;
use super::{RenderDeal, apply, hand_over, lock_as_party, view};
use crate::codes::CodeKey;
use crate::error::Error;
use crate::idempotency::{self, Keyed, Outcome};
use crate::pool::Store;
use crate::row::{grouped, parse};
use crate::schema::deliveries;
use crate::statement::kept;
use amana_domain::deal::{Actor, Command, Deal, Proof, Refusal, Shown, decide};
use amana_domain::id::{DealId, MilestoneId, UserId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// One delivery of a milestone. Each rejection requires another delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryView {
    pub n: i16,
    /// `None` if the seller gave no proof.
    pub kind: Option<Proof>,
    /// The carrier and the tracking number.
    pub tracking: Option<(String, String)>,
    pub files: Vec<DealFile>,
    pub at: DateTime<Utc>,
    pub by: UserId,
}

#[derive(HasQuery, Insertable)]
#[diesel(table_name = deliveries, primary_key(milestone_id, n))]
struct DeliveryRow {
    milestone_id: Uuid,
    n: i16,
    kind: Option<String>,
    carrier: Option<String>,
    number: Option<String>,
    documents: Vec<Option<Uuid>>,
    at: DateTime<Utc>,
    by: Uuid,
}

impl DeliveryRow {
    /// Numbers the delivery: the count of rejections plus one.
    fn of(
        deal: &Deal,
        id: MilestoneId,
        shown: Option<&Shown>,
        (by, now): (UserId, DateTime<Utc>),
    ) -> Result<Self, Error> {
        let milestone = deal.require_milestone(id)?;
        let (mut carrier, mut number, mut documents) = (None, None, vec![]);
        match shown {
            Some(Shown::Tracking { carrier: by, number: no }) => {
                (carrier, number) = (Some(by.clone()), Some(no.clone()));
            }
            Some(Shown::Files(ids)) => documents = ids.iter().map(|id| Some(id.uuid())).collect(),
            Some(Shown::HandOver(_)) | None => {}
        }
        Ok(Self {
            milestone_id: id.uuid(),
            n: i16::from(milestone.reworks).saturating_add(1),
            kind: shown.map(|shown| shown.proof().to_string()),
            carrier,
            number,
            documents,
            at: now,
            by: by.uuid(),
        })
    }

    fn into_view(self, files: &BTreeMap<Uuid, DealFile>) -> Result<DeliveryView, Error> {
        let shown = self.documents.into_iter().flatten();
        Ok(DeliveryView {
            n: self.n,
            kind: self.kind.as_deref().map(parse).transpose()?,
            tracking: self.carrier.zip(self.number),
            files: shown.filter_map(|id| files.get(&id).cloned()).collect(),
            at: self.at,
            by: UserId::new(self.by),
        })
    }
}

/// Returns the deliveries of these milestones, each milestone's in order.
pub(super) async fn of_milestones(
    mut conn: &AsyncPgConnection,
    ids: &[Uuid],
) -> Result<BTreeMap<MilestoneId, Vec<DeliveryView>>, Error> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<DeliveryRow> = DeliveryRow::query()
        .filter(deliveries::milestone_id.eq_any(ids))
        .order(deliveries::n)
        .load(&mut conn)
        .await?;
    let with_files = rows.iter().filter(|row| !row.documents.is_empty());
    let with_files: Vec<Uuid> = with_files.map(|row| row.milestone_id).collect();
    let mut files = BTreeMap::new();
    if !with_files.is_empty() {
        for row in files::of_milestones(conn, &with_files).await? {
            files.insert(row.id, row.into_file()?);
        }
    }
    let of_milestone =
        |row: DeliveryRow| Ok((MilestoneId::new(row.milestone_id), row.into_view(&files)?));
    let found: Vec<_> = rows.into_iter().map(of_milestone).collect::<Result<_, Error>>()?;
    Ok(grouped(found))
}

/// Verifies that all files of the proof were uploaded for this milestone before.
async fn require_files(
    conn: &mut AsyncPgConnection,
    milestone: MilestoneId,
    shown: Option<&Shown>,
) -> Result<(), Error> {
    let Some(Shown::Files(wanted)) = shown else { return Ok(()) };
    let known: Vec<FileRow> = files::of_milestones(conn, &[milestone.uuid()]).await?;
    let known: BTreeSet<Uuid> = known.into_iter().map(|row| row.id).collect();
    match wanted.iter().all(|id| known.contains(&id.uuid())) {
        true => Ok(()),
        false => Err(Error::NotFound("document")),
    }
}

/// Counts an attempt at a delivery code, unless the call has a stored response; returns that response.
async fn count_try(
    conn: &mut AsyncPgConnection,
    keyed: &Keyed,
    place: (DealId, MilestoneId),
    command: &Command,
    now: DateTime<Utc>,
) -> Result<Option<Outcome>, Error> {
    if let Some(outcome) = idempotency::answered(conn, keyed).await? {
        return Ok(Some(outcome));
    }
    match hand_over::count_try(conn, keyed.user, place, command, now).await {
        Ok(()) => Ok(None),
        // The first call may have completed meanwhile, and its effect may be the reason for this refusal.
        Err(refusal) => idempotency::answered(conn, keyed).await?.ok_or(refusal).map(Some),
    }
}

impl Store {
    /// Marks a milestone as delivered, with the seller's proof. A delivery code is compared after the attempt was
    /// counted and committed, so a failed attempt counts as well.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the deal does not concern the caller or a file was not uploaded; [`Error::Refused`] if
    /// the domain refuses the delivery.
    pub async fn deliver(
        &self,
        keyed: &Keyed,
        (id, part): (DealId, MilestoneId),
        (shown, key): (Option<Shown>, &CodeKey),
        render: RenderDeal,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        let (user, proof) = (keyed.user, shown.as_ref().map(Shown::proof));
        let command = Command::Deliver { milestone: part, proof };
        if let Some(Shown::HandOver(_)) = shown
            && let Some(replay) = count_try(&mut conn, keyed, (id, part), &command, now).await?
        {
            return Ok(replay);
        }
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let loaded = lock_as_party(conn, user, id).await?;
            let (deal, by) = (&loaded.deal, By::from(Actor::User(user)));
            let decision = decide(deal, &command, by.actor, now)?;
            if let Some(Shown::HandOver(told)) = &shown
                && *told != hand_over::code(key, deal.require_milestone(part)?)
            {
                return Err(Error::Refused(Refusal::HandOverWrong));
            }
            require_files(conn, part, shown.as_ref()).await?;
            apply(conn, deal, &decision, &by, now).await?;
            let row = DeliveryRow::of(deal, part, shown.as_ref(), (user, now))?;
            kept(diesel::insert_into(deliveries::table).values(row)).execute(conn).await?;
            let view = view::of(conn, vault, loaded.after(decision, now)).await?;
            idempotency::complete(conn, keyed, render(&view, user)).await
        })
        .await
    }
}
