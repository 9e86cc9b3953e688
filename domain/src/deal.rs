//! A deal: two parties, terms, a fee plan, and milestones that are paid into escrow and released one by one.

mod decide;
mod draft;
mod outcome;

pub use decide::decide;
pub use draft::{
    MILESTONES_MAX, NewDeal, NewMilestone, TERM_MAX, TERM_MIN, TITLE_CHARS_MAX, draft,
};
pub use outcome::{Decision, Event, Refusal};

use crate::fee::FeePlan;
use crate::id::{DealId, MilestoneId, UserId};
use crate::money::{Currency, Money, MoneyError};
use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};

text_enum! {
    pub enum Role as "party" {
        Buyer = "buyer",
        Seller = "seller",
    }
}

impl Role {
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Role::Buyer => Role::Seller,
            Role::Seller => Role::Buyer,
        }
    }
}

text_enum! {
    pub enum DealState as "deal state" {
        Draft = "draft",
        /// One party has offered it; the other may agree.
        Proposed = "proposed",
        /// Both are bound; the buyer is to pay.
        Agreed = "agreed",
        /// The whole price is in escrow.
        Funded = "funded",
        /// Every milestone still open has been delivered and waits for the buyer.
        Delivered = "delivered",
        /// Nothing is open, and at least one milestone was paid to the seller.
        Released = "released",
        /// Nothing is open, and everything went back to the buyer.
        Refunded = "refunded",
        Cancelled = "cancelled",
        Expired = "expired",
    }
}

text_enum! {
    pub enum MilestoneState as "milestone state" {
        Planned = "planned",
        Funded = "funded",
        Delivered = "delivered",
        Released = "released",
        Refunded = "refunded",
    }
}

impl DealState {
    /// Whether nothing can happen to the deal any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            DealState::Draft
            | DealState::Proposed
            | DealState::Agreed
            | DealState::Funded
            | DealState::Delivered => false,
            DealState::Released
            | DealState::Refunded
            | DealState::Cancelled
            | DealState::Expired => true,
        }
    }
}

impl MilestoneState {
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            MilestoneState::Planned | MilestoneState::Funded | MilestoneState::Delivered => true,
            MilestoneState::Released | MilestoneState::Refunded => false,
        }
    }
}

/// How long each side has. What silence means is part of the terms and cannot be changed by the parties:
/// no acceptance or no payment: the deal expires; no delivery: the buyer gets the money back;
/// no objection to a delivery: the seller gets paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub acceptance: TimeDelta,
    pub funding: TimeDelta,
    pub inspection: TimeDelta,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Milestone {
    pub id: MilestoneId,
    pub title: String,
    pub amount: Money,
    pub buyer_fee: Money,
    pub seller_fee: Money,
    /// Counted from funding.
    pub delivery: TimeDelta,
    pub state: MilestoneState,
    /// Delivery is due while funded; the buyer's objection is due while delivered.
    pub due_at: Option<DateTime<Utc>>,
}

impl Milestone {
    /// What of the escrow belongs to this milestone.
    ///
    /// # Errors
    /// [`MoneyError`] if the parts are of different currencies.
    pub fn in_escrow(&self) -> Result<Money, MoneyError> {
        self.amount.plus(self.buyer_fee)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deal {
    pub id: DealId,
    pub title: String,
    pub buyer: UserId,
    pub seller: UserId,
    pub proposer: Role,
    pub currency: Currency,
    pub fees: FeePlan,
    pub terms: Terms,
    pub state: DealState,
    /// Who has asked to call the funded deal off; the other's consent refunds it.
    pub cancel_asked_by: Option<Role>,
    /// Acceptance or funding is due at.
    pub due_at: Option<DateTime<Utc>>,
    pub milestones: Vec<Milestone>,
}

impl Deal {
    #[must_use]
    pub fn role_of(&self, user: UserId) -> Option<Role> {
        if user == self.buyer {
            Some(Role::Buyer)
        } else if user == self.seller {
            Some(Role::Seller)
        } else {
            None
        }
    }

    /// What the buyer pays: all amounts and the buyer's share of the fees.
    ///
    /// # Errors
    /// [`MoneyError`] if the parts are of different currencies or too large together.
    pub fn price(&self) -> Result<Money, MoneyError> {
        let parts: Result<Vec<Money>, MoneyError> =
            self.milestones.iter().map(Milestone::in_escrow).collect();
        Money::sum(self.currency, parts?)
    }
}

/// A deadline that may pass in silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    Acceptance,
    Funding,
    Delivery(MilestoneId),
    Inspection(MilestoneId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Propose,
    Agree,
    /// Takes the price from the buyer's wallet into escrow.
    Fund,
    Deliver(MilestoneId),
    Release(MilestoneId),
    Cancel,
    /// A deadline has passed.
    Lapse(Timer),
}

impl Command {
    /// The word that refusals and audit records use.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Command::Propose => "propose",
            Command::Agree => "agree",
            Command::Fund => "fund",
            Command::Deliver(_) => "deliver",
            Command::Release(_) => "release",
            Command::Cancel => "cancel",
            Command::Lapse(_) => "lapse",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    User(UserId),
    /// A timer, or money that arrived for the deal.
    System,
}

#[cfg(test)]
mod tests;
