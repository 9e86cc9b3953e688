//! Rows of deals and milestones, to the domain and back.

use crate::error::Error;
use crate::row::{money, parse};
use crate::schema::{deals, milestones};
use amana_domain::deal::{Deal, Milestone, Terms};
use amana_domain::fee::FeePlan;
use amana_domain::id::{DealId, MilestoneId, OrganisationId, UserId};
use amana_domain::money::Currency;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

#[derive(HasQuery, Insertable)]
#[diesel(table_name = deals)]
pub(super) struct DealRow {
    id: Uuid,
    title: String,
    buyer_id: Uuid,
    seller_id: Uuid,
    proposer: String,
    currency: String,
    fee_percentage_bps: i32,
    fee_fixed_minor: i64,
    fee_payer: String,
    acceptance_s: i64,
    funding_s: i64,
    inspection_s: i64,
    state: String,
    cancel_asked_by: Option<String>,
    due_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    organisation_id: Option<Uuid>,
}

#[derive(HasQuery, Insertable)]
#[diesel(table_name = milestones)]
pub(super) struct MilestoneRow {
    id: Uuid,
    deal_id: Uuid,
    position: i16,
    title: String,
    amount_minor: i64,
    buyer_fee_minor: i64,
    seller_fee_minor: i64,
    delivery_s: i64,
    state: String,
    due_at: Option<DateTime<Utc>>,
}

impl DealRow {
    pub(super) fn of(
        deal: &Deal,
        organisation: Option<OrganisationId>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id: deal.id.uuid(),
            title: deal.title.clone(),
            buyer_id: deal.buyer.uuid(),
            seller_id: deal.seller.uuid(),
            proposer: deal.proposer.to_string(),
            currency: deal.currency.to_string(),
            fee_percentage_bps: i32::from(deal.fees.percentage_bps),
            fee_fixed_minor: deal.fees.fixed.minor(),
            fee_payer: deal.fees.payer.to_string(),
            acceptance_s: deal.terms.acceptance.num_seconds(),
            funding_s: deal.terms.funding.num_seconds(),
            inspection_s: deal.terms.inspection.num_seconds(),
            state: deal.state.to_string(),
            cancel_asked_by: deal.cancel_asked_by.map(|role| role.to_string()),
            due_at: deal.due_at,
            created_at: now,
            updated_at: now,
            organisation_id: organisation.map(OrganisationId::uuid),
        }
    }

    fn into_deal(self, milestones: Vec<Milestone>) -> Result<Deal, Error> {
        let currency: Currency = parse(&self.currency)?;
        Ok(Deal {
            id: DealId::new(self.id),
            title: self.title,
            buyer: UserId::new(self.buyer_id),
            seller: UserId::new(self.seller_id),
            proposer: parse(&self.proposer)?,
            currency,
            fees: FeePlan {
                percentage_bps: u16::try_from(self.fee_percentage_bps).map_err(Error::row)?,
                fixed: money(self.fee_fixed_minor, currency)?,
                payer: parse(&self.fee_payer)?,
            },
            terms: Terms {
                acceptance: TimeDelta::seconds(self.acceptance_s),
                funding: TimeDelta::seconds(self.funding_s),
                inspection: TimeDelta::seconds(self.inspection_s),
            },
            state: parse(&self.state)?,
            cancel_asked_by: self.cancel_asked_by.as_deref().map(parse).transpose()?,
            due_at: self.due_at,
            milestones,
        })
    }
}

impl MilestoneRow {
    pub(super) fn of(deal: DealId, position: i16, milestone: &Milestone) -> Self {
        Self {
            id: milestone.id.uuid(),
            deal_id: deal.uuid(),
            position,
            title: milestone.title.clone(),
            amount_minor: milestone.amount.minor(),
            buyer_fee_minor: milestone.buyer_fee.minor(),
            seller_fee_minor: milestone.seller_fee.minor(),
            delivery_s: milestone.delivery.num_seconds(),
            state: milestone.state.to_string(),
            due_at: milestone.due_at,
        }
    }

    fn into_milestone(self, currency: Currency) -> Result<Milestone, Error> {
        Ok(Milestone {
            id: MilestoneId::new(self.id),
            title: self.title,
            amount: money(self.amount_minor, currency)?,
            buyer_fee: money(self.buyer_fee_minor, currency)?,
            seller_fee: money(self.seller_fee_minor, currency)?,
            delivery: TimeDelta::seconds(self.delivery_s),
            state: parse(&self.state)?,
            due_at: self.due_at,
        })
    }
}

/// A deal, and what is known of it that no rule depends on.
pub(super) struct Loaded {
    pub(super) deal: Deal,
    /// In whose name it was made.
    pub(super) organisation: Option<OrganisationId>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

pub(super) async fn load(conn: &mut AsyncPgConnection, id: DealId) -> Result<Loaded, Error> {
    let row = DealRow::query().filter(deals::id.eq(id.uuid())).first(conn).await.optional()?;
    complete(conn, row.ok_or(Error::NotFound("deal"))?).await
}

pub(super) async fn load_for_update(
    conn: &mut AsyncPgConnection,
    id: DealId,
) -> Result<Loaded, Error> {
    let row = DealRow::query()
        .filter(deals::id.eq(id.uuid()))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    complete(conn, row.ok_or(Error::NotFound("deal"))?).await
}

async fn complete(conn: &mut AsyncPgConnection, row: DealRow) -> Result<Loaded, Error> {
    let currency = parse(&row.currency)?;
    let milestones = MilestoneRow::query()
        .filter(milestones::deal_id.eq(row.id))
        .order(milestones::position)
        .load(conn)
        .await?
        .into_iter()
        .map(|milestone: MilestoneRow| milestone.into_milestone(currency))
        .collect::<Result<_, _>>()?;
    let (created_at, updated_at) = (row.created_at, row.updated_at);
    let organisation = row.organisation_id.map(OrganisationId::new);
    Ok(Loaded { deal: row.into_deal(milestones)?, organisation, created_at, updated_at })
}
