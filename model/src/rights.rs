//! Who may do what, said by intent and by the names of the people: what the product's own table is compared with.

use crate::cast::{AMINA, FARIDA, JUMA, KAMAU, ZURI};
use amana_domain::deal::{Actor, Command, Deal, DealState, Dispute, Role, Stage};
use amana_domain::id::MilestoneId;

/// Whether it is the actor's to do. That it is possible just now is another question.
#[must_use]
pub fn may(deal: &Deal, command: &Command, actor: Actor) -> bool {
    let buyer = actor == Actor::User(AMINA);
    let seller = actor == Actor::User(JUMA);
    let is = |role: Role| match role {
        Role::Buyer => buyer,
        Role::Seller => seller,
    };
    match command {
        // Nobody joins or lets a deadline pass by saying so.
        Command::Join(_) | Command::Expire(_) => actor == Actor::System,
        Command::Propose => is(deal.offered_by),
        Command::Counter(_) if deal.state == DealState::Draft => is(deal.offered_by),
        // Nobody signs an offer of their own, nor takes what they offered, nor consents to themselves.
        Command::Agree(_) => is(deal.offered_by.other()),
        Command::AcceptSplit { milestone, to_seller } => {
            let offered = |by: Role| {
                let mut milestones = deal.milestones.iter().filter(|m| m.id == *milestone);
                milestones.any(|m| m.offers.of(by) == Some(*to_seller))
            };
            (buyer && offered(Role::Seller)) || (seller && offered(Role::Buyer))
        }
        Command::MutualCancel => (buyer || seller) && !deal.cancel_asked_by.is_some_and(is),
        Command::Answer(id) => {
            (buyer || seller) && !dispute(deal, *id).is_some_and(|d| is(d.opened_by))
        }
        Command::Counter(_)
        | Command::OfferSplit { .. }
        | Command::Dispute(_)
        | Command::Extend { .. }
        | Command::Cancel => buyer || seller,
        // What costs the buyer something is the buyer's, what costs the seller something the seller's.
        Command::AddPayer(_) | Command::Reject(_) | Command::Release(_) => buyer,
        Command::Deliver { .. } | Command::Refund(_) => seller,
        // Only one's own money, and only if one is asked to pay.
        Command::Fund { payer, .. } => {
            let named = *payer == ZURI && deal.payers.iter().any(|known| known.user == ZURI);
            let own = actor == Actor::User(*payer) || actor == Actor::System;
            own && (*payer == AMINA || named)
        }
        // Who works here and has no part in it; and not twice the same.
        Command::Award { milestone, .. } => {
            let first = dispute(deal, *milestone).and_then(|dispute| match dispute.stage {
                Stage::Awarded { by, .. } => Some(by),
                Stage::Opened | Stage::Answered => None,
            });
            // Zuri works here, too, and may judge as long as she does not pay.
            let paying = deal.payers.iter().any(|known| known.user == ZURI);
            let arbiters = [Some(FARIDA), Some(KAMAU), (!paying).then_some(ZURI)];
            arbiters.into_iter().flatten().any(|arbiter| {
                actor == Actor::Arbiter(arbiter) && first.is_none_or(|by| by != arbiter)
            })
        }
    }
}

fn dispute(deal: &Deal, id: MilestoneId) -> Option<Dispute> {
    deal.milestone(id)?.dispute
}
