//! Making a deal: everything that can be wrong with one is refused here, before it exists.

use super::{Deal, DealState, Milestone, MilestoneState, Refusal, Role, Terms};
use crate::fee::FeePlan;
use crate::id::{DealId, MilestoneId, UserId};
use crate::money::{Currency, Money};
use chrono::TimeDelta;

pub const MILESTONES_MAX: usize = 20;
pub const TITLE_CHARS_MAX: usize = 120;
pub const TERM_MIN: TimeDelta = TimeDelta::minutes(1);
pub const TERM_MAX: TimeDelta = TimeDelta::days(366);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMilestone {
    pub id: MilestoneId,
    pub title: String,
    pub amount: Money,
    pub delivery: TimeDelta,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeal {
    pub id: DealId,
    pub title: String,
    pub buyer: UserId,
    pub seller: UserId,
    pub proposer: Role,
    pub currency: Currency,
    pub fees: FeePlan,
    pub terms: Terms,
    pub milestones: Vec<NewMilestone>,
}

/// # Errors
/// [`Refusal`] naming the first thing that is wrong with the deal.
pub fn draft(new: NewDeal) -> Result<Deal, Refusal> {
    if new.buyer == new.seller {
        return Err(Refusal::SameParty);
    }
    if new.milestones.is_empty() || new.milestones.len() > MILESTONES_MAX {
        return Err(Refusal::MilestoneCount);
    }
    let terms = [new.terms.acceptance, new.terms.funding, new.terms.inspection];
    let periods = terms.into_iter().chain(new.milestones.iter().map(|m| m.delivery));
    if periods.into_iter().any(|period| !(TERM_MIN..=TERM_MAX).contains(&period)) {
        return Err(Refusal::Period);
    }
    if new.milestones.iter().any(|m| m.amount.is_zero() || m.amount.currency() != new.currency) {
        return Err(Refusal::Amount);
    }
    let title = title(&new.title)?;
    let amounts: Vec<Money> = new.milestones.iter().map(|m| m.amount).collect();
    let shares = new.fees.divide(&amounts)?;
    let milestones = new
        .milestones
        .into_iter()
        .zip(shares)
        .map(|(milestone, share)| {
            Ok(Milestone {
                id: milestone.id,
                title: self::title(&milestone.title)?,
                amount: milestone.amount,
                buyer_fee: share.buyer,
                seller_fee: share.seller,
                delivery: milestone.delivery,
                state: MilestoneState::Planned,
                due_at: None,
            })
        })
        .collect::<Result<Vec<_>, Refusal>>()?;
    let deal = Deal {
        id: new.id,
        title,
        buyer: new.buyer,
        seller: new.seller,
        proposer: new.proposer,
        currency: new.currency,
        fees: new.fees,
        terms: new.terms,
        state: DealState::Draft,
        cancel_asked_by: None,
        due_at: None,
        milestones,
    };
    deal.price()?;
    Ok(deal)
}

fn title(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > TITLE_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(Refusal::Title);
    }
    Ok(text.to_owned())
}
