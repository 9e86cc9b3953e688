//! A milestone: a part of a deal that is delivered, disputed and paid by itself.

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
        /// Divided between the two sides.
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

    /// Whether its money lies in escrow.
    #[must_use]
    pub const fn holds_money(self) -> bool {
        self.is_open() && !matches!(self, MilestoneState::Planned)
    }
}

text_enum! {
    /// What a seller shows to have delivered.
    pub enum Proof as "delivery proof" {
        /// A carrier and its number for the parcel.
        Tracking = "tracking",
        Files = "files",
        /// The code that the buyer told when goods changed hands.
        HandOver = "hand_over",
    }
}

/// One line of what a milestone consists of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item {
    pub name: String,
    pub quantity: u32,
    pub unit_price: Money,
}

impl Item {
    /// # Errors
    /// [`MoneyError::TooLarge`] beyond the largest amount.
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
    /// How long the seller has, counted from funding.
    pub delivery: TimeDelta,
    /// Without it a delivery is not taken.
    pub proof: Option<Proof>,
    pub state: MilestoneState,
    /// Delivery is due while funded; the buyer's objection while delivered; answer or award while disputed.
    pub due_at: Option<DateTime<Utc>>,
    /// How often the buyer has sent it back.
    pub reworks: u8,
    pub offers: Offers,
    /// While disputed.
    pub dispute: Option<Dispute>,
}

/// What each side would let the seller have: whoever takes the other's offer settles the milestone.
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
    /// What of the escrow belongs to this milestone.
    ///
    /// # Errors
    /// [`MoneyError`] if the parts are of different currencies.
    pub fn in_escrow(&self) -> Result<Money, MoneyError> {
        self.amount.plus(self.charge.buyer)
    }

    /// The deadline that silence would let pass now.
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
