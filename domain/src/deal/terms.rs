//! How long each side has, and what their silence means.

use super::{Role, Timer};
use crate::text_enum;
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

text_enum! {
    /// What silence until a deadline leads to.
    pub enum Silence as "outcome of silence" {
        DealExpires = "deal_expires",
        PaymentsReturn = "deal_expires_and_payments_return",
        BuyerRefunded = "buyer_refunded",
        SellerPaid = "seller_paid",
        /// Of a dispute that was not answered: whoever opened it has their way.
        OpenerPrevails = "opener_prevails",
        Award = "standing_award_or_halves",
    }
}

/// What silence leads to, as the terms print it; for an answer it depends on who asked.
#[must_use]
pub const fn declared_outcome(timer: Timer, opened_by: Option<Role>) -> Silence {
    match (timer, opened_by) {
        (Timer::Acceptance, _) => Silence::DealExpires,
        (Timer::Funding, _) => Silence::PaymentsReturn,
        (Timer::Delivery(_), _) | (Timer::Answer(_), Some(Role::Buyer)) => Silence::BuyerRefunded,
        (Timer::Inspection(_), _) | (Timer::Answer(_), Some(Role::Seller)) => Silence::SellerPaid,
        (Timer::Answer(_), None) => Silence::OpenerPrevails,
        (Timer::Award(_), _) => Silence::Award,
    }
}
