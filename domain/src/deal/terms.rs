//! Periods of a deal, and the default outcome of each deadline.

use super::{Role, Timer};
use crate::text_enum;
use chrono::TimeDelta;

/// The periods that the parties agree on. They cannot change the default outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Terms {
    pub acceptance: TimeDelta,
    pub funding: TimeDelta,
    pub inspection: TimeDelta,
    /// Time to deliver again after a rejected delivery.
    pub rework: TimeDelta,
    /// Time to answer a dispute.
    pub answer: TimeDelta,
    /// Time for an arbiter to decide, and again for a second arbiter to confirm.
    pub award: TimeDelta,
}

impl Terms {
    /// Returns the default periods.
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
    /// The default outcome of a deadline that passes without action.
    pub enum Silence as "default outcome" {
        DealExpires = "deal_expires",
        PaymentsReturn = "deal_expires_and_payments_refunded",
        BuyerRefunded = "buyer_refunded",
        SellerPaid = "seller_paid",
        /// The party that opened an unanswered dispute gets the money.
        OpenerPrevails = "opener_prevails",
        Award = "proposed_award_or_equal_split",
    }
}

/// Returns the default outcome of a deadline. For an unanswered dispute it depends on the party that opened it.
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
