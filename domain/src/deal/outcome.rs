//! What a command leads to: a decision, which is data, or a refusal.

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

/// Everything an accepted command changes. Written in one transaction, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub deal: Deal,
    pub entries: Vec<Entry>,
    pub events: Vec<Event>,
}

impl Decision {
    /// The deadlines that began to run: those of the deal as it is now that it did not have before.
    pub fn timers(&self, before: &Deal) -> impl Iterator<Item = (Timer, DateTime<Utc>)> {
        let old = before.dues();
        self.deal.dues().into_iter().filter(move |due| !old.contains(due))
    }
}

/// What happened, as the timeline tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Created,
    Joined(Role),
    Proposed,
    /// There is another offer.
    Countered(u32),
    Agreed(u32),
    PayerNamed(UserId),
    /// A part of the price, or all of it, went into escrow.
    Paid {
        payer: UserId,
        amount: Money,
    },
    /// What was paid for a deal that was never funded went back.
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
    /// An arbiter has decided and another is to look.
    AwardProposed {
        milestone: MilestoneId,
        award: Award,
    },
    Awarded {
        milestone: MilestoneId,
        award: Award,
    },
    ExtensionAsked {
        by: Role,
        timer: Timer,
        until: DateTime<Utc>,
    },
    Extended {
        timer: Timer,
        until: DateTime<Utc>,
    },
    CancelAsked(Role),
    Cancelled,
    Expired,
    /// Nothing is open any more.
    Completed,
}

/// What is called so is known in full to arbiters only.
pub const AWARD_PROPOSED: &str = "dispute.award_proposed";

impl Event {
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Event::Created => "deal.created",
            Event::Joined(_) => "deal.joined",
            Event::Proposed => "deal.proposed",
            Event::Countered(_) => "deal.countered",
            Event::Agreed(_) => "deal.agreed",
            Event::PayerNamed(_) => "deal.payer_named",
            Event::Paid { .. } => "deal.paid",
            Event::PaymentReturned { .. } => "deal.payment_returned",
            Event::Funded => "deal.funded",
            Event::MilestoneDelivered(_) => "milestone.delivered",
            Event::MilestoneRejected(_) => "milestone.rejected",
            Event::MilestoneReleased(_) => "milestone.released",
            Event::MilestoneRefunded(_) => "milestone.refunded",
            Event::MilestoneSplit { .. } => "milestone.split",
            Event::SplitOffered { .. } => "milestone.split_offered",
            Event::DisputeOpened { .. } => "dispute.opened",
            Event::DisputeAnswered(_) => "dispute.answered",
            Event::AwardProposed { .. } => AWARD_PROPOSED,
            Event::Awarded { .. } => "dispute.awarded",
            Event::ExtensionAsked { .. } => "deal.extension_asked",
            Event::Extended { .. } => "deal.extended",
            Event::CancelAsked(_) => "deal.cancel_asked",
            Event::Cancelled => "deal.cancelled",
            Event::Expired => "deal.expired",
            Event::Completed => "deal.completed",
        }
    }

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
            Event::ExtensionAsked { timer, .. } | Event::Extended { timer, .. } => {
                timer.milestone()
            }
            Event::Created
            | Event::Joined(_)
            | Event::Proposed
            | Event::Countered(_)
            | Event::Agreed(_)
            | Event::PayerNamed(_)
            | Event::Paid { .. }
            | Event::PaymentReturned { .. }
            | Event::Funded
            | Event::CancelAsked(_)
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

/// Why a command changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("this is for the {wanted} of the deal to do")]
    WrongParty { wanted: Role },
    #[error("this is for an arbiter to do who has no part in the deal")]
    NotArbiter,
    #[error("only the buyer, and whoever the buyer named, can pay for the deal")]
    NotPayer,
    #[error("the side that made the offer cannot also accept it")]
    OwnProposal,
    #[error("the other side has not joined the deal yet")]
    NotJoined,
    #[error("both sides have joined the deal already")]
    AlreadyJoined,
    #[error("revision {current} is the one on the table")]
    OtherRevision { current: u32 },
    #[error("a deal has at most {} revisions", super::REVISIONS_MAX)]
    TooManyRevisions,
    #[error("a deal that is {state} cannot take the command `{command}`")]
    WrongState { state: DealState, command: &'static str },
    #[error("a milestone that is {state} cannot take the command `{command}`")]
    WrongMilestoneState { state: MilestoneState, command: &'static str },
    #[error("the deal has no such milestone")]
    UnknownMilestone,
    #[error("the deadline for this was {due_at}")]
    TooLate { due_at: DateTime<Utc> },
    #[error("the deadline is only at {due_at}")]
    TooEarly { due_at: DateTime<Utc> },
    #[error("you have asked for this already; the other party has to agree")]
    AlreadyAsked,
    #[error("this person can pay for the deal already")]
    AlreadyPayer,
    #[error("this milestone is delivered with another proof: {wanted}")]
    ProofWanted { wanted: Proof },
    #[error(
        "a milestone is sent back at most {} times; open a dispute instead",
        super::decide::REWORKS_MAX
    )]
    TooManyReworks,
    #[error("the other side makes no such offer")]
    NoSuchOffer,
    #[error("the shares do not fit what is in escrow for the milestone")]
    Share,
    #[error("the dispute has not been answered yet")]
    NotAnswered,
    #[error("another arbiter has to look at this award")]
    OwnAward,
    #[error("a dispute has at most {} files as evidence", super::EVIDENCE_MAX)]
    TooMuchEvidence,
    #[error("at most {} files are handed in for a milestone", super::DELIVERY_FILES_MAX)]
    TooManyFiles,
    #[error("this is not the code that the buyer has for this delivery")]
    HandOverWrong,
    #[error("the hand-over code was tried too often; wait a little")]
    HandOverTooMany { wait: TimeDelta },
    #[error("this deadline cannot be moved, or not to that moment")]
    NotExtensible,
    #[error("at most {} people pay for one deal", super::PAYERS_MAX)]
    TooManyPayers,
    #[error(
        "only {outstanding} is outstanding: pay at most that, or say with `allow_more` that the rest is for your wallet"
    )]
    MoreThanOutstanding { outstanding: Money },
    #[error("no provider carries {0} here: expected one of {carried}", carried = carried())]
    CurrencyNotCarried(Currency),
    #[error("buyer, seller and broker must be different people")]
    SameParty,
    #[error("a broker gets at most {} hundredths of a percent", super::COMMISSION_BPS_MAX)]
    Commission,
    #[error("a title has 1 to {} characters", super::TITLE_CHARS_MAX)]
    Title,
    #[error("a description has at most {} characters", super::DESCRIPTION_CHARS_MAX)]
    Description,
    #[error(
        "a milestone has at most {} items, and together they cost what it costs",
        super::ITEMS_MAX
    )]
    Items,
    #[error("a deal has 1 to {} milestones", super::MILESTONES_MAX)]
    MilestoneCount,
    #[error("a period must be between one minute and one year")]
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
