//! The permission table of deal commands. Only `decide` reads it.

use crate::deal::{Actor, Command, Deal, Refusal, Role};
use crate::id::UserId;

/// The actor that a command requires.
enum Right {
    Only(Role),
    /// The side that did not make the current offer.
    Counterparty,
    /// The side that made the current offer.
    Offerer,
    EitherParty,
    /// A timer, or an event from outside.
    System,
    /// The payer themselves, or the system when their payment has arrived.
    Payer(UserId),
    /// An operator who is not a participant of the deal.
    Arbiter,
}

const fn right(deal: &Deal, command: &Command) -> Right {
    match command {
        Command::Join(_) | Command::Expire(_) => Right::System,
        Command::Propose => Right::Offerer,
        Command::Counter(_) if matches!(deal.state, crate::deal::DealState::Draft) => {
            Right::Offerer
        }
        Command::Agree(_) => Right::Counterparty,
        Command::AddPayer(_) | Command::Reject(_) | Command::Release(_) => Right::Only(Role::Buyer),
        Command::Fund { payer, .. } => Right::Payer(*payer),
        Command::Deliver { .. } | Command::Refund(_) => Right::Only(Role::Seller),
        Command::Counter(_)
        | Command::OfferSplit { .. }
        | Command::AcceptSplit { .. }
        | Command::Dispute(_)
        | Command::Answer(_)
        | Command::Extend { .. }
        | Command::Cancel
        | Command::MutualCancel => Right::EitherParty,
        Command::Award { .. } => Right::Arbiter,
    }
}

/// Checks the permission of `actor` and returns the side that it acts for, if any.
///
/// # Errors
/// [`Refusal::WrongParty`], [`Refusal::OwnProposal`], [`Refusal::NotPayer`] or [`Refusal::NotArbiter`].
pub fn permit(deal: &Deal, actor: Actor, command: &Command) -> Result<Option<Role>, Refusal> {
    let role = match actor {
        Actor::User(user) => deal.role_of(user),
        Actor::System | Actor::Arbiter(_) => None,
    };
    let (wanted, holds) = match right(deal, command) {
        Right::Only(wanted) => (wanted, role == Some(wanted)),
        Right::Offerer => (deal.offered_by, role == Some(deal.offered_by)),
        Right::Counterparty if role == Some(deal.offered_by) => return Err(Refusal::OwnProposal),
        Right::Counterparty => (deal.offered_by.other(), role == Some(deal.offered_by.other())),
        Right::EitherParty => (deal.offered_by, role.is_some()),
        Right::System => (deal.offered_by, actor == Actor::System),
        Right::Payer(payer) => {
            let own = actor == Actor::User(payer) || actor == Actor::System;
            return if own && deal.may_pay(payer) { Ok(role) } else { Err(Refusal::NotPayer) };
        }
        Right::Arbiter => {
            let stranger = matches!(actor, Actor::Arbiter(user) if !deal.concerns(user));
            return if stranger { Ok(None) } else { Err(Refusal::NotArbiter) };
        }
    };
    if holds { Ok(role) } else { Err(Refusal::WrongParty { wanted }) }
}
