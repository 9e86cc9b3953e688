//! A deal: two parties, terms that both accept, and milestones that are paid into escrow and settled one by one.

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
        /// One party has made an offer; the other party can accept it or make a counter-offer.
        Proposed = "proposed",
        /// Both parties have accepted the terms; the payment is due.
        Agreed = "agreed",
        /// The whole price is in escrow.
        Funded = "funded",
        /// Every open milestone has been delivered; the buyer has to accept.
        Delivered = "delivered",
        /// At least one milestone is disputed.
        Disputed = "disputed",
        /// All milestones are settled, and the seller received at least a part.
        Released = "released",
        /// All milestones are settled, and the payers got all of the money back.
        Refunded = "refunded",
        Cancelled = "cancelled",
        Expired = "expired",
    }
}

impl DealState {
    /// Returns whether the deal can no longer change.
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

/// A requested move of a deadline. The other party has to agree.
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
    /// `None` until the invited party has joined. Both parties are set once the deal is agreed.
    pub buyer: Option<UserId>,
    pub seller: Option<UserId>,
    pub broker: Option<Broker>,
    pub currency: Currency,
    pub fees: FeePlan,
    pub terms: Terms,
    /// Number of the current offer. The parties accept a specific revision.
    pub revision: u32,
    pub offered_by: Role,
    pub state: DealState,
    /// The party that requested mutual cancellation, if any. The deal is refunded once the other party agrees.
    pub cancel_asked_by: Option<Role>,
    pub extension: Option<Extension>,
    /// Deadline of acceptance or funding.
    pub due_at: Option<DateTime<Utc>>,
    /// Payers in the order in which they were added. The buyer is added with their first payment.
    pub payers: Vec<Payer>,
    /// Number of payments into escrow. It makes the keys of their ledger entries unique.
    pub fundings: u32,
    pub milestones: Vec<Milestone>,
}

impl Deal {
    /// Returns the price: the amounts of all milestones and the buyer's share of the fees.
    ///
    /// # Errors
    /// [`MoneyError`] if the parts have different currencies or their sum is too large.
    pub fn price(&self) -> Result<Money, MoneyError> {
        let parts: Result<Vec<Money>, MoneyError> =
            self.milestones.iter().map(Milestone::in_escrow).collect();
        Money::sum(self.currency, parts?)
    }

    #[must_use]
    pub fn milestone(&self, id: MilestoneId) -> Option<&Milestone> {
        self.milestones.iter().find(|milestone| milestone.id == id)
    }

    /// Returns the milestone, or an error if the deal does not have it.
    ///
    /// # Errors
    /// [`Refusal::UnknownMilestone`].
    pub fn require_milestone(&self, id: MilestoneId) -> Result<&Milestone, Refusal> {
        self.milestone(id).ok_or(Refusal::UnknownMilestone)
    }
}

#[cfg(test)]
mod tests;
