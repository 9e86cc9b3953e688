//! An independent table of permissions, by the names of the users. The domain's own table is compared with it.

use crate::cast::{AMINA, FARIDA, JUMA, KAMAU, ZURI};
use amana_domain::deal::{Actor, Command, Deal, DealState, Dispute, Role, Stage};
use amana_domain::id::MilestoneId;

/// Returns whether the actor has permission for the command, regardless of the state.
#[must_use]
pub fn may(deal: &Deal, command: &Command, actor: Actor) -> bool {
    let buyer = actor == Actor::User(AMINA);
    let seller = actor == Actor::User(JUMA);
    let is = |role: Role| match role {
        Role::Buyer => buyer,
        Role::Seller => seller,
    };
    match command {
        // Users cannot join or expire a deadline by a command.
        Command::Join(_) | Command::Expire(_) => actor == Actor::System,
        Command::Propose => is(deal.offered_by),
        Command::Counter(_) if deal.state == DealState::Draft => is(deal.offered_by),
        // A party cannot accept its own offer or split, or agree to its own request.
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
        // Commands at the buyer's cost belong to the buyer, commands at the seller's cost to the seller.
        Command::AddPayer(_) | Command::Reject(_) | Command::Release(_) => buyer,
        Command::Deliver { .. } | Command::Refund(_) => seller,
        // Users pay only their own money, and only if they are the buyer or an additional payer.
        Command::Fund { payer, .. } => {
            let named = *payer == ZURI && deal.payers.iter().any(|known| known.user == ZURI);
            let own = actor == Actor::User(*payer) || actor == Actor::System;
            own && (*payer == AMINA || named)
        }
        // Arbiters must not participate in the deal, and the second arbiter must differ from the first.
        Command::Award { milestone, .. } => {
            let first = dispute(deal, *milestone).and_then(|dispute| match dispute.stage {
                Stage::Awarded { by, .. } => Some(by),
                Stage::Opened | Stage::Answered => None,
            });
            // Zuri is also an arbiter, and may decide as long as she is not a payer.
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
