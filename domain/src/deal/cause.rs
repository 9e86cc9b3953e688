//! The cause of a settlement, for the messages about it.

use super::dispute::Stage;
use super::{Actor, Deal, Decision, Event, MilestoneState, Role};
use crate::text_enum;

text_enum! {
    pub enum Cause as "cause" {
        /// The buyer accepted the delivery.
        Buyer = "buyer",
        /// The seller refunded the milestone.
        Seller = "seller",
        /// One party accepted the other party's split offer.
        Agreement = "agreement",
        /// Both parties cancelled the deal.
        CalledOff = "called_off",
        Award = "award",
        /// The buyer did not object to the delivery in time.
        NoObjection = "no_objection",
        NotDelivered = "not_delivered",
        /// The dispute was not answered in time.
        NotAnswered = "not_answered",
        /// No arbiter decided in time.
        NoAward = "no_award",
    }
}

impl Decision {
    /// Returns the cause of a settlement; `None` for events that settle no milestone.
    #[must_use]
    pub fn cause(&self, before: &Deal, event: &Event, actor: Actor) -> Option<Cause> {
        let is_settled = matches!(
            event,
            Event::MilestoneReleased(_)
                | Event::MilestoneRefunded(_)
                | Event::MilestoneSplit { .. }
        );
        let id = event.milestone().filter(|_| is_settled)?;
        let is_award =
            |other: &Event| matches!(other, Event::Awarded { .. }) && other.milestone() == Some(id);
        if self.events.iter().any(is_award) {
            return Some(Cause::Award);
        }
        let milestone = before.milestone(id)?;
        match actor {
            Actor::Arbiter(_) => Some(Cause::Award),
            Actor::User(user) => Some(by_side(before, event, before.role_of(user)?)),
            Actor::System => match milestone.state {
                MilestoneState::Delivered => Some(Cause::NoObjection),
                MilestoneState::Funded => Some(Cause::NotDelivered),
                MilestoneState::Disputed => milestone.dispute.map(|dispute| match dispute.stage {
                    Stage::Opened => Cause::NotAnswered,
                    Stage::Answered | Stage::Awarded { .. } => Cause::NoAward,
                }),
                MilestoneState::Planned
                | MilestoneState::Released
                | MilestoneState::Refunded
                | MilestoneState::Split => None,
            },
        }
    }
}

/// A party can settle a milestone alone only in favour of the other party. All other settlements need both parties.
fn by_side(before: &Deal, event: &Event, role: Role) -> Cause {
    let is_release = matches!(event, Event::MilestoneReleased(_));
    let is_refund = matches!(event, Event::MilestoneRefunded(_));
    let consents = before.cancel_asked_by == Some(role.other());
    match role {
        Role::Buyer if is_release => Cause::Buyer,
        Role::Buyer | Role::Seller if is_refund && consents => Cause::CalledOff,
        Role::Seller if is_refund => Cause::Seller,
        Role::Buyer | Role::Seller => Cause::Agreement,
    }
}
