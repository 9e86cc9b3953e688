//! Negotiation before the agreement: offers, counter-offers, joining, accepting.

use super::{after, changed, in_time};
use crate::deal::draft::{distinct, offered};
use crate::deal::{Deal, DealState, Decision, Event, Offer, Refusal, Role};
use crate::id::UserId;
use chrono::{DateTime, Utc};

pub(super) fn join(deal: &Deal, user: UserId) -> Result<Decision, Refusal> {
    let mut next = deal.clone();
    let role = match (deal.buyer, deal.seller) {
        (None, _) => Role::Buyer,
        (_, None) => Role::Seller,
        (Some(_), Some(_)) => return Err(Refusal::AlreadyJoined),
    };
    match role {
        Role::Buyer => next.buyer = Some(user),
        Role::Seller => next.seller = Some(user),
    }
    distinct(&next)?;
    Ok(changed(next, Event::Joined(role)))
}

pub(super) fn propose(deal: &Deal, now: DateTime<Utc>) -> Result<Decision, Refusal> {
    let due_at = after(now, deal.terms.acceptance)?;
    let next = Deal { state: DealState::Proposed, due_at: Some(due_at), ..deal.clone() };
    Ok(changed(next, Event::Proposed))
}

/// Replaces the offer of a draft, which the other party has not seen yet.
pub(super) fn rewrite(deal: &Deal, offer: &Offer) -> Result<Decision, Refusal> {
    let next = offered(deal, offer.clone(), deal.offered_by)?;
    Ok(changed(next.clone(), Event::Countered(next.revision)))
}

/// Replaces the current offer. Either party may do so.
pub(super) fn counter(
    deal: &Deal,
    offer: &Offer,
    role: Option<Role>,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    in_time(deal.due_at, now)?;
    let by = role.unwrap_or(deal.offered_by);
    let offered = offered(deal, offer.clone(), by)?;
    let next = Deal { due_at: Some(after(now, offered.terms.acceptance)?), ..offered };
    Ok(changed(next.clone(), Event::Countered(next.revision)))
}

/// Accepts the current offer. The revision is checked, so that a party never accepts an offer that it has not seen.
pub(super) fn agree(deal: &Deal, revision: u32, now: DateTime<Utc>) -> Result<Decision, Refusal> {
    in_time(deal.due_at, now)?;
    if revision != deal.revision {
        return Err(Refusal::RevisionMismatch { current: deal.revision });
    }
    deal.joined(Role::Buyer)?;
    deal.joined(Role::Seller)?;
    let due_at = after(now, deal.terms.funding)?;
    let next = Deal { state: DealState::Agreed, due_at: Some(due_at), ..deal.clone() };
    Ok(changed(next, Event::Agreed(revision)))
}
