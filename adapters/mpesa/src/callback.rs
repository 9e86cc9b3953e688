//! Parses M-Pesa's callbacks into evidence. The caller stores the raw body first, acknowledges it, and parses later.
//!
//! Fields are found by name, never by position. Phone numbers are ignored: they may be masked, hashed or absent.

use amana_domain::money::Money;
use amana_domain::payment::{Claim, Evidence, Source};
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::amount::{carried, parse_minor};
use crate::codes::{self, Meaning};
use crate::wire::{id, one_or_many, scalar};

/// The reason why a callback is rejected. It contains no data of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CallbackError {
    #[error("the callback is not a JSON object of the expected form")]
    Shape,
    #[error("the callback has no valid {0}")]
    Field(&'static str),
}

#[derive(Deserialize)]
struct CollectionBody<'a> {
    #[serde(borrow, rename = "Body")]
    body: CollectionEnvelope<'a>,
}

#[derive(Deserialize)]
struct CollectionEnvelope<'a> {
    #[serde(borrow, rename = "stkCallback")]
    callback: CollectionResult<'a>,
}

#[derive(Deserialize)]
struct CollectionResult<'a> {
    #[serde(borrow, rename = "CheckoutRequestID")]
    checkout_request_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "ResultCode")]
    result_code: Option<&'a RawValue>,
    #[serde(borrow, rename = "CallbackMetadata")]
    metadata: Option<Metadata<'a>>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, rename = "Item")]
    items: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct PayoutBody<'a> {
    #[serde(borrow, rename = "Result")]
    result: PayoutResult<'a>,
}

#[derive(Deserialize)]
struct PayoutResult<'a> {
    #[serde(borrow, rename = "ResultCode")]
    result_code: Option<&'a RawValue>,
    #[serde(borrow, rename = "ConversationID")]
    conversation_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "TransactionID")]
    transaction_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "ResultParameters")]
    parameters: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Parameters<'a> {
    #[serde(borrow, rename = "ResultParameter")]
    parameter: Option<&'a RawValue>,
}

/// Collections use `Name`, payouts use `Key`; the value may be missing.
#[derive(Deserialize)]
struct Item<'a> {
    #[serde(alias = "Key", rename = "Name")]
    name: String,
    #[serde(borrow, rename = "Value")]
    value: Option<&'a RawValue>,
}

/// Parses the result of a prompt.
///
/// # Errors
/// [`CallbackError`], also for a success without receipt or amount: it must not be credited. The query and the
/// statement can still prove it.
pub fn parse_collection(body: &[u8]) -> Result<Evidence, CallbackError> {
    let CollectionBody { body: CollectionEnvelope { callback } } = object(body)?;
    let code = id(callback.result_code).ok_or(CallbackError::Field("ResultCode"))?;
    let reference =
        id(callback.checkout_request_id).ok_or(CallbackError::Field("CheckoutRequestID"))?;
    let claim = match codes::collection(&code).claim(&code) {
        Some(claim) => claim,
        None => {
            let items = callback.metadata.and_then(|metadata| metadata.items).map(one_or_many);
            let items: Vec<Item<'_>> = items.flatten().unwrap_or_default();
            let receipt = receipt(find(&items, "MpesaReceiptNumber"));
            paid(receipt.ok_or(CallbackError::Field("MpesaReceiptNumber"))?, &items, "Amount")?
        }
    };
    Ok(Evidence { source: Source::Callback, claim, reference: Some(reference) })
}

/// Parses the result of a payout.
///
/// # Errors
/// [`CallbackError`], also for a success without receipt or amount.
pub fn parse_payout_result(body: &[u8]) -> Result<Evidence, CallbackError> {
    let PayoutBody { result } = object(body)?;
    let code = id(result.result_code).ok_or(CallbackError::Field("ResultCode"))?;
    let reference = id(result.conversation_id).ok_or(CallbackError::Field("ConversationID"))?;
    let claim = match codes::payout(&code) {
        Meaning::Success => {
            let items = parameters(result.parameters);
            let receipt = receipt(find(&items, "TransactionReceipt"))
                .or_else(|| receipt(result.transaction_id))
                .ok_or(CallbackError::Field("TransactionReceipt"))?;
            paid(receipt, &items, "TransactionAmount")?
        }
        meaning @ (Meaning::NotFinal
        | Meaning::Unproven
        | Meaning::Failed(_)
        | Meaning::Unclear) => meaning.claim(&code).ok_or(CallbackError::Field("ResultCode"))?,
    };
    Ok(Evidence { source: Source::Callback, claim, reference: Some(reference) })
}

/// Parses the notice that a payout waited too long in M-Pesa's queue. The payout may still happen. Only the address
/// distinguishes this body from a result.
///
/// # Errors
/// [`CallbackError::Shape`] if it is not a JSON object.
pub fn parse_payout_timeout(body: &[u8]) -> Result<Evidence, CallbackError> {
    #[derive(Deserialize)]
    struct Thin<'a> {
        #[serde(borrow, rename = "Result")]
        result: Option<&'a RawValue>,
    }
    let Thin { result } = object(body)?;
    let reference = result
        .and_then(|result| serde_json::from_str::<PayoutResult<'_>>(result.get()).ok())
        .and_then(|result| id(result.conversation_id));
    Ok(Evidence { source: Source::Callback, claim: Claim::Lost, reference })
}

pub(crate) fn object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, CallbackError> {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(CallbackError::Shape);
    }
    serde_json::from_slice(body).map_err(|_| CallbackError::Shape)
}

/// Returns the parameters. On failure they may be absent, empty or malformed, which all count as none.
fn parameters(raw: Option<&RawValue>) -> Vec<Item<'_>> {
    raw.and_then(|raw| serde_json::from_str::<Parameters<'_>>(raw.get()).ok())
        .and_then(|parameters| parameters.parameter)
        .and_then(one_or_many)
        .unwrap_or_default()
}

fn find<'a>(items: &[Item<'a>], name: &str) -> Option<&'a RawValue> {
    items.iter().find(|item| item.name == name).and_then(|item| item.value)
}

/// Normalises a receipt to upper case, because receipts are compared.
pub(crate) fn receipt(raw: Option<&RawValue>) -> Option<String> {
    id(raw).map(|receipt| receipt.to_ascii_uppercase())
}

fn paid(receipt: String, items: &[Item<'_>], field: &'static str) -> Result<Claim, CallbackError> {
    let amount: Money = scalar(find(items, field))
        .and_then(|text| parse_minor(&text))
        .and_then(carried)
        .ok_or(CallbackError::Field(field))?;
    Ok(Claim::Succeeded { receipt: Some(receipt), amount: Some(amount) })
}

#[cfg(test)]
mod tests;
