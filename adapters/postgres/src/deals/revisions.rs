//! All offers of a deal and their signatures. A party signs by making an offer or by agreeing to it.

use super::offers::{KeptOffer, OfferRow};
use super::write::By;
use super::{DealView, agreement, command_as_party, lock_as_party, view};
use crate::call_context::current_call;
use crate::error::Error;
use crate::fee_plans;
use crate::page::Page;
use crate::pool::Store;
use crate::row::{grouped, parse};
use crate::schema::{deal_revisions, deal_signatures};
use crate::users;
use amana_domain::deal::{Change, Command, Deal, DealState, Decision, Event, Role, changes};
use amana_domain::id::{ApiKeyId, DealId, SessionId, UserId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::try_join;
use uuid::Uuid;

use super::OfferRequest;

/// A signature: the signer, the time, and the session or API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    pub role: Role,
    pub user: UserId,
    pub session: Option<SessionId>,
    pub api_key: Option<ApiKeyId>,
    pub at: DateTime<Utc>,
}

/// One of the offers of a deal.
#[derive(Debug, Clone)]
pub struct RevisionView {
    pub revision: u32,
    pub offered_by: Role,
    pub by: UserId,
    pub offer: KeptOffer,
    /// The differences from the previous offer; empty for the first.
    pub changes: Vec<Change>,
    pub signatures: Vec<Signature>,
    pub at: DateTime<Utc>,
}

#[derive(HasQuery)]
#[diesel(table_name = deal_revisions)]
struct Row {
    revision: i32,
    offered_by: String,
    by_user: Uuid,
    offer: Value,
    at: DateTime<Utc>,
}

impl Row {
    fn kept(&self) -> Result<KeptOffer, Error> {
        let row: OfferRow = serde_json::from_value(self.offer.clone()).map_err(Error::row)?;
        row.into_kept()
    }
}

#[derive(HasQuery)]
#[diesel(table_name = deal_signatures)]
struct SignatureRow {
    deal_id: Uuid,
    revision: i32,
    role: String,
    user_id: Uuid,
    session_id: Option<Uuid>,
    api_key_id: Option<Uuid>,
    at: DateTime<Utc>,
}

impl SignatureRow {
    fn signature(&self) -> Result<Signature, Error> {
        Ok(Signature {
            role: parse(&self.role)?,
            user: UserId::new(self.user_id),
            session: self.session_id.map(SessionId::new),
            api_key: self.api_key_id.map(ApiKeyId::new),
            at: self.at,
        })
    }
}

fn number(revision: u32) -> Result<i32, Error> {
    i32::try_from(revision).map_err(Error::row)
}

/// Stores the current offer.
pub(super) async fn keep(
    mut conn: &AsyncPgConnection,
    deal: &Deal,
    by: UserId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let offer = serde_json::to_value(OfferRow::of(deal)).map_err(Error::row)?;
    diesel::insert_into(deal_revisions::table)
        .values((
            deal_revisions::deal_id.eq(deal.id.uuid()),
            deal_revisions::revision.eq(number(deal.revision)?),
            deal_revisions::offered_by.eq(deal.offered_by.as_str()),
            deal_revisions::by_user.eq(by.uuid()),
            deal_revisions::session_id.eq(current_call().session.map(SessionId::uuid)),
            deal_revisions::offer.eq(offer),
            deal_revisions::at.eq(now),
        ))
        .execute(&mut conn)
        .await?;
    Ok(())
}

async fn sign(
    mut conn: &AsyncPgConnection,
    deal: &Deal,
    (role, user): (Role, UserId),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::insert_into(deal_signatures::table)
        .values((
            deal_signatures::deal_id.eq(deal.id.uuid()),
            deal_signatures::revision.eq(number(deal.revision)?),
            deal_signatures::role.eq(role.as_str()),
            deal_signatures::user_id.eq(user.uuid()),
            deal_signatures::session_id.eq(current_call().session.map(SessionId::uuid)),
            deal_signatures::api_key_id
                .eq(current_call().machine.map(|machine| machine.key.uuid())),
            deal_signatures::at.eq(now),
        ))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Stores the offers and signatures of a decision, in the same transaction as the deal.
pub(super) async fn record(
    conn: &AsyncPgConnection,
    decision: &Decision,
    by: &By,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let deal = &decision.deal;
    let Some(user) = by.actor.user() else { return Ok(()) };
    for event in &decision.events {
        match event {
            Event::Proposed => sign(conn, deal, (deal.offered_by, user), now).await?,
            Event::Countered(_) => {
                keep(conn, deal, user, now).await?;
                // A draft is signed when it is proposed.
                if deal.state == DealState::Proposed {
                    sign(conn, deal, (deal.offered_by, user), now).await?;
                }
            }
            Event::Agreed(_) => {
                let signing = sign(conn, deal, (deal.offered_by.other(), user), now);
                try_join!(biased; signing, agreement::keep(conn, deal, now))?;
            }
            Event::Created
            | Event::Joined(_)
            | Event::PayerAdded(_)
            | Event::Paid { .. }
            | Event::PaymentReturned { .. }
            | Event::Funded
            | Event::MilestoneDelivered(_)
            | Event::MilestoneRejected(_)
            | Event::MilestoneReleased(_)
            | Event::MilestoneRefunded(_)
            | Event::MilestoneSplit { .. }
            | Event::SplitOffered { .. }
            | Event::DisputeOpened { .. }
            | Event::DisputeAnswered(_)
            | Event::AwardProposed { .. }
            | Event::Awarded { .. }
            | Event::ExtensionRequested { .. }
            | Event::Extended { .. }
            | Event::CancellationRequested(_)
            | Event::Cancelled
            | Event::Expired
            | Event::Completed => {}
        }
    }
    Ok(())
}

/// Returns the signatures of these deals' offers, by deal and revision.
pub(super) async fn signatures(
    mut conn: &AsyncPgConnection,
    deals: &[Uuid],
) -> Result<BTreeMap<(Uuid, u32), Vec<Signature>>, Error> {
    let rows: Vec<SignatureRow> = SignatureRow::query()
        .filter(deal_signatures::deal_id.eq_any(deals))
        .order((deal_signatures::at, deal_signatures::role))
        .load(&mut conn)
        .await?;
    let of_revision = |row: SignatureRow| {
        let revision = u32::try_from(row.revision).map_err(Error::row)?;
        Ok(((row.deal_id, revision), row.signature()?))
    };
    let found: Vec<_> = rows.into_iter().map(of_revision).collect::<Result<_, Error>>()?;
    Ok(grouped(found))
}

impl Store {
    /// Makes a counter-offer, under the current fee plan.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the deal does not concern the caller, [`Error::Refused`] if the domain refuses the offer.
    pub async fn counter_deal(
        &self,
        user: UserId,
        id: DealId,
        mut offer: OfferRequest,
        now: DateTime<Utc>,
    ) -> Result<DealView, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            users::require_active(conn, user).await?;
            // Checked first, so that no other error reveals the deal to a user whom it does not concern.
            lock_as_party(conn, user, id).await?;
            offer.fees = fee_plans::in_force(conn, offer.fees, now).await?;
            let command = Command::Counter(offer.into_offer());
            let done = command_as_party(conn, user, id, &command, None, now).await?;
            view::of(conn, vault, done).await
        })
        .await
    }

    /// Returns the offers of a deal after the revision `after`, in order.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the deal does not concern the user.
    pub async fn deal_revisions(
        &self,
        user: UserId,
        id: DealId,
        after: u32,
        limit: i64,
    ) -> Result<Page<RevisionView>, Error> {
        self.deal(user, id).await?;
        let (mut conn, after) = (self.connection().await?, number(after)?);
        let of_deal = || Row::query().filter(deal_revisions::deal_id.eq(id.uuid()));
        let before: Option<Row> = of_deal()
            .filter(deal_revisions::revision.eq(after))
            .first(&mut conn)
            .await
            .optional()?;
        let rows: Vec<Row> = of_deal()
            .filter(deal_revisions::revision.gt(after))
            .order(deal_revisions::revision)
            .limit(Page::<Row>::fetch(limit))
            .load(&mut conn)
            .await?;
        let mut signed = signatures(&conn, &[id.uuid()]).await?;
        let mut last = before.as_ref().map(Row::kept).transpose()?;
        Page::cut(rows, limit).try_map(|row| {
            let offer = row.kept()?;
            let revision = u32::try_from(row.revision).map_err(Error::row)?;
            let before = last.replace(offer.clone());
            Ok(RevisionView {
                revision,
                offered_by: parse(&row.offered_by)?,
                by: UserId::new(row.by_user),
                changes: before.map_or(vec![], |before| changes(&before.offer, &offer.offer)),
                offer,
                signatures: signed.remove(&(id.uuid(), revision)).unwrap_or_default(),
                at: row.at,
            })
        })
    }
}
