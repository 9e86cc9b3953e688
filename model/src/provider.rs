//! Payments by phone: the provider's messages arrive in any order, any number of times, or never.

use crate::cast::{self, DEAL, KES, kes};
use crate::clock::NOW;
use crate::laws::Law;
use crate::market::Market;
use crate::state::{Books, Fault, State};
use crate::step;
use amana_domain::deal::{Actor, Command, decide};
use amana_domain::id::UserId;
use amana_domain::ledger::Provider;
use amana_domain::money::Money;
use amana_domain::payment::{
    self, Claim, Evidence, FailureReason, NewPayment, Payment, Purpose, Source, Stage,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A message about a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Said {
    Accepted,
    /// The answer to our request was lost.
    Lost,
    Refused,
    CallbackPaid,
    CallbackFailed,
    /// A callback with another amount than requested.
    CallbackOdd,
    PollPaid,
    PollFailed,
    OnStatement,
    NotOnStatement,
}

/// A payment as it is stored: its intent, its stage and all messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Paying {
    pub number: usize,
    pub user: UserId,
    pub amount: Money,
    pub stage: Stage,
    /// The messages so far. They are a set, like the evidence.
    pub said: BTreeSet<Said>,
    /// Whether the payment has ever succeeded.
    pub proven: bool,
}

impl Said {
    pub const ALL: [Self; 10] = [
        Self::Accepted,
        Self::Lost,
        Self::Refused,
        Self::CallbackPaid,
        Self::CallbackFailed,
        Self::CallbackOdd,
        Self::PollPaid,
        Self::PollFailed,
        Self::OnStatement,
        Self::NotOnStatement,
    ];
}

impl Paying {
    /// Returns the payment of the domain.
    #[must_use]
    pub fn restored(&self) -> Payment {
        let new = NewPayment {
            id: cast::payment(self.number),
            provider: Provider::Mpesa,
            user: Some(self.user),
            purpose: Purpose::FundDeal,
            deal: Some(DEAL),
            amount: self.amount,
        };
        let said = self.said.iter().map(|said| evidence(self.number, *said, self.amount));
        Payment::restore(new, self.stage, said)
    }
}

/// Sends a payment prompt, as `POST …/fund` does: only while the deal can accept the payment. The model allows several
/// open prompts at once, which is more than the product allows.
#[must_use]
pub fn ask(state: &State, payer: UserId, part: Option<i64>) -> Option<State> {
    let wanted = Command::Fund { payer, amount: part.map(kes) };
    decide(&state.deal, &wanted, Actor::User(payer), NOW).ok()?;
    let limits = payment::limits(Provider::Mpesa, KES)?;
    let amount = part.map_or_else(|| state.deal.outstanding().ok(), |minor| Some(kes(minor)))?;
    let amount = amount.round_up_to(limits.step_minor).ok()?;
    if !limits.allows_collection(amount) {
        return None;
    }
    let mut next = state.clone();
    Arc::make_mut(&mut next.payments).push(Paying {
        number: state.payments.len(),
        user: payer,
        amount,
        stage: Stage::Ready,
        said: BTreeSet::new(),
        proven: false,
    });
    Some(next)
}

/// Adds a message and applies its effects, as the store's `observe` does: a success is credited, and then pays for the
/// deal if the deal still accepts it.
#[must_use]
pub fn say(market: &Market, state: &State, number: usize, said: Said) -> Option<State> {
    let paying = state.payments.get(number)?;
    let before = paying.restored();
    let mut payment = before.clone();
    if !payment.observe(evidence(number, said, paying.amount)) {
        return repeated(state, &before, &payment);
    }
    payment.stage = Stage::Sent;
    let mut next = state.clone();
    let now_proven = payment.state() == payment::State::Succeeded;
    if let Some(paying) = Arc::make_mut(&mut next.payments).get_mut(number) {
        paying.said.insert(said);
        paying.stage = payment.stage;
        paying.proven |= now_proven;
    }
    if payment.state() == before.state() {
        return Some(next);
    }
    if let Err(fault) = credit(&mut next, &payment) {
        next.faults.push(fault);
        return Some(next);
    }
    if !now_proven {
        return Some(next);
    }
    market.tally.arrived();
    let fund = Command::Fund { payer: paying.user, amount: Some(payment.amount) };
    match decide(&next.deal, &fund, Actor::System, NOW) {
        Ok(decision) => Some(funded(market, next, &fund, decision)),
        // It is too late for the deal; the money stays in the payer's wallet.
        Err(_) => Some(next),
    }
}

/// Checks that a repeated message changes nothing.
fn repeated(state: &State, before: &Payment, after: &Payment) -> Option<State> {
    if before == after {
        return None;
    }
    let mut next = state.clone();
    let detail = "a repeated message has changed a payment".to_owned();
    next.faults.push(Fault { law: Law::ProvenStays, detail });
    Some(next)
}

/// Writes the entries that the verdict requires, unless they are already written.
fn credit(next: &mut State, payment: &Payment) -> Result<(), Fault> {
    let fault = |detail| Fault { law: Law::Conserved, detail };
    let due = payment.due_entries().map_err(|error| fault(error.to_string()))?;
    for entry in due {
        if next.books.keys.contains(entry.key.as_str()) {
            continue;
        }
        let mut books = Books::clone(&next.books);
        books.write(&entry).map_err(|error| fault(error.to_string()))?;
        next.books = Arc::new(books);
    }
    Ok(())
}

/// Funds the deal. The wallet contains the money that has just arrived, so the ledger must not reject it.
fn funded(
    market: &Market,
    next: State,
    fund: &Command,
    decision: amana_domain::deal::Decision,
) -> State {
    let faults = step::judge(&next.deal, fund, Actor::System, &decision);
    step::take(market, &next, fund, decision, faults).unwrap_or_else(|| {
        let detail = "money that arrived for the deal cannot be moved into escrow".to_owned();
        let mut next = next;
        next.faults.push(Fault { law: Law::Conserved, detail });
        next
    })
}

fn evidence(number: usize, said: Said, amount: Money) -> Evidence {
    let receipt = || Some(format!("R{number}"));
    let failed = |reason| Claim::Failed { reason };
    let paid = |amount: Money| Claim::Succeeded { receipt: receipt(), amount: Some(amount) };
    let (source, claim) = match said {
        Said::Accepted => (Source::Answer, Claim::Accepted),
        Said::Lost => (Source::Answer, Claim::Lost),
        Said::Refused => (Source::Answer, failed(FailureReason::Rejected)),
        Said::CallbackPaid => (Source::Callback, paid(amount)),
        Said::CallbackFailed => (Source::Callback, failed(FailureReason::CancelledByPayer)),
        Said::CallbackOdd => (Source::Callback, paid(kes(100))),
        Said::PollPaid => (Source::Query, Claim::Succeeded { receipt: None, amount: None }),
        Said::PollFailed => (Source::Query, failed(FailureReason::NoAnswer)),
        Said::OnStatement => (Source::Statement, paid(amount)),
        Said::NotOnStatement => (Source::Statement, failed(FailureReason::NeverHappened)),
    };
    // A lost answer contains no reference, and neither does a statement.
    let reference = match said {
        Said::Lost | Said::Refused | Said::OnStatement | Said::NotOnStatement => None,
        Said::Accepted
        | Said::CallbackPaid
        | Said::CallbackFailed
        | Said::CallbackOdd
        | Said::PollPaid
        | Said::PollFailed => Some(format!("ref{number}")),
    };
    Evidence { source, claim, reference }
}
