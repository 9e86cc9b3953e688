//! Who may do what to a deal: one table, read by `decide` and by nothing else.

use crate::deal::{Actor, Command, Deal, Refusal, Role};

/// Which side a command belongs to.
enum Right {
    Only(Role),
    /// The party that did not make the proposal.
    Counterparty,
    Proposer,
    EitherParty,
    /// Timers.
    System,
    /// The party, or money that arrived from the party.
    OnlyOrSystem(Role),
}

const fn right(command: &Command) -> Right {
    match command {
        Command::Propose => Right::Proposer,
        Command::Agree => Right::Counterparty,
        Command::Fund => Right::OnlyOrSystem(Role::Buyer),
        Command::Deliver(_) => Right::Only(Role::Seller),
        Command::Release(_) => Right::Only(Role::Buyer),
        Command::Cancel => Right::EitherParty,
        Command::Lapse(_) => Right::System,
    }
}

/// Checks the right of `actor` and tells the role in which it acts (`None`: the system).
///
/// # Errors
/// [`Refusal::WrongParty`] or [`Refusal::OwnProposal`].
pub fn permit(deal: &Deal, actor: Actor, command: &Command) -> Result<Option<Role>, Refusal> {
    let role = match actor {
        Actor::System => None,
        Actor::User(user) => {
            Some(deal.role_of(user).ok_or(Refusal::WrongParty { wanted: deal.proposer })?)
        }
    };
    let wanted = match right(command) {
        Right::EitherParty if role.is_some() => return Ok(role),
        Right::System if role.is_none() => return Ok(role),
        Right::OnlyOrSystem(_) if role.is_none() => return Ok(role),
        Right::Counterparty if role == Some(deal.proposer) => return Err(Refusal::OwnProposal),
        Right::Only(wanted) | Right::OnlyOrSystem(wanted) => wanted,
        Right::Counterparty => deal.proposer.other(),
        Right::Proposer | Right::EitherParty | Right::System => deal.proposer,
    };
    if role == Some(wanted) && !matches!(right(command), Right::System) {
        Ok(role)
    } else {
        Err(Refusal::WrongParty { wanted })
    }
}
