//! The account references under which payers pay for a deal at the paybill.

use crate::error::Error;
use crate::payments;
use crate::schema::{deal_references, paybill};
use amana_domain::deal::{Deal, DealState};
use amana_domain::id::DealId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The data for a payment at the paybill that the payer starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayReference {
    pub reference: String,
    /// The paybill; `None` until its callbacks are registered, because payments would go unnoticed.
    pub shortcode: Option<String>,
}

/// Assigns the reference when the deal is agreed.
pub(super) async fn assign(
    mut conn: &AsyncPgConnection,
    before: &Deal,
    deal: &Deal,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if before.state == DealState::Agreed || deal.state != DealState::Agreed {
        return Ok(());
    }
    diesel::insert_into(deal_references::table)
        .values((
            deal_references::deal_id.eq(deal.id.uuid()),
            deal_references::reference.eq(payments::reference()),
            deal_references::created_at.eq(now),
        ))
        .execute(&mut conn)
        .await?;
    Ok(())
}

pub(super) async fn of_deals(
    mut conn: &AsyncPgConnection,
    ids: &[Uuid],
) -> Result<BTreeMap<DealId, PayReference>, Error> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let shortcode = paybill::table.select(paybill::shortcode).single_value();
    let rows: Vec<(Uuid, String, Option<String>)> = deal_references::table
        .filter(deal_references::deal_id.eq_any(ids))
        .select((deal_references::deal_id, deal_references::reference, shortcode))
        .load(&mut conn)
        .await?;
    let found =
        |(id, reference, shortcode)| (DealId::new(id), PayReference { reference, shortcode });
    Ok(rows.into_iter().map(found).collect())
}

/// Returns the deal with this reference.
pub(crate) async fn deal_of(
    conn: &mut AsyncPgConnection,
    reference: &str,
) -> Result<Option<DealId>, Error> {
    let found: Option<Uuid> = deal_references::table
        .filter(deal_references::reference.eq(reference))
        .select(deal_references::deal_id)
        .first(conn)
        .await
        .optional()?;
    Ok(found.map(DealId::new))
}
