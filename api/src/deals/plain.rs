//! How a deal stands, in plain English.

use crate::payments::payment_text;
use amana_domain::deal::{DealState, Role};
use amana_domain::payment::State;
use amana_postgres::DealView;

pub(super) fn deal_text(view: &DealView) -> String {
    let deal = &view.deal;
    let name = |role: Role| match role {
        Role::Buyer => view.side(role).map_or("the buyer", |person| person.name.as_str()),
        Role::Seller => view.side(role).map_or("the seller", |person| person.name.as_str()),
    };
    if let Some(asked) = deal.cancel_asked_by.filter(|_| is_funded(deal.state)) {
        let other = name(asked.other());
        return format!("{} asks to call the deal off; {other} has to agree.", name(asked));
    }
    match deal.state {
        DealState::Draft => format!("A draft; {} has not proposed it yet.", name(deal.offered_by)),
        DealState::Proposed => {
            format!("Proposed; waits for {} to agree.", name(deal.offered_by.other()))
        }
        DealState::Agreed => agreed(view),
        DealState::Funded => format!("Paid into escrow; {} is to deliver.", name(Role::Seller)),
        DealState::Delivered => {
            format!("Delivered; waits for {} to release the money.", name(Role::Buyer))
        }
        DealState::Disputed => {
            "Disputed; what is disputed is locked until it is settled.".to_owned()
        }
        DealState::Released => "Completed; the seller has been paid.".to_owned(),
        DealState::Refunded => "Over; whoever paid has the money back.".to_owned(),
        DealState::Cancelled => "Called off before it was paid.".to_owned(),
        DealState::Expired => "Over; a deadline passed before it was paid.".to_owned(),
    }
}

const fn is_funded(state: DealState) -> bool {
    matches!(state, DealState::Funded | DealState::Delivered | DealState::Disputed)
}

/// What is to be said of an agreed deal is how paying for it goes.
fn agreed(view: &DealView) -> String {
    let buyer = view.side(Role::Buyer).map_or("the buyer", |person| person.name.as_str());
    let paid = view.deal.paid().ok().filter(|paid| !paid.is_zero());
    match (view.newest_payment(), paid.zip(view.deal.outstanding().ok())) {
        (Some(payment), None) if payment.state != State::Succeeded => payment_text(payment),
        (Some(payment), Some(_)) if !payment.state.is_final() => payment_text(payment),
        (_, Some((paid, left))) => format!("{paid} has been paid; {left} is still to be paid."),
        (Some(_), None) => format!(
            "The payment has arrived in {}'s wallet, but not in the deal; it can be paid from there.",
            buyer
        ),
        (None, None) => format!("Agreed; waits for {buyer} to pay."),
    }
}
