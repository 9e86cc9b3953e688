//! The state of a dispute about one milestone, as far as rules depend on it.

use super::Role;
use crate::id::UserId;
use crate::money::Money;

/// Maximum number of evidence files per dispute, of both parties together.
pub const EVIDENCE_MAX: i64 = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dispute {
    pub opened_by: Role,
    pub stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The other party has to answer. Without an answer, the opener gets the money.
    Opened,
    /// An arbiter has to decide. Without a decision, the milestone is divided in halves.
    Answered,
    /// A second arbiter has to confirm the award. Without a decision, the award takes effect.
    Awarded { award: Award, by: UserId },
}

/// An arbiter's division of a milestone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Award {
    /// The seller's share of the milestone's amount, before fees.
    pub to_seller: Money,
    /// Whether platform fee, broker's commission and provider costs are waived.
    pub fees_waived: bool,
    /// Costs of the arbitration, taken from the share of the party that bears them.
    pub costs: Option<Costs>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Costs {
    pub amount: Money,
    pub borne_by: Role,
}

impl Award {
    /// Returns an award with fees in proportion to the seller's share, and without costs.
    #[must_use]
    pub const fn plain(to_seller: Money) -> Self {
        Self { to_seller, fees_waived: false, costs: None }
    }
}

impl Dispute {
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        match self.stage {
            Stage::Opened => false,
            Stage::Answered | Stage::Awarded { .. } => true,
        }
    }
}
