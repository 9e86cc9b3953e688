//! A deal: two sides, terms that both sign, and milestones that are paid into escrow and settled one by one.

mod allowed;
mod cause;
mod change;
mod command;
mod decide;
mod dispute;
mod division;
mod draft;
mod label;
mod milestone;
mod outcome;
mod party;
mod proof;
mod share;
mod template;
mod terms;
mod timer;
mod viewer;

pub use allowed::{Action, Allowed, allowed};
pub use cause::Cause;
pub use change::{Change, changes};
pub use command::{Actor, Command};
pub use decide::decide;
pub use dispute::{Award, Costs, Dispute, EVIDENCE_MAX, Stage};
pub use division::Division;
pub use draft::{
    DESCRIPTION_CHARS_MAX, ITEMS_MAX, MILESTONES_MAX, NewDeal, NewMilestone, Offer, REVISIONS_MAX,
    TERM_MAX, TERM_MIN, TITLE_CHARS_MAX, draft,
};
pub use label::{
    Label, LabelError, METADATA_FIELDS_MAX, METADATA_NAME_CHARS_MAX, METADATA_VALUE_CHARS_MAX,
    REFERENCE_CHARS_MAX,
};
pub use milestone::{Item, Milestone, MilestoneState, Offers, Proof};
pub use outcome::{AWARD_PROPOSED, Decision, Event, Refusal};
pub use party::{Broker, COMMISSION_BPS_MAX, PAYERS_MAX, Part, Payer, Role};
pub use proof::{
    CARRIER_CHARS_MAX, DELIVERY_FILES_MAX, HAND_OVER_PERIOD, HAND_OVER_TRIES_MAX, Shown,
    TRACKING_CHARS_MAX,
};
pub use share::{PERCENT_PLACES_MAX, Percent, PercentError, Share};
pub use template::{DealTemplate, Sketch};
pub use terms::{Silence, Terms, declared_outcome};
pub use timer::{DeadlineName, REMINDERS, Timer, reminders};
pub use viewer::{Viewer, may_see};

use crate::fee::FeePlan;
use crate::id::{DealId, MilestoneId, UserId};
use crate::money::{Currency, Money, MoneyError};
use crate::text_enum;
use chrono::{DateTime, Utc};

text_enum! {
    pub enum DealState as "deal state" {
        Draft = "draft",
        /// One side has offered its newest revision; the other may sign it or make a counter-offer.
        Proposed = "proposed",
        /// Both are bound; it is to be paid.
        Agreed = "agreed",
        /// The whole price is in escrow.
        Funded = "funded",
        /// Every milestone still open has been delivered and waits for the buyer.
        Delivered = "delivered",
        /// At least one milestone is disputed.
        Disputed = "disputed",
        /// Nothing is open, and at least a part was paid to the seller.
        Released = "released",
        /// Nothing is open, and everything went back to who paid.
        Refunded = "refunded",
        Cancelled = "cancelled",
        Expired = "expired",
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
            | DealState::Delivered
            | DealState::Disputed => false,
            DealState::Released
            | DealState::Refunded
            | DealState::Cancelled
            | DealState::Expired => true,
        }
    }
}

/// What one side has asked for and the other has to agree to: a deadline moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Extension {
    pub asked_by: Role,
    pub timer: Timer,
    pub until: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Deal {
    pub id: DealId,
    pub title: String,
    /// `None` until the invited side has joined. Both are there once it is agreed.
    pub buyer: Option<UserId>,
    pub seller: Option<UserId>,
    pub broker: Option<Broker>,
    pub currency: Currency,
    pub fees: FeePlan,
    pub terms: Terms,
    /// Counts the offers; what is signed is one of them.
    pub revision: u32,
    pub offered_by: Role,
    pub state: DealState,
    /// Who has asked to call the funded deal off; the other's consent refunds it.
    pub cancel_asked_by: Option<Role>,
    pub extension: Option<Extension>,
    /// Acceptance or funding is due at.
    pub due_at: Option<DateTime<Utc>>,
    /// In the order in which they came; the buyer is there once they have paid.
    pub payers: Vec<Payer>,
    /// How many payments have gone into escrow: numbers their entries.
    pub fundings: u32,
    pub milestones: Vec<Milestone>,
}

impl Deal {
    /// What is to be paid: all amounts and the buyer's share of the fees.
    ///
    /// # Errors
    /// [`MoneyError`] if the parts are of different currencies or too large together.
    pub fn price(&self) -> Result<Money, MoneyError> {
        let parts: Result<Vec<Money>, MoneyError> =
            self.milestones.iter().map(Milestone::in_escrow).collect();
        Money::sum(self.currency, parts?)
    }

    #[must_use]
    pub fn milestone(&self, id: MilestoneId) -> Option<&Milestone> {
        self.milestones.iter().find(|milestone| milestone.id == id)
    }

    /// The same where there has to be one.
    ///
    /// # Errors
    /// [`Refusal::UnknownMilestone`].
    pub fn require_milestone(&self, id: MilestoneId) -> Result<&Milestone, Refusal> {
        self.milestone(id).ok_or(Refusal::UnknownMilestone)
    }
}

#[cfg(test)]
mod tests;
