//! Paybill instructions for a deal: payment from any phone, without an app.

use crate::language::spoken;
use crate::wire::{self, Nullable};
use amana_domain::deal::DealState;
use amana_domain::ledger::Provider;
use amana_domain::money::Money;
use amana_domain::notice::Locale;
use amana_domain::payment::limits;
use amana_postgres::DealView;
use poem_openapi::Object;

/// Paybill instructions.
#[derive(Debug, Object)]
pub(super) struct PaymentInstructions {
    /// Business number for the M-Pesa menu.
    shortcode: String,
    /// Account number for the M-Pesa menu: the deal's `pay_reference`.
    account: String,
    /// Outstanding amount, rounded up to whole shillings. It can be paid in parts, and must be if it exceeds the M-Pesa
    /// limit.
    amount: wire::Money,
    /// Part of `amount` that stays in the buyer's wallet because of the rounding; `null` if none.
    change: Nullable<wire::Money>,
    /// The instructions as text in your language.
    text: String,
}

/// Returns `None` if the deal does not await payment or the service receives no paybill payments.
pub(super) fn payment_instructions(view: &DealView) -> Option<PaymentInstructions> {
    let pay = view.pay_reference.as_ref().filter(|_| view.deal.state == DealState::Agreed)?;
    let (shortcode, left) = (pay.shortcode.clone()?, view.deal.outstanding().ok()?);
    let limits = limits(Provider::Mpesa, left.currency())?;
    let (account, asked) = (pay.reference.clone(), left.round_up_to(limits.step_minor).ok()?);
    let change = asked.minus(left).ok().filter(|change| !change.is_zero());
    let text = text(spoken(), (&shortcode, &account), asked, change);
    Some(PaymentInstructions {
        shortcode,
        account,
        amount: asked.into(),
        change: Nullable::of(change),
        text,
    })
}

fn text(
    locale: Locale,
    (shortcode, account): (&str, &str),
    asked: Money,
    change: Option<Money>,
) -> String {
    let typed = typed(locale, asked, change);
    match locale {
        Locale::English => format!(
            "In the M-Pesa menu choose Lipa na M-Pesa, then Pay Bill. Business number: {shortcode}. Account: {account}. \
            Amount: {typed}, in one payment or in parts. It is credited to the buyer and then paid for this deal."
        ),
        Locale::Swahili => format!(
            "Kwenye menyu ya M-Pesa chagua Lipa na M-Pesa, kisha Pay Bill. Namba ya biashara: {shortcode}. Akaunti: \
            {account}. Kiasi: {typed}, kwa mara moja au kwa sehemu. Inaingia kwa mnunuzi, kisha inalipa makubaliano haya."
        ),
    }
}

/// Returns the amount as typed into the M-Pesa menu: whole shillings, without commas.
fn typed(locale: Locale, asked: Money, change: Option<Money>) -> String {
    let per_major = asked.currency().minor_per_major();
    let whole = asked.minor().checked_div(per_major).unwrap_or_default();
    let typed = format!("{} {whole}", asked.currency());
    match (locale, change) {
        (_, None) => typed,
        (Locale::English, Some(change)) => {
            format!("{typed} ({change} of it stays in the buyer's Amana balance)")
        }
        (Locale::Swahili, Some(change)) => {
            format!("{typed} ({change} kati yake zinabaki kwenye salio la mnunuzi la Amana)")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use amana_domain::money::Currency;

    #[test]
    fn the_amount_to_type_has_no_cents() {
        let kes = |minor| Money::new(minor, Currency::Kes).unwrap();
        let english =
            |asked, change| text(Locale::English, ("600977", "ABCDEFGHJKLM"), kes(asked), change);
        let uneven = english(10_100, Some(kes(50)));
        let wanted = "Amount: KES 101 (KES 0.50 of it stays in the buyer's Amana balance), in one";
        assert!(uneven.contains(wanted), "{uneven}");
        let even = english(150_000_000, None);
        assert!(even.contains("Amount: KES 1500000, in one"), "{even}");
        let swahili = text(Locale::Swahili, ("600977", "ABC"), kes(10_100), Some(kes(50)));
        assert!(swahili.contains("Kiasi: KES 101 (KES 0.50 kati yake"), "{swahili}");
    }
}
