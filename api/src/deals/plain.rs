//! The status of a deal as a sentence in the caller's language.

mod swahili;

use crate::language::spoken;
use crate::payments::payment_text;
use amana_domain::deal::{DealState, MilestoneState, Role};
use amana_domain::money::Money;
use amana_domain::notice::Locale;
use amana_domain::payment::State;
use amana_postgres::DealView;

pub(super) fn deal_text(view: &DealView) -> String {
    let standing = Standing::of(view);
    match spoken() {
        Locale::English => english(&standing),
        Locale::Swahili => swahili::text(&standing),
    }
}

/// The status of a deal, before translation. A missing name means that the party has not joined yet.
enum Standing<'a> {
    CancellationRequested {
        by: Option<&'a str>,
        other: Option<&'a str>,
    },
    Draft {
        by: Option<&'a str>,
    },
    Invited,
    Proposed {
        to: Option<&'a str>,
    },
    Payment(String),
    PaidInPart {
        paid: Money,
        left: Money,
    },
    InWallet {
        buyer: Option<&'a str>,
    },
    Unpaid {
        buyer: Option<&'a str>,
    },
    Funded {
        seller: Option<&'a str>,
    },
    Delivered {
        buyer: Option<&'a str>,
    },
    Disputed,
    /// All milestones were paid to the seller.
    Released,
    /// Some of the money was refunded.
    Divided,
    Refunded,
    Cancelled,
    NotAccepted,
    NotPaid,
}

impl<'a> Standing<'a> {
    fn of(view: &'a DealView) -> Self {
        let deal = &view.deal;
        let name = |role| view.side(role).map(|person| person.name.as_str());
        if let Some(asked) = deal.cancel_asked_by.filter(|_| is_funded(deal.state)) {
            return Self::CancellationRequested { by: name(asked), other: name(asked.other()) };
        }
        match deal.state {
            DealState::Draft => Self::Draft { by: name(deal.offered_by) },
            DealState::Proposed if !deal.is_complete() => Self::Invited,
            DealState::Proposed => Self::Proposed { to: name(deal.offered_by.other()) },
            DealState::Agreed => agreed(view, name(Role::Buyer)),
            DealState::Funded => Self::Funded { seller: name(Role::Seller) },
            DealState::Delivered => Self::Delivered { buyer: name(Role::Buyer) },
            DealState::Disputed => Self::Disputed,
            DealState::Released if is_all(view, MilestoneState::Released) => Self::Released,
            DealState::Released => Self::Divided,
            DealState::Refunded => Self::Refunded,
            DealState::Cancelled => Self::Cancelled,
            DealState::Expired if view.signatures.len() < BOTH_SIDES => Self::NotAccepted,
            DealState::Expired => Self::NotPaid,
        }
    }
}

const BOTH_SIDES: usize = 2;

fn is_all(view: &DealView, state: MilestoneState) -> bool {
    view.deal.milestones.iter().all(|milestone| milestone.state == state)
}

const fn is_funded(state: DealState) -> bool {
    matches!(state, DealState::Funded | DealState::Delivered | DealState::Disputed)
}

/// Returns the status of an agreed deal, which depends on its payments.
fn agreed<'a>(view: &DealView, buyer: Option<&'a str>) -> Standing<'a> {
    let paid = view.deal.paid().ok().filter(|paid| !paid.is_zero());
    match (view.newest_payment(), paid.zip(view.deal.outstanding().ok())) {
        (Some(payment), None) if payment.state != State::Succeeded => {
            Standing::Payment(payment_text(payment))
        }
        (Some(payment), Some(_)) if !payment.state.is_final() => {
            Standing::Payment(payment_text(payment))
        }
        (_, Some((paid, left))) => Standing::PaidInPart { paid, left },
        (Some(_), None) => Standing::InWallet { buyer },
        (None, None) => Standing::Unpaid { buyer },
    }
}

fn english(standing: &Standing) -> String {
    let buyer = |name: &Option<&str>| name.unwrap_or("the buyer").to_owned();
    let seller = |name: &Option<&str>| name.unwrap_or("the seller").to_owned();
    let one = |name: &Option<&str>| name.unwrap_or("the other party").to_owned();
    match standing {
        Standing::CancellationRequested { by, other } => {
            format!("{} wants to cancel the deal; {} has to agree.", one(by), one(other))
        }
        Standing::Draft { by } => format!("Draft; {} has not proposed it yet.", one(by)),
        Standing::Invited => "Proposed; waiting for the invitee to join.".to_owned(),
        Standing::Proposed { to } => format!("Proposed; waiting for {} to agree.", one(to)),
        Standing::Payment(text) => text.clone(),
        Standing::PaidInPart { paid, left } => {
            format!("{paid} has been paid; {left} is still to be paid.")
        }
        Standing::InWallet { buyer: name } => format!(
            "The payment has arrived in {}'s wallet, but not in the deal; pay the deal from the wallet.",
            buyer(name)
        ),
        Standing::Unpaid { buyer: name } => format!("Agreed; waiting for {} to pay.", buyer(name)),
        Standing::Funded { seller: name } => {
            format!("Paid into escrow; waiting for {} to deliver.", seller(name))
        }
        Standing::Delivered { buyer: name } => {
            format!(
                "Delivered; waiting for {} to release the money or to reject the delivery.",
                buyer(name)
            )
        }
        Standing::Disputed => {
            "Disputed; the disputed money is locked until the dispute is settled.".to_owned()
        }
        Standing::Released => "Completed; the seller has been paid.".to_owned(),
        Standing::Divided => {
            "Completed; part of the money went to the seller, the rest was refunded.".to_owned()
        }
        Standing::Refunded => "Refunded to the payers.".to_owned(),
        Standing::Cancelled => "Cancelled before it was paid.".to_owned(),
        Standing::NotAccepted => "Expired; the offer was not accepted in time.".to_owned(),
        Standing::NotPaid => {
            "Expired; it was not paid in time, and any payment was refunded.".to_owned()
        }
    }
}
