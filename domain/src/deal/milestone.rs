//! A milestone: a part of a deal that is delivered, disputed and paid on its own.

use super::dispute::Dispute;
use super::{Role, Timer};
use crate::fee::Charge;
use crate::id::MilestoneId;
use crate::money::{Money, MoneyError};
use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};

text_enum! {
    pub enum MilestoneState as "milestone state" {
        Planned = "planned",
        Funded = "funded",
        Delivered = "delivered",
        /// Locked until the parties or an arbiter settle it.
        Disputed = "disputed",
        Released = "released",
        Refunded = "refunded",
        /// Divided between buyer and seller.
        Split = "split",
    }
}

impl MilestoneState {
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            MilestoneState::Planned => true,
            MilestoneState::Released | MilestoneState::Refunded | MilestoneState::Split => false,
            MilestoneState::Funded | MilestoneState::Delivered | MilestoneState::Disputed => true,
        }
    }

    /// Returns whether money of the milestone is in escrow.
    #[must_use]
    pub const fn holds_money(self) -> bool {
        self.is_open() && !matches!(self, MilestoneState::Planned)
    }
}

text_enum! {
    /// The kind of proof that a delivery needs.
    pub enum Proof as "delivery proof" {
        /// A carrier and its tracking number.
        Tracking = "tracking",
        Files = "files",
        /// The code that the buyer gives the seller when they receive the goods.
        HandOver = "hand_over",
    }
}

/// One item of a milestone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item {
    pub name: String,
    pub quantity: u32,
    pub unit_price: Money,
}

impl Item {
    /// # Errors
    /// [`MoneyError::TooLarge`] above the largest amount.
    pub fn total(&self) -> Result<Money, MoneyError> {
        self.unit_price.portion(i64::from(self.quantity), 1)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Milestone {
    pub id: MilestoneId,
    pub title: String,
    pub description: Option<String>,
    pub items: Vec<Item>,
    pub amount: Money,
    pub charge: Charge,
    /// Time to deliver, counted from funding.
    pub delivery: TimeDelta,
    /// The proof that a delivery needs, if any.
    pub proof: Option<Proof>,
    pub state: MilestoneState,
    /// Deadline of the delivery while funded, of the inspection while delivered, of answer or award while disputed.
    pub due_at: Option<DateTime<Utc>>,
    /// Number of rejected deliveries.
    pub reworks: u8,
    pub offers: Offers,
    /// The dispute, while the milestone is disputed.
    pub dispute: Option<Dispute>,
}

/// Split offers: the seller's share that each party offers. Accepting the other party's offer settles the milestone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Offers {
    pub buyer: Option<Money>,
    pub seller: Option<Money>,
}

impl Offers {
    #[must_use]
    pub const fn of(&self, role: Role) -> Option<Money> {
        match role {
            Role::Buyer => self.buyer,
            Role::Seller => self.seller,
        }
    }

    #[must_use]
    pub const fn with(self, role: Role, to_seller: Money) -> Self {
        match role {
            Role::Buyer => Self { buyer: Some(to_seller), ..self },
            Role::Seller => Self { seller: Some(to_seller), ..self },
        }
    }
}

impl Milestone {
    /// Returns this milestone's part of the escrow: its amount and the buyer's fee.
    ///
    /// # Errors
    /// [`MoneyError`] if the parts have different currencies.
    pub fn in_escrow(&self) -> Result<Money, MoneyError> {
        self.amount.plus(self.charge.buyer)
    }

    /// Returns the running deadline.
    #[must_use]
    pub fn due(&self) -> Option<(Timer, DateTime<Utc>)> {
        let timer = match self.state {
            MilestoneState::Funded => Timer::Delivery(self.id),
            MilestoneState::Delivered => Timer::Inspection(self.id),
            MilestoneState::Disputed if self.dispute.as_ref().is_some_and(Dispute::is_answered) => {
                Timer::Award(self.id)
            }
            MilestoneState::Disputed => Timer::Answer(self.id),
            MilestoneState::Planned
            | MilestoneState::Released
            | MilestoneState::Refunded
            | MilestoneState::Split => return None,
        };
        self.due_at.map(|due_at| (timer, due_at))
    }
}
