//! References and metadata of deals, written by the creator and visible only to the creator.

use super::DealView;
use super::view::views;
use crate::call_context::current_organisation;
use crate::error::{Conflict, Error};
use crate::page::Page;
use crate::pool::Store;
use crate::schema::{deal_labels, deals};
use amana_domain::deal::{Deal, Label};
use amana_domain::id::{DealId, UserId};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A label and the creator, the only user who sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelView {
    pub creator: UserId,
    pub label: Label,
}

/// Stores a label; an empty one gets no row.
pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    deal: &Deal,
    creator: UserId,
    label: &Label,
) -> Result<(), Error> {
    if label.is_empty() {
        return Ok(());
    }
    diesel::insert_into(deal_labels::table)
        .values((
            deal_labels::deal_id.eq(deal.id.uuid()),
            deal_labels::creator_id.eq(creator.uuid()),
            deal_labels::reference.eq(label.reference()),
            deal_labels::metadata.eq(json!(label.metadata())),
        ))
        .execute(conn)
        .await
        .map_err(|error| {
            let taken = Conflict::DealReferenceTaken;
            Error::from(error).on_constraint("deal_labels_reference_unique", taken)
        })?;
    Ok(())
}

pub(super) async fn of_deals(
    mut conn: &AsyncPgConnection,
    ids: &[Uuid],
) -> Result<BTreeMap<DealId, LabelView>, Error> {
    type Row = (Uuid, Uuid, Option<String>, Value);
    let rows: Vec<Row> = deal_labels::table
        .filter(deal_labels::deal_id.eq_any(ids))
        .select((
            deal_labels::deal_id,
            deal_labels::creator_id,
            deal_labels::reference,
            deal_labels::metadata,
        ))
        .load(&mut conn)
        .await?;
    let view = |(id, creator, reference, metadata): Row| {
        let metadata = serde_json::from_value(metadata).map_err(Error::row)?;
        let label = Label::new(reference, metadata).map_err(Error::row)?;
        Ok((DealId::new(id), LabelView { creator: UserId::new(creator), label }))
    };
    rows.into_iter().map(view).collect()
}

/// Deletes an erased user's labels.
pub(crate) async fn forget(conn: &mut AsyncPgConnection, creator: UserId) -> Result<(), Error> {
    let own = deal_labels::table.filter(deal_labels::creator_id.eq(creator.uuid()));
    diesel::delete(own).execute(conn).await?;
    Ok(())
}

impl Store {
    /// Returns the deal that this user created with a reference, as a page of at most one. An API key of an
    /// organisation finds only deals of that organisation.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn deals_by_reference(
        &self,
        user: UserId,
        reference: &str,
        after: Option<DealId>,
    ) -> Result<Page<DealView>, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        let own = deal_labels::table
            .inner_join(deals::table)
            .filter(deal_labels::creator_id.eq(user.uuid()))
            .filter(deal_labels::reference.eq(reference))
            .filter(deal_labels::deal_id.lt(after.map_or(Uuid::max(), DealId::uuid)))
            .select(deal_labels::deal_id)
            .into_boxed();
        let own = match current_organisation() {
            Some(organisation) => own.filter(deals::organisation_id.eq(organisation.uuid())),
            None => own,
        };
        let items: Vec<Uuid> = own.load(&mut conn).await?;
        views(&mut conn, vault, Page { items, more: false }).await
    }
}
