//! A dispute about one milestone: what was said so far, as far as rules depend on it.

use super::Role;
use crate::id::UserId;
use crate::money::Money;

/// How many files both sides together hand in for one dispute.
pub const EVIDENCE_MAX: i64 = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dispute {
    pub opened_by: Role,
    pub stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The other side is to answer; silence gives the opener what they want.
    Opened,
    /// An arbiter is to decide; silence divides the milestone in halves.
    Answered,
    /// One arbiter has decided, another looks again; silence lets the award stand.
    Awarded { award: Award, by: UserId },
}

/// How an arbiter divides a milestone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Award {
    /// Of the milestone's amount; fees come out of it.
    pub to_seller: Money,
    /// Whether the platform and the broker go without their part.
    pub fees_waived: bool,
    /// What the arbitration costs, out of the share of the side that bears it.
    pub costs: Option<Costs>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Costs {
    pub amount: Money,
    pub borne_by: Role,
}

impl Award {
    /// So much for the seller, with fees in proportion and no costs.
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
