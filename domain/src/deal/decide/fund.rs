//! Payments into escrow, in parts and by several payers, up to the price; and their refund if the deal ends unfunded.

use super::{after, changed, finish, in_time};
use crate::deal::{Deal, DealState, Decision, Event, MilestoneState, PAYERS_MAX, Payer, Refusal};
use crate::id::UserId;
use crate::ledger::{Account, Entry, EntryKind};
use crate::money::Money;
use chrono::{DateTime, Utc};

pub(super) fn add_payer(deal: &Deal, user: UserId) -> Result<Decision, Refusal> {
    if deal.payers.iter().any(|payer| payer.user == user) {
        return Err(Refusal::AlreadyPayer);
    }
    if deal.role_of(user).is_some() {
        return Err(Refusal::SameParty);
    }
    // One place is reserved for the buyer, who becomes a payer with their first payment.
    let others = deal.payers.iter().filter(|payer| deal.buyer != Some(payer.user)).count();
    if others.saturating_add(1) >= PAYERS_MAX {
        return Err(Refusal::TooManyPayers);
    }
    let mut next = deal.clone();
    next.payers.push(Payer::named(user, deal.currency));
    Ok(changed(next, Event::PayerAdded(user)))
}

/// Moves the amount from the payer's wallet into escrow, at most the outstanding amount. An excess stays in the wallet.
pub(super) fn fund(
    deal: &Deal,
    payer: UserId,
    amount: Option<Money>,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    in_time(deal.due_at, now)?;
    let outstanding = deal.outstanding()?;
    let amount = amount.unwrap_or(outstanding);
    if amount.currency() != deal.currency || amount.is_zero() {
        return Err(Refusal::Amount);
    }
    let amount = amount.min(outstanding)?;
    let number = deal.fundings.saturating_add(1);
    let mut next = Deal { fundings: number, ..deal.clone() };
    match next.payers.iter_mut().find(|known| known.user == payer) {
        Some(known) => known.paid = known.paid.plus(amount)?,
        None => next.payers.push(Payer { paid: amount, ..Payer::named(payer, deal.currency) }),
    }
    let entry = Entry::transfer(
        EntryKind::Fund,
        format!("{}:fund:{number}", deal.id),
        amount,
        Account::available(payer, deal.currency),
        Account::escrow(deal.id, deal.currency),
    )?;
    let mut events = vec![Event::Paid { payer, amount }];
    if amount == outstanding {
        begin(&mut next, now)?;
        events.push(Event::Funded);
    }
    Ok(Decision { deal: next, entries: vec![entry], events })
}

/// Starts the delivery deadlines once the deal is fully funded.
fn begin(deal: &mut Deal, now: DateTime<Utc>) -> Result<(), Refusal> {
    deal.state = DealState::Funded;
    deal.due_at = None;
    deal.extension = None;
    for milestone in &mut deal.milestones {
        milestone.state = MilestoneState::Funded;
        milestone.due_at = Some(after(now, milestone.delivery)?);
    }
    Ok(())
}

/// Ends a deal that was not fully funded, and refunds every payer.
pub(super) fn give_back(deal: &Deal, state: DealState, event: Event) -> Result<Decision, Refusal> {
    let mut decision = finish(deal, state, event);
    let mut shares = vec![];
    for payer in decision.deal.payers.iter_mut().filter(|payer| !payer.paid.is_zero()) {
        shares.push((Account::available(payer.user, deal.currency), payer.paid));
        decision.events.push(Event::PaymentReturned { payer: payer.user, amount: payer.paid });
        payer.returned = payer.paid;
    }
    if !shares.is_empty() {
        let escrow = Account::escrow(deal.id, deal.currency);
        let key = format!("{}:return", deal.id);
        decision.entries.push(Entry::distribute(EntryKind::Refund, key, escrow, &shares)?);
    }
    Ok(decision)
}
