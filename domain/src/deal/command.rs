//! What can be done to a deal, and by whom.

use super::dispute::Award;
use super::draft::Offer;
use super::milestone::Proof;
use super::timer::Timer;
use crate::id::{MilestoneId, UserId};
use crate::money::Money;
use chrono::{DateTime, Utc};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Command {
    /// The invited side has shown that the invited address is theirs.
    Join(UserId),
    Propose,
    /// Another offer: a draft is written anew, a proposal is answered.
    Counter(Offer),
    /// Signs the revision with that number, and no other.
    Agree(u32),
    /// Lets somebody pay together with the buyer.
    NamePayer(UserId),
    /// Takes money from the payer's wallet into escrow; all that is outstanding if no amount is said, and never more.
    Fund {
        payer: UserId,
        amount: Option<Money>,
    },
    Deliver {
        milestone: MilestoneId,
        proof: Option<Proof>,
    },
    /// Sends a delivery back to be done again.
    Reject(MilestoneId),
    Release(MilestoneId),
    /// The seller gives the money back.
    Refund(MilestoneId),
    /// Says how much the seller may have; the other side may take it at its word.
    OfferSplit {
        milestone: MilestoneId,
        to_seller: Money,
    },
    /// Takes the other side's offer, which must still be this one.
    AcceptSplit {
        milestone: MilestoneId,
        to_seller: Money,
    },
    Dispute(MilestoneId),
    /// Answers a dispute: an arbiter is to decide.
    Answer(MilestoneId),
    Award {
        milestone: MilestoneId,
        award: Award,
    },
    Extend {
        timer: Timer,
        until: DateTime<Utc>,
    },
    /// Ends a deal that is not funded. A command of its own, so that money which arrives at the same moment does not
    /// turn it into something that was not said.
    Cancel,
    /// Asks to end a funded deal, or consents: everything open goes back to who paid.
    MutualCancel,
    /// A deadline has passed.
    Lapse(Timer),
}

impl Command {
    /// The word that refusals and audit records use.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Command::Join(_) => "join",
            Command::Propose => "propose",
            Command::Counter(_) => "counter",
            Command::Agree(_) => "agree",
            Command::NamePayer(_) => "name_payer",
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
            Command::Lapse(_) => "lapse",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    User(UserId),
    /// Somebody who works here and decides about disputes.
    Arbiter(UserId),
    /// A timer, money that arrived for the deal, or an address that was shown to be somebody's.
    System,
}
