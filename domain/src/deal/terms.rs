//! How long each side has, and what their silence means.

use super::{Role, Timer};
use chrono::TimeDelta;

/// What silence leads to is part of the terms and cannot be changed by the parties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Terms {
    pub acceptance: TimeDelta,
    pub funding: TimeDelta,
    pub inspection: TimeDelta,
    /// To deliver again what the buyer has sent back.
    pub rework: TimeDelta,
    /// To answer a dispute.
    pub answer: TimeDelta,
    /// For an arbiter to decide, and again for a second one to look.
    pub award: TimeDelta,
}

impl Terms {
    /// What applies where nothing else is said.
    #[must_use]
    pub const fn usual() -> Self {
        Self {
            acceptance: TimeDelta::hours(72),
            funding: TimeDelta::hours(72),
            inspection: TimeDelta::hours(72),
            rework: TimeDelta::hours(72),
            answer: TimeDelta::hours(72),
            award: TimeDelta::days(7),
        }
    }

    pub fn periods(&self) -> impl Iterator<Item = TimeDelta> {
        let Self { acceptance, funding, inspection, rework, answer, award } = *self;
        [acceptance, funding, inspection, rework, answer, award].into_iter()
    }
}

/// What silence until a deadline leads to, as the terms print it; for an answer it depends on who asked.
#[must_use]
pub const fn declared_outcome(timer: Timer, opened_by: Option<Role>) -> &'static str {
    match (timer, opened_by) {
        (Timer::Acceptance, _) => "deal_expires",
        (Timer::Funding, _) => "deal_expires_and_payments_return",
        (Timer::Delivery(_), _) => "buyer_refunded",
        (Timer::Inspection(_), _) => "seller_paid",
        (Timer::Answer(_), Some(Role::Buyer)) => "buyer_refunded",
        (Timer::Answer(_), Some(Role::Seller)) => "seller_paid",
        (Timer::Answer(_), None) => "opener_prevails",
        (Timer::Award(_), _) => "standing_award_or_halves",
    }
}
