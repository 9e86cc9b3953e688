//! Conversion between rows of deals and the domain.

use super::milestones::{self, MilestoneRow};
use super::payers;
use crate::error::Error;
use crate::job::TimerKind;
use crate::row::{money, parse};
use crate::schema::deals;
use amana_domain::deal::{Broker, Deal, Decision, Extension, Milestone, Payer, Role, Terms};
use amana_domain::fee::FeePlan;
use amana_domain::id::{DealId, OrganisationId, UserId};
use amana_domain::money::{Currency, Money};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::try_join;
use uuid::Uuid;

#[derive(HasQuery, Insertable, AsChangeset)]
#[diesel(table_name = deals, treat_none_as_null = true)]
pub(super) struct DealRow {
    id: Uuid,
    title: String,
    buyer_id: Option<Uuid>,
    seller_id: Option<Uuid>,
    broker_id: Option<Uuid>,
    broker_commission_bps: Option<i32>,
    offered_by: String,
    revision: i32,
    currency: String,
    fee_plan_version: i32,
    fee_percentage_bps: i32,
    fee_fixed_minor: i64,
    fee_floor_minor: i64,
    fee_cap_minor: Option<i64>,
    fee_provider_cost_minor: i64,
    fee_payer: String,
    acceptance_s: i64,
    funding_s: i64,
    inspection_s: i64,
    rework_s: i64,
    answer_s: i64,
    award_s: i64,
    state: String,
    cancel_asked_by: Option<String>,
    extension: Option<Value>,
    due_at: Option<DateTime<Utc>>,
    fundings: i32,
    #[diesel(skip_update)]
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[diesel(skip_update)]
    organisation_id: Option<Uuid>,
}

/// A requested extension of a deadline, as stored.
#[derive(Serialize, Deserialize)]
struct ExtensionRow {
    asked_by: String,
    timer: TimerKind,
    until: DateTime<Utc>,
}

impl DealRow {
    pub(super) fn of(
        deal: &Deal,
        organisation: Option<OrganisationId>,
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        let (fees, terms) = (deal.fees, deal.terms);
        Ok(Self {
            id: deal.id.uuid(),
            title: deal.title.clone(),
            buyer_id: deal.buyer.map(UserId::uuid),
            seller_id: deal.seller.map(UserId::uuid),
            broker_id: deal.broker.map(|broker| broker.user.uuid()),
            broker_commission_bps: deal.broker.map(|broker| i32::from(broker.commission_bps)),
            offered_by: deal.offered_by.to_string(),
            revision: i32::try_from(deal.revision).map_err(Error::row)?,
            currency: deal.currency.to_string(),
            fee_plan_version: i32::try_from(fees.version).map_err(Error::row)?,
            fee_percentage_bps: i32::from(fees.percentage_bps),
            fee_fixed_minor: fees.fixed.minor(),
            fee_floor_minor: fees.floor.minor(),
            fee_cap_minor: fees.cap.map(Money::minor),
            fee_provider_cost_minor: fees.provider_cost.minor(),
            fee_payer: fees.payer.to_string(),
            acceptance_s: terms.acceptance.num_seconds(),
            funding_s: terms.funding.num_seconds(),
            inspection_s: terms.inspection.num_seconds(),
            rework_s: terms.rework.num_seconds(),
            answer_s: terms.answer.num_seconds(),
            award_s: terms.award.num_seconds(),
            state: deal.state.to_string(),
            cancel_asked_by: deal.cancel_asked_by.map(|role| role.to_string()),
            extension: deal.extension.map(extension_json).transpose()?,
            due_at: deal.due_at,
            fundings: i32::try_from(deal.fundings).map_err(Error::row)?,
            created_at: now,
            updated_at: now,
            organisation_id: organisation.map(OrganisationId::uuid),
        })
    }

    fn into_deal(self, milestones: Vec<Milestone>, payers: Vec<Payer>) -> Result<Deal, Error> {
        let currency: Currency = parse(&self.currency)?;
        Ok(Deal {
            fees: self.fees(currency)?,
            terms: self.terms(),
            broker: self.broker()?,
            extension: self.extension.map(extension).transpose()?,
            id: DealId::new(self.id),
            title: self.title,
            buyer: self.buyer_id.map(UserId::new),
            seller: self.seller_id.map(UserId::new),
            currency,
            revision: u32::try_from(self.revision).map_err(Error::row)?,
            offered_by: parse(&self.offered_by)?,
            state: parse(&self.state)?,
            cancel_asked_by: self.cancel_asked_by.as_deref().map(parse).transpose()?,
            due_at: self.due_at,
            payers,
            fundings: u32::try_from(self.fundings).map_err(Error::row)?,
            milestones,
        })
    }

    fn fees(&self, currency: Currency) -> Result<FeePlan, Error> {
        Ok(FeePlan {
            version: u32::try_from(self.fee_plan_version).map_err(Error::row)?,
            percentage_bps: u16::try_from(self.fee_percentage_bps).map_err(Error::row)?,
            fixed: money(self.fee_fixed_minor, currency)?,
            floor: money(self.fee_floor_minor, currency)?,
            cap: self.fee_cap_minor.map(|minor| money(minor, currency)).transpose()?,
            provider_cost: money(self.fee_provider_cost_minor, currency)?,
            payer: parse(&self.fee_payer)?,
        })
    }

    fn terms(&self) -> Terms {
        Terms {
            acceptance: TimeDelta::seconds(self.acceptance_s),
            funding: TimeDelta::seconds(self.funding_s),
            inspection: TimeDelta::seconds(self.inspection_s),
            rework: TimeDelta::seconds(self.rework_s),
            answer: TimeDelta::seconds(self.answer_s),
            award: TimeDelta::seconds(self.award_s),
        }
    }

    fn broker(&self) -> Result<Option<Broker>, Error> {
        let Some((user, bps)) = self.broker_id.zip(self.broker_commission_bps) else {
            return Ok(None);
        };
        let commission_bps = u16::try_from(bps).map_err(Error::row)?;
        Ok(Some(Broker { user: UserId::new(user), commission_bps }))
    }
}

fn extension_json(extension: Extension) -> Result<Value, Error> {
    let Extension { asked_by, timer, until } = extension;
    let row = ExtensionRow { asked_by: asked_by.to_string(), timer: timer.into(), until };
    serde_json::to_value(row).map_err(Error::row)
}

fn extension(stored: Value) -> Result<Extension, Error> {
    let row: ExtensionRow = serde_json::from_value(stored).map_err(Error::row)?;
    let asked_by: Role = parse(&row.asked_by)?;
    Ok(Extension { asked_by, timer: row.timer.into(), until: row.until })
}

/// A deal with the stored data that no rule depends on.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) deal: Deal,
    /// The organisation in whose name the deal was made.
    pub(super) organisation: Option<OrganisationId>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

impl Loaded {
    /// Returns the deal after a stored decision.
    pub(crate) fn after(self, decision: Decision, now: DateTime<Utc>) -> Self {
        Self { deal: decision.deal, updated_at: now, ..self }
    }
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

/// Loads several deals, in no particular order.
pub(super) async fn load_all(
    conn: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> Result<Vec<Loaded>, Error> {
    let rows: Vec<DealRow> = DealRow::query().filter(deals::id.eq_any(ids)).load(conn).await?;
    let (mut milestones, mut payers) =
        try_join!(biased; milestones::of_deals(conn, ids), payers::of_deals(conn, ids))?;
    rows.into_iter()
        .map(|row| {
            let milestones = milestones.remove(&row.id).unwrap_or_default();
            let payers = payers.remove(&row.id).unwrap_or_default();
            loaded(row, milestones, payers)
        })
        .collect()
}

// Queried after the row, not together with it: a query that waited for the lock must see the other transaction's
// writes.
async fn complete(conn: &AsyncPgConnection, row: DealRow) -> Result<Loaded, Error> {
    let ids = [row.id];
    let (milestones, payers) =
        try_join!(biased; milestones::of_deals(conn, &ids), payers::of_deals(conn, &ids))?;
    let (milestones, payers) = (milestones.into_values(), payers.into_values());
    loaded(row, milestones.flatten().collect(), payers.flatten().collect())
}

fn loaded(
    row: DealRow,
    milestones: Vec<MilestoneRow>,
    payers: Vec<payers::PayerRow>,
) -> Result<Loaded, Error> {
    let currency = parse(&row.currency)?;
    let milestones: Vec<Milestone> = milestones
        .into_iter()
        .map(|milestone| milestone.into_milestone(currency))
        .collect::<Result<_, _>>()?;
    let payers: Vec<Payer> =
        payers.into_iter().map(|payer| payer.into_payer(currency)).collect::<Result<_, _>>()?;
    let (created_at, updated_at) = (row.created_at, row.updated_at);
    let organisation = row.organisation_id.map(OrganisationId::new);
    Ok(Loaded { deal: row.into_deal(milestones, payers)?, organisation, created_at, updated_at })
}
