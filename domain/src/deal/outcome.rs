//! The outcome of a command: a decision, which is plain data, or a refusal.

use super::dispute::Award;
use super::milestone::Proof;
use super::{Deal, DealState, MilestoneState, Role, Timer};
use crate::fee::FeeError;
use crate::id::{MilestoneId, UserId};
use crate::ledger::{Entry, LedgerError};
use crate::money::{Currency, Money, MoneyError};
use crate::payment::carried_currencies;
use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

/// All changes of an accepted command. They are stored in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub deal: Deal,
    pub entries: Vec<Entry>,
    pub events: Vec<Event>,
}

impl Decision {
    /// Returns the deadlines that start with this decision.
    pub fn timers(&self, before: &Deal) -> impl Iterator<Item = (Timer, DateTime<Utc>)> {
        let old = before.dues();
        self.deal.dues().into_iter().filter(move |due| !old.contains(due))
    }
}

/// An event of a deal's timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Created,
    Joined(Role),
    Proposed,
    /// A party made another offer.
    Countered(u32),
    Agreed(u32),
    PayerAdded(UserId),
    /// A part of the price, or all of it, went into escrow.
    Paid {
        payer: UserId,
        amount: Money,
    },
    /// A payment for a deal that was never funded was refunded.
    PaymentReturned {
        payer: UserId,
        amount: Money,
    },
    Funded,
    MilestoneDelivered(MilestoneId),
    MilestoneRejected(MilestoneId),
    MilestoneReleased(MilestoneId),
    MilestoneRefunded(MilestoneId),
    MilestoneSplit {
        milestone: MilestoneId,
        to_seller: Money,
        to_buyer: Money,
    },
    SplitOffered {
        milestone: MilestoneId,
        by: Role,
        to_seller: Money,
    },
    DisputeOpened {
        milestone: MilestoneId,
        by: Role,
    },
    DisputeAnswered(MilestoneId),
    /// An arbiter proposed an award that a second arbiter has to confirm.
    AwardProposed {
        milestone: MilestoneId,
        award: Award,
    },
    Awarded {
        milestone: MilestoneId,
        award: Award,
    },
    ExtensionRequested {
        by: Role,
        timer: Timer,
        until: DateTime<Utc>,
    },
    Extended {
        timer: Timer,
        until: DateTime<Utc>,
    },
    CancellationRequested(Role),
    Cancelled,
    Expired,
    /// All milestones are settled.
    Completed,
}

/// The event whose details are visible to arbiters only.
pub const AWARD_PROPOSED: &str = "dispute.award_proposed";

impl Event {
    #[must_use]
    pub const fn milestone(&self) -> Option<MilestoneId> {
        match self {
            Event::MilestoneDelivered(id)
            | Event::MilestoneRejected(id)
            | Event::MilestoneReleased(id)
            | Event::MilestoneRefunded(id)
            | Event::DisputeAnswered(id) => Some(*id),
            Event::MilestoneSplit { milestone, .. }
            | Event::SplitOffered { milestone, .. }
            | Event::DisputeOpened { milestone, .. }
            | Event::AwardProposed { milestone, .. }
            | Event::Awarded { milestone, .. } => Some(*milestone),
            Event::ExtensionRequested { timer, .. } | Event::Extended { timer, .. } => {
                timer.milestone()
            }
            Event::Created
            | Event::Joined(_)
            | Event::Proposed
            | Event::Countered(_)
            | Event::Agreed(_)
            | Event::PayerAdded(_)
            | Event::Paid { .. }
            | Event::PaymentReturned { .. }
            | Event::Funded
            | Event::CancellationRequested(_)
            | Event::Cancelled
            | Event::Expired
            | Event::Completed => None,
        }
    }
}

fn carried() -> String {
    let names: Vec<&str> = carried_currencies().map(Currency::as_str).collect();
    names.join(", ")
}

/// The reason for which a command is rejected.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("only the {wanted} of the deal can do this")]
    WrongParty { wanted: Role },
    #[error("only an arbiter who is not a party to the deal can do this")]
    NotArbiter,
    #[error("only the buyer and the payers that the buyer named can pay for the deal")]
    NotPayer,
    #[error("you made this offer; the other party has to accept it")]
    OwnProposal,
    #[error("the other party has not joined the deal yet; send the invitation again or wait")]
    CounterpartyNotJoined,
    #[error("both parties have already joined the deal")]
    AlreadyJoined,
    #[error("the current revision is {current}; read it, then answer that revision")]
    RevisionMismatch { current: u32 },
    #[error("a deal has at most {} revisions; create a new deal", super::REVISIONS_MAX)]
    TooManyRevisions,
    #[error("`{command}` is not possible while the deal is {state}")]
    WrongState { state: DealState, command: &'static str },
    #[error("`{command}` is not possible while the milestone is {state}")]
    WrongMilestoneState { state: MilestoneState, command: &'static str },
    #[error("the deal has no such milestone")]
    UnknownMilestone,
    #[error("the deadline for this was {due_at}")]
    TooLate { due_at: DateTime<Utc> },
    #[error("the deadline has not passed yet: {due_at}")]
    TooEarly { due_at: DateTime<Utc> },
    #[error("you have already requested this; the other party has to agree")]
    AlreadyRequested,
    #[error("this user can already pay for the deal")]
    AlreadyPayer,
    #[error("this milestone needs the delivery proof `{wanted}`")]
    ProofRequired { wanted: Proof },
    #[error(
        "a delivery can be rejected at most {} times; open a dispute instead",
        super::decide::REWORKS_MAX
    )]
    TooManyReworks,
    #[error("the other party has not made this offer; read the milestone for its current offer")]
    OfferMismatch,
    #[error("the shares exceed the milestone's money in escrow; reduce the share or the costs")]
    Share,
    #[error("the dispute has not been answered yet; wait for the answer or its deadline")]
    NotAnswered,
    #[error("you proposed this award; another arbiter has to decide")]
    OwnAward,
    #[error("a dispute has at most {} evidence files", super::EVIDENCE_MAX)]
    TooMuchEvidence,
    #[error("a milestone has at most {} delivery files", super::DELIVERY_FILES_MAX)]
    TooManyFiles,
    #[error("the hand-over code is wrong; ask the buyer for the code of this delivery")]
    HandOverWrong,
    #[error(
        "the hand-over code was tried too often: at most {} times an hour; wait",
        super::HAND_OVER_TRIES_MAX
    )]
    HandOverTooMany { wait: TimeDelta },
    #[error(
        "only a running deadline of funding, delivery, inspection or answer can be moved, by at most 366 days"
    )]
    NotExtensible,
    #[error("a deal has at most {} payers, including the buyer", super::PAYERS_MAX)]
    TooManyPayers,
    #[error(
        "only {outstanding} is outstanding; pay at most that, or set `allow_overpayment` to keep the rest in your wallet"
    )]
    AmountExceedsOutstanding { outstanding: Money },
    #[error("unsupported currency {0}: expected one of {carried}", carried = carried())]
    UnsupportedCurrency(Currency),
    #[error(
        "buyer, seller and broker must be different users, and buyer and seller cannot be additional payers"
    )]
    SameParty,
    #[error("a commission is at most {} basis points", super::COMMISSION_BPS_MAX)]
    Commission,
    #[error("a title has 1 to {} characters", super::TITLE_CHARS_MAX)]
    Title,
    #[error("a description has at most {} characters", super::DESCRIPTION_CHARS_MAX)]
    Description,
    #[error(
        "a milestone has at most {} items; each has a quantity above zero, and their total equals the milestone's amount",
        super::ITEMS_MAX
    )]
    Items,
    #[error("a deal has 1 to {} milestones", super::MILESTONES_MAX)]
    MilestoneCount,
    #[error("a period must be between 1 minute and 366 days")]
    Period,
    #[error("every amount of a deal must be greater than zero and in the deal's currency")]
    Amount,
    #[error(transparent)]
    Fee(#[from] FeeError),
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}
