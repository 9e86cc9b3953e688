//! Commands to a deal, and their actors.

use super::dispute::Award;
use super::draft::Offer;
use super::milestone::Proof;
use super::timer::Timer;
use crate::id::{MilestoneId, UserId};
use crate::money::Money;
use chrono::{DateTime, Utc};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Command {
    /// The invited user has verified the invited address or number.
    Join(UserId),
    Propose,
    /// Replaces a draft, or makes a counter-offer to a proposal.
    Counter(Offer),
    /// Accepts the revision with this number only.
    Agree(u32),
    /// Adds a payer besides the buyer.
    AddPayer(UserId),
    /// Moves money from the payer's wallet into escrow, at most the outstanding amount. Without `amount`, all of it.
    Fund {
        payer: UserId,
        amount: Option<Money>,
    },
    Deliver {
        milestone: MilestoneId,
        proof: Option<Proof>,
    },
    /// Sends a delivery back for rework.
    Reject(MilestoneId),
    Release(MilestoneId),
    /// The seller refunds the milestone.
    Refund(MilestoneId),
    /// Offers a split with this share for the seller; the other party can accept it.
    OfferSplit {
        milestone: MilestoneId,
        to_seller: Money,
    },
    /// Accepts the other party's split offer, which must still have this share.
    AcceptSplit {
        milestone: MilestoneId,
        to_seller: Money,
    },
    Dispute(MilestoneId),
    /// Answers a dispute; an arbiter then decides.
    Answer(MilestoneId),
    Award {
        milestone: MilestoneId,
        award: Award,
    },
    Extend {
        timer: Timer,
        until: DateTime<Utc>,
    },
    /// Cancels a deal that is not funded. A separate command, so that a payment at the same moment does not turn it
    /// into a request for mutual cancellation.
    Cancel,
    /// Requests or accepts the cancellation of a funded deal. The money of all open milestones is refunded.
    MutualCancel,
    /// A deadline has passed.
    Expire(Timer),
}

impl Command {
    /// The name that errors and the log use.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Command::Join(_) => "join",
            Command::Propose => "propose",
            Command::Counter(_) => "counter",
            Command::Agree(_) => "agree",
            Command::AddPayer(_) => "add_payer",
            Command::Fund { .. } => "fund",
            Command::Deliver { .. } => "deliver",
            Command::Reject(_) => "reject",
            Command::Release(_) => "release",
            Command::Refund(_) => "refund",
            Command::OfferSplit { .. } => "offer_split",
            Command::AcceptSplit { .. } => "accept_split",
            Command::Dispute(_) => "dispute",
            Command::Answer(_) => "answer",
            Command::Award { .. } => "award",
            Command::Extend { .. } => "extend",
            Command::Cancel => "cancel",
            Command::MutualCancel => "mutual_cancel",
            Command::Expire(_) => "expire",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    User(UserId),
    /// An operator who decides disputes.
    Arbiter(UserId),
    /// A timer, a payment that arrived for the deal, or a verified contact of an invited user.
    System,
}

impl Actor {
    /// Returns the user behind the actor, if there is one.
    #[must_use]
    pub const fn user(self) -> Option<UserId> {
        match self {
            Actor::User(user) | Actor::Arbiter(user) => Some(user),
            Actor::System => None,
        }
    }
}
