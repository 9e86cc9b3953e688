//! The laws about money.

use super::ensure;
use crate::cast::{AMINA, BARAKA, DEAL, JUMA, KES, ZURI};
use crate::market::Market;
use crate::state::State;
use amana_domain::deal::{Deal, DealState, Milestone};
use amana_domain::ledger::{Account, Provider};
use amana_domain::money::MoneyError;

/// Checks three facts. All balances sum to zero. Only the provider's account is negative, by the payments that arrived.
/// The escrow covers exactly the open part of the deal.
///
/// # Errors
/// A description of the difference.
pub fn conserved(market: &Market, state: &State) -> Result<(), String> {
    let clearing = Account::clearing(Provider::Mpesa, KES);
    let mut sum = 0i64;
    for (account, position) in state.books.positions.iter() {
        let balance = position.balance_minor;
        sum = sum.saturating_add(balance);
        ensure(balance >= 0 || *account == clearing, || format!("{account} holds {balance}"))?;
        let known = market.opening.books.positions.iter().any(|(known, _)| known == account);
        ensure(known, || format!("{account} is unexpected"))?;
    }
    ensure(sum == 0, || format!("all balances sum to {sum}, expected 0"))?;
    let opening = market.opening.books.holds(&clearing);
    let paid_in = arrived(state, |_| true).saturating_sub(opening);
    let held = state.books.holds(&clearing);
    ensure(held == paid_in.saturating_neg(), || format!("{paid_in} was paid in, not {held}"))?;
    let escrow = state.books.holds(&Account::escrow(DEAL, KES));
    let needed = needed(&state.deal).map_err(|error| error.to_string())?;
    ensure(escrow == needed, || format!("{escrow} in escrow, {needed} needed"))
}

/// Returns the amount that the escrow of a deal needs.
fn needed(deal: &Deal) -> Result<i64, MoneyError> {
    match deal.state {
        DealState::Agreed => Ok(deal.paid()?.minor()),
        DealState::Draft
        | DealState::Proposed
        | DealState::Funded
        | DealState::Delivered
        | DealState::Disputed
        | DealState::Released
        | DealState::Refunded
        | DealState::Cancelled
        | DealState::Expired => {
            let open = deal.milestones.iter().filter(|m| m.state.holds_money());
            open.map(Milestone::in_escrow)
                .try_fold(0i64, |sum, part| Ok(sum.saturating_add(part?.minor())))
        }
    }
}

/// Checks that no user gained more than was paid in or earned, and that each milestone was settled by one entry.
///
/// # Errors
/// A description of the difference.
pub fn paid_once(market: &Market, state: &State) -> Result<(), String> {
    let deal = &state.deal;
    for payer in &deal.payers {
        ensure(payer.returned.minor() <= payer.paid.minor(), || {
            format!("{} got back {} of {}", payer.user, payer.returned, payer.paid)
        })?;
    }
    let gained = |user| {
        let wallet = Account::available(user, KES);
        state.books.holds(&wallet).saturating_sub(market.opening.books.holds(&wallet))
    };
    for user in [AMINA, ZURI] {
        let (gained, arrived) = (gained(user), arrived(state, |payer| payer == user));
        ensure(gained <= arrived, || format!("{user} gained {gained} and paid in {arrived}"))?;
    }
    let (mut earned, mut charged, mut settled) = (0i64, 0i64, 0usize);
    for milestone in deal.milestones.iter().filter(|milestone| !milestone.state.is_open()) {
        earned = earned.saturating_add(milestone.amount.minor());
        charged = charged.saturating_add(milestone.charge.commission.minor());
        settled = settled.saturating_add(1);
    }
    for (user, most) in [(JUMA, earned), (BARAKA, charged)] {
        let gained = gained(user);
        ensure(gained <= most, || format!("{user} gained {gained}, and {most} was due at most"))?;
    }
    let entries = state.books.keys.iter().filter(|key| key.ends_with(":settle")).count();
    ensure(entries == settled, || format!("{settled} milestones are settled, by {entries} entries"))
}

/// Returns the sum of proven phone payments by these payers.
fn arrived(state: &State, of: impl Fn(amana_domain::id::UserId) -> bool) -> i64 {
    let proven = state.payments.iter().filter(|paying| paying.proven && of(paying.user));
    proven.fold(0i64, |sum, paying| sum.saturating_add(paying.amount.minor()))
}
