//! How a deal is paid at the paybill, from any phone and without an app.

use crate::wire::Money;
use amana_domain::deal::DealState;
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
    /// The same in plain English.
    text: String,
}

/// `None` where it is not to be paid, or we would not hear of it.
pub(super) fn how_to_pay(view: &DealView) -> Option<HowToPay> {
    let pay = view.pay_reference.as_ref().filter(|_| view.deal.state == DealState::Agreed)?;
    let (shortcode, left) = (pay.shortcode.clone()?, view.deal.outstanding().ok()?);
    let account = pay.reference.clone();
    let text = format!(
        "In the M-Pesa menu choose Lipa na M-Pesa, then Pay Bill. Business number: {shortcode}. Account: {account}. \
        Amount: {left}, in one payment or in parts. It is credited to the buyer and then paid for this deal."
    );
    Some(HowToPay { shortcode, account, amount: left.into(), text })
}
