//! Creation of a deal and of new offers, with the validation of both.

use super::{
    Broker, COMMISSION_BPS_MAX, Deal, DealState, Item, Milestone, MilestoneState, Offers, Proof,
    Refusal, Role, Terms,
};
use crate::fee::FeePlan;
use crate::human::HumanText;
use crate::id::{DealId, MilestoneId, UserId};
use crate::money::{Currency, Money};
use crate::payment::carried_currencies;
use chrono::TimeDelta;

pub const MILESTONES_MAX: usize = 20;
pub const TITLE_CHARS_MAX: usize = 120;
pub const DESCRIPTION_CHARS_MAX: usize = 2_000;
pub const ITEMS_MAX: usize = 50;
pub const REVISIONS_MAX: u32 = 50;
pub const TERM_MIN: TimeDelta = TimeDelta::minutes(1);
pub const TERM_MAX: TimeDelta = TimeDelta::days(366);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewMilestone {
    pub id: MilestoneId,
    pub title: String,
    pub description: Option<String>,
    pub items: Vec<Item>,
    pub amount: Money,
    pub delivery: TimeDelta,
    pub proof: Option<Proof>,
}

/// The negotiated content. Each offer is complete.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Offer {
    pub title: String,
    pub fees: FeePlan,
    pub terms: Terms,
    pub milestones: Vec<NewMilestone>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeal {
    pub id: DealId,
    /// The creator of the deal.
    pub proposer: UserId,
    /// The creator's side.
    pub role: Role,
    /// `None` if the other party is invited and has yet to join.
    pub counterparty: Option<UserId>,
    pub broker: Option<Broker>,
    pub currency: Currency,
    pub offer: Offer,
}

/// # Errors
/// [`Refusal`] with the first violation.
pub fn draft(new: NewDeal) -> Result<Deal, Refusal> {
    let NewDeal { id, proposer, role, counterparty, broker, currency, offer } = new;
    // Such a deal could be agreed but never paid.
    if !carried_currencies().any(|carried| carried == currency) {
        return Err(Refusal::UnsupportedCurrency(currency));
    }
    let (buyer, seller) = match role {
        Role::Buyer => (Some(proposer), counterparty),
        Role::Seller => (counterparty, Some(proposer)),
    };
    let blank = Deal {
        id,
        title: String::new(),
        buyer,
        seller,
        broker,
        currency,
        fees: offer.fees,
        terms: offer.terms,
        revision: 0,
        offered_by: role,
        state: DealState::Draft,
        cancel_asked_by: None,
        extension: None,
        due_at: None,
        payers: vec![],
        fundings: 0,
        milestones: vec![],
    };
    distinct(&blank)?;
    if broker.is_some_and(|broker| broker.commission_bps > COMMISSION_BPS_MAX) {
        return Err(Refusal::Commission);
    }
    offered(&blank, offer, role)
}

/// Returns the deal with another offer.
pub(super) fn offered(deal: &Deal, offer: Offer, by: Role) -> Result<Deal, Refusal> {
    let Offer { title, fees, terms, milestones } = offer;
    let revision = deal.revision.saturating_add(1);
    if revision > REVISIONS_MAX {
        return Err(Refusal::TooManyRevisions);
    }
    if milestones.is_empty() || milestones.len() > MILESTONES_MAX {
        return Err(Refusal::MilestoneCount);
    }
    let mut periods = terms.periods().chain(milestones.iter().map(|m| m.delivery));
    if periods.any(|period| !(TERM_MIN..=TERM_MAX).contains(&period)) {
        return Err(Refusal::Period);
    }
    if milestones.iter().any(|m| m.amount.is_zero() || m.amount.currency() != deal.currency) {
        return Err(Refusal::Amount);
    }
    let title = line(&title)?;
    let amounts: Vec<Money> = milestones.iter().map(|m| m.amount).collect();
    let commission_bps = deal.broker.map_or(0, |broker| broker.commission_bps);
    let charges = fees.divide(&amounts, commission_bps)?;
    let milestones = milestones
        .into_iter()
        .zip(charges)
        .map(|(new, charge)| {
            Ok(Milestone {
                id: new.id,
                title: line(&new.title)?,
                description: new.description.map(|text| description(&text)).transpose()?.flatten(),
                items: items(new.items, new.amount)?,
                amount: new.amount,
                charge,
                delivery: new.delivery,
                proof: new.proof,
                state: MilestoneState::Planned,
                due_at: None,
                reworks: 0,
                offers: Offers::default(),
                dispute: None,
            })
        })
        .collect::<Result<Vec<_>, Refusal>>()?;
    let next = Deal { title, fees, terms, revision, offered_by: by, milestones, ..deal.clone() };
    next.price()?;
    Ok(next)
}

/// # Errors
/// [`Refusal::SameParty`] if a user would have two roles.
pub(super) fn distinct(deal: &Deal) -> Result<(), Refusal> {
    let everybody = [deal.buyer, deal.seller, deal.broker.map(|broker| broker.user)];
    let mut seen: Vec<UserId> = everybody.into_iter().flatten().collect();
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    if seen.len() == count { Ok(()) } else { Err(Refusal::SameParty) }
}

fn line(text: &str) -> Result<String, Refusal> {
    let line = HumanText::line(text, 1, TITLE_CHARS_MAX);
    line.map(HumanText::into_string).map_err(|_| Refusal::Title)
}

fn description(text: &str) -> Result<Option<String>, Refusal> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let lines = HumanText::lines(text, 1, DESCRIPTION_CHARS_MAX);
    lines.map(|lines| Some(lines.into_string())).map_err(|_| Refusal::Description)
}

/// Validates the items. If there are any, their total must equal the milestone's amount.
fn items(items: Vec<Item>, amount: Money) -> Result<Vec<Item>, Refusal> {
    if items.is_empty() {
        return Ok(items);
    }
    let totals: Result<Vec<Money>, _> = items.iter().map(Item::total).collect();
    let whole = Money::sum(amount.currency(), totals?)?;
    let fits = items.len() <= ITEMS_MAX && whole == amount;
    if !fits || items.iter().any(|item| item.quantity == 0) {
        return Err(Refusal::Items);
    }
    items.into_iter().map(|item| Ok(Item { name: line(&item.name)?, ..item })).collect()
}
