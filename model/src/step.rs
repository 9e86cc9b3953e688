//! One step: the effect of a command, and the laws that are checked during it.

use crate::clock::{self, NOW};
use crate::laws::{Law, silence};
use crate::market::Market;
use crate::rights;
use crate::state::{Books, Fault, State};
use amana_domain::deal::{Actor, Command, Deal, Decision, Event, decide};
use amana_domain::ledger::{Account, Entry, LedgerError};
use chrono::TimeDelta;
use std::sync::Arc;

/// Tries a command. Returns `None` if it has no effect.
#[must_use]
pub fn command(market: &Market, state: &State, actor: Actor, command: &Command) -> Option<State> {
    let rightful = rights::may(&state.deal, command, actor);
    if rightful && !(market.world.has_room(state, command) && is_asked_for(command, actor)) {
        return None;
    }
    let decision = decide(&state.deal, command, actor, NOW).ok()?;
    let faults = judge(&state.deal, command, actor, &decision);
    take(market, state, command, decision, faults)
}

/// Excludes funding by the system: it happens only when money arrives, in [`provider`](crate::provider).
const fn is_asked_for(command: &Command, actor: Actor) -> bool {
    !matches!((command, actor), (Command::Fund { .. }, Actor::System))
}

/// Checks an accepted command against the laws about steps.
#[must_use]
pub fn judge(deal: &Deal, command: &Command, actor: Actor, decision: &Decision) -> Vec<Fault> {
    let mut faults = vec![];
    if !rights::may(deal, command, actor) {
        let detail = format!("the actor has no permission for `{}`", command.name());
        faults.push(Fault { law: Law::RightParty, detail });
    }
    let outcome = match command {
        Command::Expire(timer) => silence::declared(deal, *timer, decision),
        _ => silence::kept(deal, actor, decision),
    };
    if let Err(detail) = outcome {
        faults.push(Fault { law: Law::DeclaredOutcome, detail });
    }
    faults
}

/// Applies a decision. Returns `None` if the payer's wallet does not have enough money.
pub fn take(
    market: &Market,
    state: &State,
    command: &Command,
    decision: Decision,
    mut faults: Vec<Fault>,
) -> Option<State> {
    let mut next = state.clone();
    if !decision.entries.is_empty() {
        let mut books = Books::clone(&state.books);
        match write(&mut books, &decision.entries, &mut faults) {
            Ok(()) => {}
            Err(LedgerError::Insufficient { account, .. }) if is_own(command, account) => {
                return None;
            }
            Err(error) => {
                let detail = format!("the ledger rejects an accepted decision: {error}");
                faults.push(Fault { law: Law::Conserved, detail });
            }
        }
        next.books = Arc::new(books);
    }
    if decision.events.iter().any(|event| matches!(event, Event::Extended { .. })) {
        next.moved = next.moved.saturating_add(1);
    }
    next.faults.extend(faults);
    market.tally.command(command);
    market.tally.end(state.deal.state, decision.deal.state);
    next.deal = Arc::new(decision.deal);
    Some(next)
}

fn is_own(command: &Command, account: Account) -> bool {
    match command {
        Command::Fund { payer, .. } => account == Account::available(*payer, account.currency),
        _ => false,
    }
}

/// Writes entries, and records a fault for every key that was already written.
fn write(books: &mut Books, entries: &[Entry], faults: &mut Vec<Fault>) -> Result<(), LedgerError> {
    for entry in entries {
        if !books.write(entry)? {
            let detail = format!("the entry `{}` is written twice", entry.key);
            faults.push(Fault { law: Law::PaidOnce, detail });
        }
    }
    Ok(())
}

/// Lets time pass. Timers do not fire automatically, because they can be late.
#[must_use]
pub fn wait(state: &State, by: TimeDelta) -> Option<State> {
    let mut next = state.clone();
    next.deal = Arc::new(clock::later(&state.deal, by));
    next.elapsed = state.elapsed.checked_add(&by)?;
    Some(next)
}
