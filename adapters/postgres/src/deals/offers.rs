//! An offer as stored: one immutable JSON value.

use super::milestones::ItemRow;
use crate::error::Error;
use crate::row::{money, parse};
use amana_domain::deal::{Deal, Milestone, NewMilestone, Offer, Terms};
use amana_domain::fee::{Charge, FeePlan};
use amana_domain::id::MilestoneId;
use amana_domain::money::{Currency, Money};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An offer with the charges of each milestone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptOffer {
    pub currency: Currency,
    pub offer: Offer,
    /// One charge per milestone.
    pub charges: Vec<Charge>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct OfferRow {
    title: String,
    currency: String,
    fees: FeesRow,
    terms: TermsRow,
    milestones: Vec<PartRow>,
}

#[derive(Serialize, Deserialize)]
struct FeesRow {
    version: u32,
    percentage_bps: u16,
    fixed_minor: i64,
    floor_minor: i64,
    cap_minor: Option<i64>,
    provider_cost_minor: i64,
    payer: String,
}

#[derive(Serialize, Deserialize)]
struct TermsRow {
    acceptance_s: i64,
    funding_s: i64,
    inspection_s: i64,
    rework_s: i64,
    answer_s: i64,
    award_s: i64,
}

#[derive(Serialize, Deserialize)]
struct PartRow {
    id: Uuid,
    title: String,
    description: Option<String>,
    items: Vec<ItemRow>,
    amount_minor: i64,
    delivery_s: i64,
    proof: Option<String>,
    buyer_fee_minor: i64,
    seller_fee_minor: i64,
    commission_minor: i64,
    provider_cost_minor: i64,
}

impl OfferRow {
    /// Returns the deal's current offer.
    pub(super) fn of(deal: &Deal) -> Self {
        Self {
            title: deal.title.clone(),
            currency: deal.currency.to_string(),
            fees: FeesRow::from(deal.fees),
            terms: TermsRow::from(deal.terms),
            milestones: deal.milestones.iter().map(PartRow::from).collect(),
        }
    }

    pub(super) fn into_kept(self) -> Result<KeptOffer, Error> {
        let currency: Currency = parse(&self.currency)?;
        let charges = self.milestones.iter().map(|part| part.charge(currency));
        let charges = charges.collect::<Result<_, Error>>()?;
        let milestones = self.milestones.into_iter().map(|part| part.into_milestone(currency));
        let offer = Offer {
            title: self.title,
            fees: self.fees.into_plan(currency)?,
            terms: self.terms.into(),
            milestones: milestones.collect::<Result<_, Error>>()?,
        };
        Ok(KeptOffer { currency, offer, charges })
    }
}

impl From<FeePlan> for FeesRow {
    fn from(plan: FeePlan) -> Self {
        Self {
            version: plan.version,
            percentage_bps: plan.percentage_bps,
            fixed_minor: plan.fixed.minor(),
            floor_minor: plan.floor.minor(),
            cap_minor: plan.cap.map(Money::minor),
            provider_cost_minor: plan.provider_cost.minor(),
            payer: plan.payer.to_string(),
        }
    }
}

impl FeesRow {
    fn into_plan(self, currency: Currency) -> Result<FeePlan, Error> {
        Ok(FeePlan {
            version: self.version,
            percentage_bps: self.percentage_bps,
            fixed: money(self.fixed_minor, currency)?,
            floor: money(self.floor_minor, currency)?,
            cap: self.cap_minor.map(|minor| money(minor, currency)).transpose()?,
            provider_cost: money(self.provider_cost_minor, currency)?,
            payer: parse(&self.payer)?,
        })
    }
}

impl From<Terms> for TermsRow {
    fn from(terms: Terms) -> Self {
        Self {
            acceptance_s: terms.acceptance.num_seconds(),
            funding_s: terms.funding.num_seconds(),
            inspection_s: terms.inspection.num_seconds(),
            rework_s: terms.rework.num_seconds(),
            answer_s: terms.answer.num_seconds(),
            award_s: terms.award.num_seconds(),
        }
    }
}

impl From<TermsRow> for Terms {
    fn from(row: TermsRow) -> Self {
        Self {
            acceptance: TimeDelta::seconds(row.acceptance_s),
            funding: TimeDelta::seconds(row.funding_s),
            inspection: TimeDelta::seconds(row.inspection_s),
            rework: TimeDelta::seconds(row.rework_s),
            answer: TimeDelta::seconds(row.answer_s),
            award: TimeDelta::seconds(row.award_s),
        }
    }
}

impl From<&Milestone> for PartRow {
    fn from(milestone: &Milestone) -> Self {
        let Charge { buyer, seller, commission, provider_cost } = milestone.charge;
        Self {
            id: milestone.id.uuid(),
            title: milestone.title.clone(),
            description: milestone.description.clone(),
            items: milestone.items.iter().map(ItemRow::of).collect(),
            amount_minor: milestone.amount.minor(),
            delivery_s: milestone.delivery.num_seconds(),
            proof: milestone.proof.map(|proof| proof.to_string()),
            buyer_fee_minor: buyer.minor(),
            seller_fee_minor: seller.minor(),
            commission_minor: commission.minor(),
            provider_cost_minor: provider_cost.minor(),
        }
    }
}

impl PartRow {
    fn charge(&self, currency: Currency) -> Result<Charge, Error> {
        Ok(Charge {
            buyer: money(self.buyer_fee_minor, currency)?,
            seller: money(self.seller_fee_minor, currency)?,
            commission: money(self.commission_minor, currency)?,
            provider_cost: money(self.provider_cost_minor, currency)?,
        })
    }

    fn into_milestone(self, currency: Currency) -> Result<NewMilestone, Error> {
        let items = self.items.into_iter().map(|item| item.into_item(currency));
        Ok(NewMilestone {
            id: MilestoneId::new(self.id),
            title: self.title,
            description: self.description,
            items: items.collect::<Result<_, Error>>()?,
            amount: money(self.amount_minor, currency)?,
            delivery: TimeDelta::seconds(self.delivery_s),
            proof: self.proof.as_deref().map(parse).transpose()?,
        })
    }
}
