//! Callback bodies in the documented formats: STK callbacks and B2C results.

use serde_json::{Value, json};

use crate::{
    bank::Bill,
    clock, ids, money, phone,
    state::{Collection, Outcome, Payout, State},
};

/// Numeric codes are sent as JSON numbers.
fn code_value(code: &str) -> Value {
    code.parse::<i64>().map_or_else(|_| json!(code), |number| json!(number))
}

pub(crate) fn collection_description(code: &str) -> &'static str {
    match code {
        "0" => "The service request is processed successfully.",
        "1" => "The balance is insufficient for the transaction.",
        "3" => "The amount is more than the maximum allowed for a transaction.",
        "4" => "The amount would exceed the daily limit.",
        "17" => "Rule limited.",
        "26" => "System busy. Try again in a short while.",
        "1032" => "Request cancelled by user.",
        "1037" => "No response from user.",
        "2001" => "The initiator information is invalid.",
        "2028" => "The request is not permitted according to product assignment.",
        _ => "The request failed.",
    }
}

/// Some descriptions of the query differ from those of the callback.
pub(crate) fn query_description(code: &str) -> &'static str {
    match code {
        "1032" => "Request Cancelled by user.",
        "1037" => "DS timeout user cannot be reached.",
        other => collection_description(other),
    }
}

/// `extra_cents` falsifies the amount.
pub(crate) fn stk_callback(ended: &Collection, outcome: &Outcome, extra_cents: i64) -> Value {
    let mut callback = json!({
        "MerchantRequestID": ended.merchant_id,
        "CheckoutRequestID": ended.checkout_id,
        "ResultCode": code_value(&outcome.code),
        "ResultDesc": collection_description(&outcome.code),
    });
    if outcome.paid() {
        let time: i64 = clock::eat_text(outcome.at_ms, "%Y%m%d%H%M%S").parse().unwrap_or_default();
        let phone: i64 = ended.phone.parse().unwrap_or_default();
        callback["CallbackMetadata"] = json!({ "Item": [
            { "Name": "Amount", "Value": money::json_decimal(ended.amount_cents.saturating_add(extra_cents)) },
            { "Name": "MpesaReceiptNumber", "Value": outcome.receipt },
            { "Name": "Balance" },
            { "Name": "TransactionDate", "Value": time },
            { "Name": "PhoneNumber", "Value": phone },
        ] });
    }
    json!({ "Body": { "stkCallback": callback } })
}

/// Builds the confirmation of a paybill payment, prompted or not. The number is masked.
pub(crate) fn c2b_confirmation(
    paid: &Bill<'_>,
    receipt: &str,
    (float_cents, short_code): (i64, &str),
    at_ms: i64,
) -> Value {
    let owner = phone::owner(paid.phone);
    let (first, last) = owner.split_once(' ').unwrap_or((&owner, ""));
    json!({
        "TransactionType": "Pay Bill",
        "TransID": receipt,
        "TransTime": clock::eat_text(at_ms, "%Y%m%d%H%M%S"),
        "TransAmount": money::plain(paid.amount_cents),
        "BusinessShortCode": short_code,
        "BillRefNumber": paid.reference,
        "InvoiceNumber": "",
        "OrgAccountBalance": money::plain(float_cents),
        "ThirdPartyTransID": "",
        "MSISDN": phone::masked(paid.phone),
        "FirstName": first,
        "MiddleName": "",
        "LastName": last,
    })
}

fn payout_description(code: &str) -> &'static str {
    match code {
        "0" => "The service request is processed successfully.",
        "1" => "The balance is insufficient for the transaction.",
        "3" => "The amount is more than the maximum allowed for a transaction.",
        "8" => "The balance would exceed the maximum of the credit party.",
        "20" => "The initiator is not known.",
        "26" => "System busy. Try again in a short while.",
        "2001" => "The initiator information is invalid.",
        "2040" => {
            "Credit Party customer type (Unregistered or Registered Customer) can't be supported by the service."
        }
        "SFC_IC0003" => "The operator does not exist.",
        _ => "The request failed.",
    }
}

pub(crate) fn b2c_result(
    ended: &Payout,
    outcome: &Outcome,
    float_cents: i64,
    extra_cents: i64,
) -> Value {
    let placeholder = || ids::placeholder_receipt(outcome.at_ms);
    let mut result = json!({
        "ResultType": 0,
        "ResultCode": code_value(&outcome.code),
        "ResultDesc": payout_description(&outcome.code),
        "OriginatorConversationID": ended.originator_id,
        "ConversationID": ended.conversation_id,
        "TransactionID": outcome.receipt.clone().unwrap_or_else(placeholder),
        "ReferenceData": { "ReferenceItem": { "Key": "QueueTimeoutURL", "Value": ended.timeout_url } },
    });
    let pair = |key: &str, value: Value| json!({ "Key": key, "Value": value });
    if outcome.paid() {
        let receiver = format!("{} - {}", ended.phone, phone::owner(&ended.phone).to_uppercase());
        let completed = clock::eat_text(outcome.at_ms, "%d.%m.%Y %H:%M:%S");
        let amount_cents = ended.amount_cents.saturating_add(extra_cents);
        result["ResultParameters"] = json!({ "ResultParameter": [
            pair("TransactionAmount", json!(amount_cents / 100)),
            pair("TransactionReceipt", json!(outcome.receipt)),
            pair("B2CRecipientIsRegisteredCustomer", json!("Y")),
            pair("B2CChargesPaidAccountAvailableFunds", money::json_decimal(0)),
            pair("ReceiverPartyPublicName", json!(receiver)),
            pair("TransactionCompletedDateTime", json!(completed)),
            pair("B2CUtilityAccountAvailableFunds", money::json_decimal(float_cents)),
            pair("B2CWorkingAccountAvailableFunds", money::json_decimal(0)),
        ] });
    } else if outcome.code == "1" {
        // A single parameter is sent as an object; other failures have no parameters.
        let time: i64 = clock::eat_text(outcome.at_ms, "%Y%m%d%H%M%S").parse().unwrap_or_default();
        result["ResultParameters"] =
            json!({ "ResultParameter": pair("BOCompletedTime", json!(time)) });
    }
    json!({ "Result": result })
}

/// Builds the body for QueueTimeOutURL, which does not tell whether the payment happened.
pub(crate) fn b2c_timeout(payout: &Payout) -> Value {
    json!({ "Result": {
        "ResultType": 0,
        "ResultCode": "1",
        "ResultDesc": "The service request timed out in the queue.",
        "OriginatorConversationID": payout.originator_id,
        "ConversationID": payout.conversation_id,
        "TransactionID": ids::placeholder_receipt(payout.created_ms),
    } })
}

/// Returns the true callback of a finished request and its address, without scripted faults.
pub(crate) fn true_delivery(state: &State, reference: &str) -> Option<crate::state::Delivery> {
    if let Some(collection) = state.collections.get(reference) {
        let body = stk_callback(collection, collection.outcome.as_ref()?, 0).to_string();
        let url = collection.callback_url.clone();
        return Some(crate::state::Delivery { reference: reference.to_owned(), url, body });
    }
    let payout = state.payouts.get(reference)?;
    let body = b2c_result(payout, payout.outcome.as_ref()?, state.core.float_cents, 0).to_string();
    let url = payout.result_url.clone();
    Some(crate::state::Delivery { reference: reference.to_owned(), url, body })
}
