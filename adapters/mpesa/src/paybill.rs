//! Payments to the paybill, which arrive without a request: parsing confirmations and registering the addresses.

use amana_domain::payment::Confirmation;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::amount::{carried, parse_minor};
use crate::callback::{CallbackError, object, receipt};
use crate::classify::{Reply, is_token_refusal};
use crate::client::{Call, Mpesa};
use crate::collect::token_refused;
use crate::error::MpesaError;
use crate::wire::{Envelope, scalar};

const REGISTER_PATH: &str = "/mpesa/c2b/v2/registerurl";
/// M-Pesa accepts a payment if our response to its validation is late. An operator can match an unexpected payment
/// later; a rejected payment is a lost deal.
const IF_SILENT: &str = "Completed";
const CONFIRMATION: &str = "b";
const VALIDATION: &str = "v";
/// Payers can enter 20 characters; this allows some reserve.
const REFERENCE_CHARS_MAX: usize = 40;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, rename = "TransID")]
    receipt: Option<&'a RawValue>,
    #[serde(borrow, rename = "TransAmount")]
    amount: Option<&'a RawValue>,
    #[serde(borrow, rename = "BillRefNumber")]
    reference: Option<&'a RawValue>,
    #[serde(borrow, rename = "BusinessShortCode")]
    shortcode: Option<&'a RawValue>,
    #[serde(borrow, rename = "TransactionType")]
    kind: Option<&'a RawValue>,
}

/// Parses the confirmation of a payment to the paybill. Ignores the names and the phone number in it.
///
/// # Errors
/// [`CallbackError`] for a missing receipt, an amount that is invalid for M-Pesa, another shortcode, or another kind of
/// payment.
pub fn parse_confirmation(body: &[u8], shortcode: &str) -> Result<Confirmation, CallbackError> {
    let body: Body<'_> = object(body)?;
    if scalar(body.shortcode).as_deref() != Some(shortcode) {
        return Err(CallbackError::Field("BusinessShortCode"));
    }
    if !scalar(body.kind).is_some_and(|kind| is_paybill(&kind)) {
        return Err(CallbackError::Field("TransactionType"));
    }
    let receipt = receipt(body.receipt).ok_or(CallbackError::Field("TransID"))?;
    let amount = scalar(body.amount).and_then(|text| parse_minor(&text)).and_then(carried);
    let amount = amount.ok_or(CallbackError::Field("TransAmount"))?;
    let reference = scalar(body.reference).filter(|text| text.len() <= REFERENCE_CHARS_MAX);
    Ok(Confirmation { receipt, amount, reference })
}

/// Whether the kind is a paybill payment, such as `Pay Bill` or `CustomerPayBillOnline`, and not a till payment.
fn is_paybill(kind: &str) -> bool {
    let letters: String = kind.chars().filter(char::is_ascii_alphabetic).collect();
    letters.to_ascii_lowercase().contains("paybill")
}

impl Mpesa {
    #[must_use]
    pub fn shortcode(&self) -> &str {
        &self.config.shortcode
    }

    /// Registers the addresses for validation and confirmation. In production M-Pesa accepts this once; to change an
    /// address, the old one must be deleted in the portal.
    ///
    /// # Errors
    /// [`MpesaError`]; [`MpesaError::Malformed`] if M-Pesa rejects it.
    pub async fn register_urls(&self, token: &str) -> Result<(), MpesaError> {
        let body = json!({
            "ShortCode": self.config.shortcode,
            "ResponseType": IF_SILENT,
            "ConfirmationURL": self.callback_url(CONFIRMATION, token)?,
            "ValidationURL": self.callback_url(VALIDATION, token)?,
        });
        let call = Call { operation: "register_urls", path: REGISTER_PATH, body };
        let (reply, exchange) = self.call(call).await?;
        if is_token_refusal(&reply) {
            return Err(token_refused(exchange));
        }
        let accepted = match &reply {
            Reply::Answer { status, body } => {
                let code = Envelope::read(body).and_then(|envelope| envelope.response_code);
                (200..300).contains(status) && code.is_some_and(|code| is_zero(&code))
            }
            Reply::NotSent | Reply::NoAnswer => {
                return Err(MpesaError::unavailable(
                    "no response to the registration of addresses",
                ));
            }
        };
        if accepted {
            return Ok(());
        }
        let what = "M-Pesa rejected the addresses; delete the old ones in its portal first";
        Err(MpesaError::Malformed { what, exchange: Some(Box::new(exchange)) })
    }
}

/// Some gateways write the success code as eight zeros.
fn is_zero(code: &str) -> bool {
    code.bytes().all(|digit| digit == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAID: &str = r#"{"TransactionType":"Pay Bill","TransID":"rkl51zdr4f","TransTime":"20261121120000",
        "TransAmount":"1520.50","BusinessShortCode":"600977","BillRefNumber":" 7kq2 mnp4-xwyz ","InvoiceNumber":"",
        "OrgAccountBalance":"49197.00","ThirdPartyTransID":"","MSISDN":"2547 ***** 126","FirstName":"Amina"}"#;

    fn parse(body: &str) -> Result<Confirmation, CallbackError> {
        parse_confirmation(body.as_bytes(), "600977")
    }

    #[test]
    fn what_a_confirmation_tells() {
        let said = parse(PAID).unwrap();
        assert_eq!((said.receipt.as_str(), said.amount.minor()), ("RKL51ZDR4F", 152_050));
        assert_eq!(said.bill().as_deref(), Some("7KQ2MNP4XWYZ"));
        let number = PAID.replace(r#""1520.50""#, "1520.5");
        assert_eq!(parse(&number), Ok(said.clone()));
        let nothing = PAID.replace(r#"" 7kq2 mnp4-xwyz ""#, "null");
        let nothing = parse(&nothing).unwrap();
        assert_eq!((nothing.bill(), nothing.receipt), (None, said.receipt));
    }

    #[test]
    fn what_cannot_be_believed_is_named() {
        for (from, to, error) in [
            ("TransID", "Other", CallbackError::Field("TransID")),
            ("rkl51zdr4f", "", CallbackError::Field("TransID")),
            ("TransAmount", "Other", CallbackError::Field("TransAmount")),
            ("1520.50", "-1", CallbackError::Field("TransAmount")),
            ("1520.50", "1520.505", CallbackError::Field("TransAmount")),
            ("1520.50", "0.00", CallbackError::Field("TransAmount")),
            ("1520.50", "250000.01", CallbackError::Field("TransAmount")),
            ("1520.50", "9000000.00", CallbackError::Field("TransAmount")),
            ("600977", "111111", CallbackError::Field("BusinessShortCode")),
            ("BusinessShortCode", "Other", CallbackError::Field("BusinessShortCode")),
            ("Pay Bill", "Buy Goods", CallbackError::Field("TransactionType")),
            ("TransactionType", "Other", CallbackError::Field("TransactionType")),
            ("{", "[", CallbackError::Shape),
        ] {
            let body = PAID.replacen(from, to, 1);
            assert_eq!(parse(&body), Err(error), "{to}");
        }
        for kind in ["CustomerPayBillOnline", "Standing Order Customer Pay Bill", "PAY BILL"] {
            assert!(parse(&PAID.replacen("Pay Bill", kind, 1)).is_ok(), "{kind}");
        }
    }
}
