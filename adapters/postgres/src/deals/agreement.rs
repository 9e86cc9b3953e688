//! The agreed offer, stored with the parties' names at that moment. Later profile changes must not alter a contract.

use super::offers::{KeptOffer, OfferRow};
use super::revisions::{Signature, signatures};
use crate::error::Error;
use crate::handles;
use crate::people::PersonView;
use crate::pool::Store;
use crate::schema::deal_snapshots;
use crate::users;
use amana_domain::deal::{Deal, Role};
use amana_domain::id::{DealId, UserId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The offer that both parties have signed.
#[derive(Debug, Clone)]
pub struct AgreementView {
    pub deal: DealId,
    pub revision: u32,
    pub buyer: PersonView,
    pub seller: PersonView,
    pub broker: Option<PersonView>,
    pub commission_bps: u16,
    pub offer: KeptOffer,
    pub signatures: Vec<Signature>,
    pub at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct SnapshotRow {
    offer: OfferRow,
    buyer: PersonRow,
    seller: PersonRow,
    broker: Option<PersonRow>,
    commission_bps: u16,
}

#[derive(Serialize, Deserialize)]
struct PersonRow {
    id: Uuid,
    name: String,
    handle: Option<String>,
}

impl From<&PersonView> for PersonRow {
    fn from(person: &PersonView) -> Self {
        let handle = person.handle.as_ref().map(|handle| handle.as_str().to_owned());
        Self { id: person.id.uuid(), name: person.name.clone(), handle }
    }
}

impl TryFrom<PersonRow> for PersonView {
    type Error = Error;

    fn try_from(row: PersonRow) -> Result<Self, Error> {
        let handle = handles::read(row.handle)?;
        Ok(Self { id: UserId::new(row.id), name: row.name, handle })
    }
}

/// Stores the offer that was just agreed.
pub(super) async fn keep(
    mut conn: &AsyncPgConnection,
    deal: &Deal,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let people = users::people(conn, &deal.people().into_iter().collect()).await?;
    let person = |people: &BTreeMap<UserId, PersonView>, id: UserId| {
        people.get(&id).map(PersonRow::from).ok_or_else(|| Error::row("unknown party of the deal"))
    };
    let snapshot = SnapshotRow {
        offer: OfferRow::of(deal),
        buyer: person(&people, deal.joined(Role::Buyer)?)?,
        seller: person(&people, deal.joined(Role::Seller)?)?,
        broker: deal.broker.map(|broker| person(&people, broker.user)).transpose()?,
        commission_bps: deal.broker.map_or(0, |broker| broker.commission_bps),
    };
    diesel::insert_into(deal_snapshots::table)
        .values((
            deal_snapshots::deal_id.eq(deal.id.uuid()),
            deal_snapshots::revision.eq(i32::try_from(deal.revision).map_err(Error::row)?),
            deal_snapshots::data.eq(serde_json::to_value(snapshot).map_err(Error::row)?),
            deal_snapshots::at.eq(now),
        ))
        .execute(&mut conn)
        .await?;
    Ok(())
}

impl Store {
    /// # Errors
    /// [`Error::NotFound`] if the deal does not concern the user or is not agreed yet.
    pub async fn agreement(&self, user: UserId, id: DealId) -> Result<AgreementView, Error> {
        self.deal(user, id).await?;
        let mut conn = self.connection().await?;
        let found: Option<(i32, Value, DateTime<Utc>)> = deal_snapshots::table
            .find(id.uuid())
            .select((deal_snapshots::revision, deal_snapshots::data, deal_snapshots::at))
            .first(&mut conn)
            .await
            .optional()?;
        let (revision, data, at) = found.ok_or(Error::NotFound("agreement"))?;
        let revision = u32::try_from(revision).map_err(Error::row)?;
        let row: SnapshotRow = serde_json::from_value(data).map_err(Error::row)?;
        let mut signed = signatures(&conn, &[id.uuid()]).await?;
        Ok(AgreementView {
            deal: id,
            revision,
            buyer: row.buyer.try_into()?,
            seller: row.seller.try_into()?,
            broker: row.broker.map(PersonView::try_from).transpose()?,
            commission_bps: row.commission_bps,
            offer: row.offer.into_kept()?,
            signatures: signed.remove(&(id.uuid(), revision)).unwrap_or_default(),
            at,
        })
    }
}
