//! What a command leads to: a decision, which is data, or a refusal.

use super::{Deal, DealState, MilestoneState, Role, Timer};
use crate::fee::FeeError;
use crate::id::MilestoneId;
use crate::ledger::{Entry, LedgerError};
use crate::money::MoneyError;
use chrono::{DateTime, Utc};
use thiserror::Error;

/// Everything an accepted command changes. Written in one transaction, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub deal: Deal,
    pub entries: Vec<Entry>,
    pub events: Vec<Event>,
    pub timers: Vec<(Timer, DateTime<Utc>)>,
}

/// What happened, as the timeline tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Created,
    Proposed,
    Agreed,
    Funded,
    MilestoneDelivered(MilestoneId),
    MilestoneReleased(MilestoneId),
    MilestoneRefunded(MilestoneId),
    CancelAsked(Role),
    Cancelled,
    Expired,
    /// Nothing is open any more.
    Completed,
}

impl Event {
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Event::Created => "deal.created",
            Event::Proposed => "deal.proposed",
            Event::Agreed => "deal.agreed",
            Event::Funded => "deal.funded",
            Event::MilestoneDelivered(_) => "milestone.delivered",
            Event::MilestoneReleased(_) => "milestone.released",
            Event::MilestoneRefunded(_) => "milestone.refunded",
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
            | Event::MilestoneReleased(id)
            | Event::MilestoneRefunded(id) => Some(*id),
            Event::Created
            | Event::Proposed
            | Event::Agreed
            | Event::Funded
            | Event::CancelAsked(_)
            | Event::Cancelled
            | Event::Expired
            | Event::Completed => None,
        }
    }
}

/// Why a command changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("this is for the {wanted} of the deal to do")]
    WrongParty { wanted: Role },
    #[error("the party that proposed the deal cannot also accept it")]
    OwnProposal,
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
    #[error("buyer and seller must be two different people")]
    SameParty,
    #[error("a title has 1 to {} characters", super::TITLE_CHARS_MAX)]
    Title,
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
