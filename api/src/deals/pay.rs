//! How a deal is paid at the paybill, from any phone and without an app.

use crate::language::spoken;
use crate::wire::Money;
use amana_domain::deal::DealState;
use amana_domain::money as domain;
use amana_domain::notice::Locale;
use amana_postgres::DealView;
use poem_openapi::Object;

/// How to pay without being asked by us.
#[derive(Debug, Object)]
pub(super) struct HowToPay {
    /// The business number in the M-Pesa menu.
    shortcode: String,
    /// The account in the M-Pesa menu: the deal's `pay_reference`.
    account: String,
    /// What is still to be paid; in parts, if that is more than M-Pesa carries at once.
    amount: Money,
    /// The same in words, in the language of the caller.
    text: String,
}

/// The amount to type into the M-Pesa menu, which takes whole shillings only.
fn typed(left: domain::Money) -> String {
    let per_whole = left.currency().minor_per_major();
    let over = left.minor().checked_rem(per_whole).unwrap_or(0);
    let change = per_whole.saturating_sub(over);
    let up = domain::Money::new(left.minor().saturating_add(change), left.currency());
    let (Ok(up), Ok(change)) = (up, domain::Money::new(change, left.currency())) else {
        return left.to_string();
    };
    if over == 0 {
        return left.to_string();
    }
    match spoken() {
        Locale::English => format!("{up} ({change} of it stays in the Amana balance)"),
        Locale::Swahili => format!("{up} ({change} kati yake zinabaki kwenye salio la Amana)"),
    }
}

/// `None` where it is not to be paid, or we would not hear of it.
pub(super) fn how_to_pay(view: &DealView) -> Option<HowToPay> {
    let pay = view.pay_reference.as_ref().filter(|_| view.deal.state == DealState::Agreed)?;
    let (shortcode, left) = (pay.shortcode.clone()?, view.deal.outstanding().ok()?);
    let account = pay.reference.clone();
    let typed = typed(left);
    let text = match spoken() {
        Locale::English => format!(
            "In the M-Pesa menu choose Lipa na M-Pesa, then Pay Bill. Business number: {shortcode}. Account: {account}. \
            Amount: {typed}, in one payment or in parts. It is credited to the buyer and then paid for this deal."
        ),
        Locale::Swahili => format!(
            "Kwenye menyu ya M-Pesa chagua Lipa na M-Pesa, kisha Pay Bill. Namba ya biashara: {shortcode}. Akaunti: \
            {account}. Kiasi: {typed}, kwa mara moja au kwa sehemu. Inaingia kwa mnunuzi, kisha inalipa makubaliano haya."
        ),
    };
    Some(HowToPay { shortcode, account, amount: left.into(), text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use amana_domain::money::Currency;

    #[test]
    fn the_amount_to_type_has_no_cents() {
        let kes = |minor| domain::Money::new(minor, Currency::Kes).unwrap();
        assert_eq!(typed(kes(10_000)), "KES 100.00");
        assert_eq!(typed(kes(10_050)), "KES 101.00 (KES 0.50 of it stays in the Amana balance)");
    }
}
