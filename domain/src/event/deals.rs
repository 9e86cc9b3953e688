//! Events about a deal, its milestones and its disputes. The subject is the deal.

use super::kinds::event_kinds;
use crate::deal::{
    Award, Costs, DeadlineName, Deal, DealState, Event as DealChange, MilestoneState, Role,
};
use crate::id::{DocumentId, MilestoneId, UserId};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// States around a change of a deal. `before` and `state` are those before and after the whole decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct States {
    /// Absent for a deal that was just created.
    pub before: Option<DealState>,
    pub state: DealState,
    /// The words of the user who made the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milestone: Option<MilestoneStates>,
}

/// States of the milestone that an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MilestoneStates {
    pub before: Option<MilestoneState>,
    pub after: Option<MilestoneState>,
}

/// Costs of an arbitration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CostShare {
    pub minor: i64,
    pub borne_by: Role,
}

impl From<Costs> for CostShare {
    fn from(costs: Costs) -> Self {
        Self { minor: costs.amount.minor(), borne_by: costs.borne_by }
    }
}

event_kinds! {
    /// Events about a deal.
    DealEvent {
        Created = "deal.created" for Parties {
            #[serde(flatten)]
            states: States,
        }
        Joined = "deal.joined" for Parties {
            by: Role,
            #[serde(flatten)]
            states: States,
        }
        Proposed = "deal.proposed" for Parties {
            #[serde(flatten)]
            states: States,
        }
        /// A party made another offer.
        Countered = "deal.countered" for Parties {
            revision: u32,
            #[serde(flatten)]
            states: States,
        }
        Agreed = "deal.agreed" for Parties {
            revision: u32,
            #[serde(flatten)]
            states: States,
        }
        /// The buyer let another user pay for the deal.
        PayerAdded = "deal.payer_added" for Parties {
            payer_id: UserId,
            #[serde(flatten)]
            states: States,
        }
        /// A part of the price, or all of it, went into escrow.
        Paid = "deal.paid" for Parties {
            payer_id: UserId,
            amount_minor: i64,
            #[serde(flatten)]
            states: States,
        }
        /// The deal was never funded; the payment went back.
        PaymentReturned = "deal.payment_returned" for Parties {
            payer_id: UserId,
            amount_minor: i64,
            #[serde(flatten)]
            states: States,
        }
        Funded = "deal.funded" for Parties {
            #[serde(flatten)]
            states: States,
        }
        ExtensionRequested = "deal.extension_requested" for Parties {
            by: Role,
            deadline: DeadlineName,
            until: DateTime<Utc>,
            #[serde(flatten)]
            states: States,
        }
        Extended = "deal.extended" for Parties {
            deadline: DeadlineName,
            until: DateTime<Utc>,
            #[serde(flatten)]
            states: States,
        }
        CancellationRequested = "deal.cancellation_requested" for Parties {
            by: Role,
            #[serde(flatten)]
            states: States,
        }
        Cancelled = "deal.cancelled" for Parties {
            #[serde(flatten)]
            states: States,
        }
        Expired = "deal.expired" for Parties {
            #[serde(flatten)]
            states: States,
        }
        Completed = "deal.completed" for Parties {
            #[serde(flatten)]
            states: States,
        }
        /// The invitation of the other party was sent again.
        InvitationResent = "deal.invitation_resent" for Parties {
            generation: i16,
        }
        MilestoneDelivered = "milestone.delivered" for Parties {
            #[serde(flatten)]
            states: States,
        }
        MilestoneRejected = "milestone.rejected" for Parties {
            #[serde(flatten)]
            states: States,
        }
        MilestoneReleased = "milestone.released" for Parties {
            #[serde(flatten)]
            states: States,
        }
        MilestoneRefunded = "milestone.refunded" for Parties {
            #[serde(flatten)]
            states: States,
        }
        MilestoneSplit = "milestone.split" for Parties {
            to_seller_minor: i64,
            to_buyer_minor: i64,
            #[serde(flatten)]
            states: States,
        }
        SplitOffered = "milestone.split_offered" for Parties {
            by: Role,
            to_seller_minor: i64,
            #[serde(flatten)]
            states: States,
        }
        /// A file was added to a delivery.
        FileAdded = "milestone.file_added" for Parties {
            document: DocumentId,
            sha256: String,
        }
        DisputeOpened = "dispute.opened" for Parties {
            by: Role,
            #[serde(flatten)]
            states: States,
        }
        DisputeAnswered = "dispute.answered" for Parties {
            #[serde(flatten)]
            states: States,
        }
        /// A file was added to a dispute as evidence.
        EvidenceAdded = "dispute.evidence_added" for Parties {
            document: DocumentId,
            sha256: String,
        }
        /// An arbiter proposed an award; a second arbiter has to confirm it.
        AwardProposed = "dispute.award_proposed" for Staff {
            to_seller_minor: i64,
            fees_waived: bool,
            costs: Option<CostShare>,
            #[serde(flatten)]
            states: States,
        }
        Awarded = "dispute.awarded" for Parties {
            to_seller_minor: i64,
            fees_waived: bool,
            costs: Option<CostShare>,
            #[serde(flatten)]
            states: States,
        }
    }
}

impl DealEvent {
    /// Returns the event that tells one change of a decision.
    #[must_use]
    pub fn of(change: &DealChange, (before, after): (&Deal, &Deal), reason: Option<&str>) -> Self {
        let states = states(change, (before, after), reason);
        let minor = |award: &Award| award.to_seller.minor();
        match change {
            DealChange::Created => Self::Created { states },
            DealChange::Joined(role) => Self::Joined { by: *role, states },
            DealChange::Proposed => Self::Proposed { states },
            DealChange::Countered(revision) => Self::Countered { revision: *revision, states },
            DealChange::Agreed(revision) => Self::Agreed { revision: *revision, states },
            DealChange::PayerAdded(payer) => Self::PayerAdded { payer_id: *payer, states },
            DealChange::Paid { payer, amount } => {
                Self::Paid { payer_id: *payer, amount_minor: amount.minor(), states }
            }
            DealChange::PaymentReturned { payer, amount } => {
                Self::PaymentReturned { payer_id: *payer, amount_minor: amount.minor(), states }
            }
            DealChange::Funded => Self::Funded { states },
            DealChange::MilestoneDelivered(_) => Self::MilestoneDelivered { states },
            DealChange::MilestoneRejected(_) => Self::MilestoneRejected { states },
            DealChange::MilestoneReleased(_) => Self::MilestoneReleased { states },
            DealChange::MilestoneRefunded(_) => Self::MilestoneRefunded { states },
            DealChange::MilestoneSplit { to_seller, to_buyer, .. } => Self::MilestoneSplit {
                to_seller_minor: to_seller.minor(),
                to_buyer_minor: to_buyer.minor(),
                states,
            },
            DealChange::SplitOffered { by, to_seller, .. } => {
                Self::SplitOffered { by: *by, to_seller_minor: to_seller.minor(), states }
            }
            DealChange::DisputeOpened { by, .. } => Self::DisputeOpened { by: *by, states },
            DealChange::DisputeAnswered(_) => Self::DisputeAnswered { states },
            DealChange::AwardProposed { award, .. } => Self::AwardProposed {
                to_seller_minor: minor(award),
                fees_waived: award.fees_waived,
                costs: award.costs.map(CostShare::from),
                states,
            },
            DealChange::Awarded { award, .. } => Self::Awarded {
                to_seller_minor: minor(award),
                fees_waived: award.fees_waived,
                costs: award.costs.map(CostShare::from),
                states,
            },
            DealChange::ExtensionRequested { by, timer, until } => {
                Self::ExtensionRequested { by: *by, deadline: timer.name(), until: *until, states }
            }
            DealChange::Extended { timer, until } => {
                Self::Extended { deadline: timer.name(), until: *until, states }
            }
            DealChange::CancellationRequested(role) => {
                Self::CancellationRequested { by: *role, states }
            }
            DealChange::Cancelled => Self::Cancelled { states },
            DealChange::Expired => Self::Expired { states },
            DealChange::Completed => Self::Completed { states },
        }
    }
}

fn states(change: &DealChange, (before, after): (&Deal, &Deal), reason: Option<&str>) -> States {
    let milestone = change.milestone().map(|id: MilestoneId| {
        let state = |deal: &Deal| deal.milestone(id).map(|milestone| milestone.state);
        MilestoneStates { before: state(before), after: state(after) }
    });
    States {
        before: (!matches!(change, DealChange::Created)).then_some(before.state),
        state: after.state,
        reason: reason.map(str::to_owned),
        milestone,
    }
}
