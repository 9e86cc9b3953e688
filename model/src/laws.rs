//! The laws that every state must fulfil.

pub mod money;
pub mod silence;

use crate::market::Market;
use crate::state::State;
use amana_domain::payment;
use amana_domain::text_enum;

text_enum! {
    pub enum Law as "law" {
        Conserved = "money is conserved",
        PaidOnce = "no user is paid twice",
        NeverStuck = "no money is stuck",
        RightParty = "only the right party changes anything",
        DeclaredOutcome = "after a deadline the declared outcome holds",
        ProvenStays = "a proven payment stays proven",
    }
}

/// # Errors
/// A description of the violation.
pub fn check(law: Law, market: &Market, state: &State) -> Result<(), String> {
    if let Some(fault) = state.faults.iter().find(|fault| fault.law == law) {
        return Err(fault.detail.clone());
    }
    // A state that was reached by breaking one law does not tell anything about the others.
    if !state.faults.is_empty() {
        return Ok(());
    }
    match law {
        Law::Conserved => money::conserved(market, state),
        Law::PaidOnce => money::paid_once(market, state),
        Law::NeverStuck => silence::ends(state),
        // Checked by the step that led to this state.
        Law::RightParty | Law::DeclaredOutcome => Ok(()),
        Law::ProvenStays => proven(state),
    }
}

fn proven(state: &State) -> Result<(), String> {
    for paying in state.payments.iter().filter(|paying| paying.proven) {
        let payment = paying.restored();
        let now = payment.state();
        if now != payment::State::Succeeded {
            return Err(format!("{} was proven, but now is {now}", payment.id));
        }
    }
    Ok(())
}

/// # Errors
/// The description, unless the condition holds.
fn ensure(holds: bool, words: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(words()) }
}
