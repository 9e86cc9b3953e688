//! Conversion between rows of milestones and the domain.

use crate::error::Error;
use crate::row::{grouped, money, parse};
use crate::schema::milestones;
use crate::statement::kept;
use amana_domain::deal::{Award, Costs, Dispute, Item, Milestone, Offers, Stage};
use amana_domain::fee::Charge;
use amana_domain::id::{DealId, MilestoneId, UserId};
use amana_domain::money::{Currency, Money};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(HasQuery, Insertable, AsChangeset)]
#[diesel(table_name = milestones, treat_none_as_null = true)]
pub(super) struct MilestoneRow {
    id: Uuid,
    deal_id: Uuid,
    position: i16,
    title: String,
    description: Option<String>,
    items: Value,
    amount_minor: i64,
    buyer_fee_minor: i64,
    seller_fee_minor: i64,
    commission_minor: i64,
    provider_cost_minor: i64,
    delivery_s: i64,
    proof: Option<String>,
    state: String,
    due_at: Option<DateTime<Utc>>,
    reworks: i16,
    buyer_offer_minor: Option<i64>,
    seller_offer_minor: Option<i64>,
    dispute_opened_by: Option<String>,
    dispute_stage: Option<String>,
    award_to_seller_minor: Option<i64>,
    award_fees_waived: Option<bool>,
    award_costs_minor: Option<i64>,
    award_costs_borne_by: Option<String>,
    award_by: Option<Uuid>,
}

/// A line item of a milestone, as stored.
#[derive(Serialize, Deserialize)]
pub(super) struct ItemRow {
    pub(super) name: String,
    pub(super) quantity: u32,
    pub(super) unit_price_minor: i64,
}

impl ItemRow {
    pub(super) fn of(item: &Item) -> Self {
        let Item { name, quantity, unit_price } = item;
        Self { name: name.clone(), quantity: *quantity, unit_price_minor: unit_price.minor() }
    }

    pub(super) fn into_item(self, currency: Currency) -> Result<Item, Error> {
        let unit_price = money(self.unit_price_minor, currency)?;
        Ok(Item { name: self.name, quantity: self.quantity, unit_price })
    }
}

impl MilestoneRow {
    pub(super) fn of(deal: DealId, position: i16, milestone: &Milestone) -> Result<Self, Error> {
        let items: Vec<ItemRow> = milestone.items.iter().map(ItemRow::of).collect();
        let dispute = milestone.dispute;
        let (award, award_by) = match dispute.map(|dispute| dispute.stage) {
            Some(Stage::Awarded { award, by }) => (Some(award), Some(by)),
            Some(Stage::Opened | Stage::Answered) | None => (None, None),
        };
        let costs = award.and_then(|award| award.costs);
        let Charge { buyer, seller, commission, provider_cost } = milestone.charge;
        Ok(Self {
            id: milestone.id.uuid(),
            deal_id: deal.uuid(),
            position,
            title: milestone.title.clone(),
            description: milestone.description.clone(),
            items: serde_json::to_value(items).map_err(Error::row)?,
            amount_minor: milestone.amount.minor(),
            buyer_fee_minor: buyer.minor(),
            seller_fee_minor: seller.minor(),
            commission_minor: commission.minor(),
            provider_cost_minor: provider_cost.minor(),
            delivery_s: milestone.delivery.num_seconds(),
            proof: milestone.proof.map(|proof| proof.to_string()),
            state: milestone.state.to_string(),
            due_at: milestone.due_at,
            reworks: i16::from(milestone.reworks),
            buyer_offer_minor: milestone.offers.buyer.map(Money::minor),
            seller_offer_minor: milestone.offers.seller.map(Money::minor),
            dispute_opened_by: dispute.map(|dispute| dispute.opened_by.to_string()),
            dispute_stage: dispute.map(|dispute| stage_text(dispute.stage).to_owned()),
            award_to_seller_minor: award.map(|award| award.to_seller.minor()),
            award_fees_waived: award.map(|award| award.fees_waived),
            award_costs_minor: costs.map(|costs| costs.amount.minor()),
            award_costs_borne_by: costs.map(|costs| costs.borne_by.to_string()),
            award_by: award_by.map(UserId::uuid),
        })
    }

    pub(super) fn into_milestone(self, currency: Currency) -> Result<Milestone, Error> {
        let dispute = self.dispute(currency)?;
        let optional = |minor: Option<i64>| minor.map(|minor| money(minor, currency)).transpose();
        let items: Vec<ItemRow> = serde_json::from_value(self.items).map_err(Error::row)?;
        Ok(Milestone {
            id: MilestoneId::new(self.id),
            title: self.title,
            description: self.description,
            items: items
                .into_iter()
                .map(|item| item.into_item(currency))
                .collect::<Result<_, _>>()?,
            amount: money(self.amount_minor, currency)?,
            charge: Charge {
                buyer: money(self.buyer_fee_minor, currency)?,
                seller: money(self.seller_fee_minor, currency)?,
                commission: money(self.commission_minor, currency)?,
                provider_cost: money(self.provider_cost_minor, currency)?,
            },
            delivery: TimeDelta::seconds(self.delivery_s),
            proof: self.proof.as_deref().map(parse).transpose()?,
            state: parse(&self.state)?,
            due_at: self.due_at,
            reworks: u8::try_from(self.reworks).map_err(Error::row)?,
            offers: Offers {
                buyer: optional(self.buyer_offer_minor)?,
                seller: optional(self.seller_offer_minor)?,
            },
            dispute,
        })
    }

    fn dispute(&self, currency: Currency) -> Result<Option<Dispute>, Error> {
        let Some((opened_by, stage)) =
            self.dispute_opened_by.as_deref().zip(self.dispute_stage.as_deref())
        else {
            return Ok(None);
        };
        let stage = match stage {
            "opened" => Stage::Opened,
            "answered" => Stage::Answered,
            "awarded" => self.awarded(currency)?,
            other => return Err(Error::row(format!("unknown stage of a dispute: `{other}`"))),
        };
        Ok(Some(Dispute { opened_by: parse(opened_by)?, stage }))
    }

    fn awarded(&self, currency: Currency) -> Result<Stage, Error> {
        let missing = || Error::row("incomplete award");
        let costs = match (self.award_costs_minor, self.award_costs_borne_by.as_deref()) {
            (Some(minor), Some(role)) => {
                Some(Costs { amount: money(minor, currency)?, borne_by: parse(role)? })
            }
            _ => None,
        };
        let award = Award {
            to_seller: money(self.award_to_seller_minor.ok_or_else(missing)?, currency)?,
            fees_waived: self.award_fees_waived.ok_or_else(missing)?,
            costs,
        };
        Ok(Stage::Awarded { award, by: UserId::new(self.award_by.ok_or_else(missing)?) })
    }
}

const fn stage_text(stage: Stage) -> &'static str {
    match stage {
        Stage::Opened => "opened",
        Stage::Answered => "answered",
        Stage::Awarded { .. } => "awarded",
    }
}

/// Returns the milestones of each deal, in order.
pub(super) async fn of_deals(
    mut conn: &AsyncPgConnection,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Vec<MilestoneRow>>, Error> {
    let rows: Vec<MilestoneRow> = MilestoneRow::query()
        .filter(milestones::deal_id.eq_any(ids))
        .order(milestones::position)
        .load(&mut conn)
        .await?;
    Ok(grouped(rows.into_iter().map(|row| (row.deal_id, row))))
}

/// Updates changed milestones. A new offer replaces all milestones; the old ones had no messages or deliveries yet.
pub(super) async fn save(
    mut conn: &AsyncPgConnection,
    deal: DealId,
    before: &[Milestone],
    after: &[Milestone],
) -> Result<(), Error> {
    let same = before.iter().map(|m| m.id).eq(after.iter().map(|m| m.id));
    if !same {
        diesel::delete(milestones::table.filter(milestones::deal_id.eq(deal.uuid())))
            .execute(&mut conn)
            .await?;
        return insert(conn, deal, after).await;
    }
    for ((position, old), new) in (1i16..).zip(before).zip(after) {
        if old != new {
            let row = MilestoneRow::of(deal, position, new)?;
            let update = diesel::update(milestones::table.find(new.id.uuid())).set(row);
            kept(update).execute(&mut conn).await?;
        }
    }
    Ok(())
}

pub(super) async fn insert(
    mut conn: &AsyncPgConnection,
    deal: DealId,
    milestones: &[Milestone],
) -> Result<(), Error> {
    let rows: Vec<MilestoneRow> = (1i16..)
        .zip(milestones)
        .map(|(position, milestone)| MilestoneRow::of(deal, position, milestone))
        .collect::<Result<_, _>>()?;
    kept(diesel::insert_into(milestones::table).values(rows)).execute(&mut conn).await?;
    Ok(())
}
