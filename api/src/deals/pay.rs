//! How a deal is paid at the paybill, from any phone and without an app.

use crate::wire::{self, Nullable};
use amana_domain::deal::DealState;
use amana_domain::ledger::Provider;
use amana_domain::money::Money;
use amana_domain::payment::limits;
use amana_postgres::DealView;
use poem_openapi::Object;

/// How to pay without being asked by us.
#[derive(Debug, Object)]
pub(super) struct HowToPay {
    /// The business number in the M-Pesa menu.
    shortcode: String,
    /// The account in the M-Pesa menu: the deal's `pay_reference`.
    account: String,
    /// What is still to be paid, in whole shillings; in parts, if that is more than M-Pesa carries at once.
    amount: wire::Money,
    /// What of the amount stays in the buyer's balance; `null` if nothing does.
    change: Nullable<wire::Money>,
    /// The same in plain English.
    text: String,
}

/// `None` where it is not to be paid, or we would not hear of it.
pub(super) fn how_to_pay(view: &DealView) -> Option<HowToPay> {
    let pay = view.pay_reference.as_ref().filter(|_| view.deal.state == DealState::Agreed)?;
    let (shortcode, left) = (pay.shortcode.clone()?, view.deal.outstanding().ok()?);
    let limits = limits(Provider::Mpesa, left.currency())?;
    let (account, asked) = (pay.reference.clone(), left.round_up_to(limits.step_minor).ok()?);
    let change = asked.minus(left).ok().filter(|change| !change.is_zero());
    let text = text(&shortcode, &account, asked, change);
    Some(HowToPay { shortcode, account, amount: asked.into(), change: Nullable::of(change), text })
}

fn text(shortcode: &str, account: &str, asked: Money, change: Option<Money>) -> String {
    // The M-Pesa menu takes whole shillings and neither a currency nor commas; people read both all the same.
    let per_major = asked.currency().minor_per_major();
    let whole = asked.minor().checked_div(per_major).unwrap_or_default();
    let stays = change.map(|change| format!(" {change} of it stays in the buyer's balance."));
    format!(
        "In the M-Pesa menu choose Lipa na M-Pesa, then Pay Bill. Business number: {shortcode}. Account: {account}. \
        Amount: {} {whole}, in one payment or in parts.{} It is credited to the buyer and then paid for this deal.",
        asked.currency(),
        stays.unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use amana_domain::money::Currency;

    #[test]
    fn a_paybill_is_asked_for_whole_shillings() {
        let kes = |minor| Money::new(minor, Currency::Kes).unwrap();
        let said = text("600977", "ABCDEFGHJKLM", kes(10_100), Some(kes(50)));
        assert!(said.contains("Amount: KES 101, in one"), "{said}");
        assert!(said.contains("KES 0.50 of it stays in the buyer's balance."), "{said}");
        let even = text("600977", "ABCDEFGHJKLM", kes(10_000), None);
        assert!(even.contains("Amount: KES 100,") && !even.contains("stays"), "{even}");
    }
}
