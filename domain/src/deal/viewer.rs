//! Visibility of event data in a deal's timeline: an allow-list of members per event and kind of viewer.

use super::{AWARD_PROPOSED, Deal};
use crate::id::UserId;

/// The role in which a user reads a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// The buyer or the seller.
    Side,
    /// An additional payer.
    Payer,
    Broker,
    /// A member of the organisation that the deal belongs to.
    Member,
    Arbiter,
}

impl Viewer {
    pub const ALL: [Self; 5] = [Self::Side, Self::Payer, Self::Broker, Self::Member, Self::Arbiter];

    /// Returns the role in which a user reads a deal. The caller has checked that the user may read it; a user who is
    /// not a participant reads it as a member of its organisation.
    #[must_use]
    pub fn of(deal: &Deal, user: UserId) -> Self {
        if deal.role_of(user).is_some() {
            Self::Side
        } else if deal.broker.is_some_and(|broker| broker.user == user) {
            Self::Broker
        } else if deal.concerns(user) {
            Self::Payer
        } else {
            Self::Member
        }
    }
}

/// Members that every viewer sees in every event.
const STATES: [&str; 3] = ["state", "before", "milestone"];

/// Visible members besides [`STATES`]: for every viewer, for the parties and arbiters, and for arbiters only.
struct Lists(&'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// Returns whether a viewer may see a member of an event's data.
#[must_use]
pub fn may_see(viewer: Viewer, event: &str, member: &str) -> bool {
    let Lists(all, sides, arbiters) = lists(event);
    let listed = match viewer {
        Viewer::Payer | Viewer::Broker | Viewer::Member => [all, &[], &[]],
        Viewer::Side => [all, sides, &[]],
        Viewer::Arbiter => [all, sides, arbiters],
    };
    STATES.contains(&member) || listed.iter().any(|list| list.contains(&member))
}

/// Reasons and documents are visible to the parties only; movements of money are visible to every viewer.
fn lists(event: &str) -> Lists {
    match event {
        "deal.joined" | "deal.cancellation_requested" => Lists(&["by"], &["reason"], &[]),
        "deal.countered" | "deal.agreed" => Lists(&["revision"], &["reason"], &[]),
        "deal.payer_added" => Lists(&["payer_id"], &["reason"], &[]),
        "deal.paid" | "deal.payment_returned" => {
            Lists(&["payer_id", "amount_minor"], &["reason"], &[])
        }
        "milestone.split" => Lists(&["to_seller_minor", "to_buyer_minor"], &["reason"], &[]),
        "milestone.split_offered" => Lists(&["by"], &["to_seller_minor", "reason"], &[]),
        "deal.extension_requested" => Lists(&["by", "deadline", "until"], &["reason"], &[]),
        "deal.extended" => Lists(&["deadline", "until"], &["reason"], &[]),
        "dispute.opened" => Lists(&["by"], &["reason"], &[]),
        "dispute.awarded" => {
            Lists(&[], &["to_seller_minor", "fees_waived", "costs", "reason"], &[])
        }
        "milestone.file_added" | "dispute.evidence_added" => {
            Lists(&[], &["document", "sha256"], &[])
        }
        AWARD_PROPOSED => Lists(&[], &[], &["to_seller_minor", "fees_waived", "costs", "reason"]),
        "payment.requested"
        | "payment.prompted"
        | "payment.confirming"
        | "payment.succeeded"
        | "payment.failed"
        | "payment.unknown"
        | "payment.review"
        | "payment.kept_in_wallet" => Lists(&["payment_id", "reason"], &["receipt"], &[]),
        "milestone.delivered"
        | "milestone.rejected"
        | "milestone.released"
        | "milestone.refunded"
        | "dispute.answered"
        | "deal.created"
        | "deal.proposed"
        | "deal.funded"
        | "deal.cancelled"
        | "deal.expired"
        | "deal.completed" => Lists(&[], &["reason"], &[]),
        _ => Lists(&[], &[], &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every event that the store writes to a timeline.
    const EVENTS: [&str; 34] = [
        "deal.created",
        "deal.joined",
        "deal.proposed",
        "deal.countered",
        "deal.agreed",
        "deal.payer_added",
        "deal.paid",
        "deal.payment_returned",
        "deal.funded",
        "deal.extension_requested",
        "deal.extended",
        "deal.cancellation_requested",
        "deal.cancelled",
        "deal.expired",
        "deal.completed",
        "milestone.delivered",
        "milestone.rejected",
        "milestone.released",
        "milestone.refunded",
        "milestone.split",
        "milestone.split_offered",
        "milestone.file_added",
        "dispute.opened",
        "dispute.answered",
        "dispute.award_proposed",
        "dispute.awarded",
        "dispute.evidence_added",
        "payment.requested",
        "payment.prompted",
        "payment.succeeded",
        "payment.failed",
        "payment.unknown",
        "payment.review",
        "payment.kept_in_wallet",
    ];

    #[test]
    fn words_of_a_dispute_are_for_the_sides_and_arbiters() {
        for event in EVENTS {
            for viewer in Viewer::ALL {
                let shown = |member| may_see(viewer, event, member);
                assert!(shown("state") && shown("before") && shown("milestone"), "{event}");
                assert!(!shown("surprise"), "{event}");
                let is_side = matches!(viewer, Viewer::Side | Viewer::Arbiter);
                let is_payment = event.starts_with("payment.");
                let words =
                    is_payment || (is_side && event != AWARD_PROPOSED) || viewer == Viewer::Arbiter;
                let told = ["milestone.file_added", "dispute.evidence_added"].contains(&event);
                assert_eq!(shown("reason"), words && !told, "{event} to {viewer:?}");
                assert_eq!(shown("document"), told && is_side, "{event} to {viewer:?}");
                if event.starts_with("dispute.") && !is_side {
                    for member in ["to_seller_minor", "costs", "sha256", "fees_waived"] {
                        assert!(!shown(member), "{event} {member} to {viewer:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_event_that_nobody_has_thought_of_tells_its_states_only() {
        for viewer in Viewer::ALL {
            assert!(!may_see(viewer, "deal.sold", "reason"));
            assert!(may_see(viewer, "deal.sold", "state"));
        }
    }
}
