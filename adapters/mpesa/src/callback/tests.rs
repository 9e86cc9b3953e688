//! Callbacks as M-Pesa sends them, and known variations.

use super::*;
use crate::amount::money;
use amana_domain::payment::FailureReason;
use proptest::prelude::*;

const PAID: &str = r#"{"Body":{"stkCallback":{"MerchantRequestID":"29115-1","CheckoutRequestID":"ws_CO_1",
    "ResultCode":0,"ResultDesc":"ok","CallbackMetadata":{"Item":[
    {"Name":"Amount","Value":1520.00},{"Name":"MpesaReceiptNumber","Value":"UKL7ABC123"},
    {"Name":"Balance"},{"Name":"TransactionDate","Value":20261121071600},
    {"Name":"PhoneNumber","Value":254708374149}]}}}}"#;

const PAID_OUT: &str = r#"{"Result":{"ResultType":0,"ResultCode":0,"ResultDesc":"ok",
    "OriginatorConversationID":"pay_1","ConversationID":"AG_1","TransactionID":"UKL7ABC124",
    "ResultParameters":{"ResultParameter":[{"Key":"TransactionAmount","Value":10},
    {"Key":"TransactionReceipt","Value":"UKL7ABC124"},
    {"Key":"ReceiverPartyPublicName","Value":"2547... - A B"}]},
    "ReferenceData":{"ReferenceItem":{"Key":"QueueTimeoutURL","Value":"x"}}}}"#;

fn success(receipt: &str, minor: i64) -> Claim {
    Claim::Succeeded { receipt: Some(receipt.into()), amount: money(minor) }
}

fn evidence(claim: Claim, reference: &str) -> Evidence {
    Evidence { source: Source::Callback, claim, reference: Some(reference.into()) }
}

#[test]
fn a_paid_collection() {
    assert_eq!(
        parse_collection(PAID.as_bytes()),
        Ok(evidence(success("UKL7ABC123", 152_000), "ws_CO_1"))
    );
}

#[test]
fn shapes_of_a_paid_collection_that_mean_the_same() {
    for (from, to) in [
        (r#""ResultCode":0"#, r#""ResultCode":"0""#),
        ("1520.00", "1520"),
        ("1520.00", r#""1520.0""#),
        ("254708374149", r#""2547****149""#),
        (r#","Value":254708374149"#, ""),
        (r#"{"Name":"Balance"},"#, ""),
        (r#"{"Name":"Balance"}"#, r#"{"Name":"Balance","Value":null,"New":[{}]}"#),
        ("UKL7ABC123", " ukl7abc123 "),
        (r#""Body":{"#, r#""Extra":1,"Body":{"More":null,"#),
    ] {
        let body = PAID.replace(from, to);
        assert_ne!(body, PAID, "{from}");
        let read = parse_collection(body.as_bytes());
        assert_eq!(read, Ok(evidence(success("UKL7ABC123", 152_000), "ws_CO_1")), "{to}");
    }
}

#[test]
fn a_success_that_does_not_say_enough_is_not_believed() {
    for (from, to, field) in [
        ("1520.00", "1520.005", "Amount"),
        ("1520.00", "-5", "Amount"),
        ("1520.00", "null", "Amount"),
        ("1520.00", "[1520]", "Amount"),
        (r#""Amount""#, r#""Amt""#, "Amount"),
        ("UKL7ABC123", "", "MpesaReceiptNumber"),
        ("UKL7ABC123", r"UKL7\u0000", "MpesaReceiptNumber"),
        (r#""ws_CO_1""#, "null", "CheckoutRequestID"),
        (r#""ResultCode":0,"#, "", "ResultCode"),
    ] {
        let body = PAID.replace(from, to);
        assert_eq!(parse_collection(body.as_bytes()), Err(CallbackError::Field(field)), "{to}");
    }
}

#[test]
fn a_single_item_may_stand_in_place_of_the_list() {
    let body = r#"{"Body":{"stkCallback":{"CheckoutRequestID":"ws_CO_1","ResultCode":"0",
        "CallbackMetadata":{"Item":{"Name":"MpesaReceiptNumber","Value":"UKL7ABC123"}}}}}"#;
    assert_eq!(parse_collection(body.as_bytes()), Err(CallbackError::Field("Amount")));
}

#[test]
fn collections_that_were_not_paid() {
    let failed = |reason| Claim::Failed { reason };
    for (code, claim) in [
        ("1032", failed(FailureReason::CancelledByPayer)),
        (r#""1037""#, failed(FailureReason::NoAnswer)),
        ("2001", failed(FailureReason::WrongPin)),
        (r#""SFC_IC0003""#, failed(FailureReason::Rejected)),
        ("4999", Claim::Accepted),
        ("1050", Claim::Unclear { code: "1050".into() }),
    ] {
        let body = format!(
            r#"{{"Body":{{"stkCallback":{{"CheckoutRequestID":"ws_CO_1","ResultCode":{code},"ResultDesc":"x"}}}}}}"#
        );
        assert_eq!(parse_collection(body.as_bytes()), Ok(evidence(claim, "ws_CO_1")), "{code}");
    }
}

#[test]
fn a_paid_payout_in_its_shapes() {
    let paid = Ok(evidence(success("UKL7ABC124", 1_000), "AG_1"));
    assert_eq!(parse_payout_result(PAID_OUT.as_bytes()), paid);
    for (from, to) in [
        (r#""ResultCode":0"#, r#""ResultCode":"0""#),
        (r#""ResultType":0"#, r#""ResultType":"0""#),
        (r#""Value":10}"#, r#""Value":"10.00"}"#),
        // The transaction id is the receipt, if the payout was paid.
        (r#"{"Key":"TransactionReceipt","Value":"UKL7ABC124"}"#, r#"{"Key":"TransactionReceipt"}"#),
        (r#"{"ReferenceItem":{"#, r#"{"ReferenceItem":[{"#),
    ] {
        let body = PAID_OUT.replace(from, to).replace(
            r#""x"}}}"#,
            match to {
                r#"{"ReferenceItem":[{"# => r#""x"}]}}"#,
                _ => r#""x"}}}"#,
            },
        );
        assert_ne!(body, PAID_OUT, "{from}");
        assert_eq!(parse_payout_result(body.as_bytes()), paid, "{to}");
    }
    let without = PAID_OUT.replace("TransactionAmount", "Other");
    assert_eq!(
        parse_payout_result(without.as_bytes()),
        Err(CallbackError::Field("TransactionAmount"))
    );
}

#[test]
fn payouts_that_were_not_paid() {
    for parameters in [
        "",
        r#","ResultParameters":{"ResultParameter":{"Key":"BOCompletedTime","Value":20261121071600}}"#,
        r#","ResultParameters":"""#,
        r#","ResultParameters":null,"ReferenceData":{}"#,
    ] {
        let body = format!(
            r#"{{"Result":{{"ResultCode":"2001","ConversationID":"AG_1","TransactionID":"OAK0000000"{parameters}}}}}"#
        );
        let claim = Claim::Failed { reason: FailureReason::Rejected };
        assert_eq!(parse_payout_result(body.as_bytes()), Ok(evidence(claim, "AG_1")), "{body}");
    }
    let internal = r#"{"Result":{"ResultCode":17,"ConversationID":"AG_1"}}"#;
    let claim = Claim::Unclear { code: "17".into() };
    assert_eq!(parse_payout_result(internal.as_bytes()), Ok(evidence(claim, "AG_1")));
}

#[test]
fn a_time_out_never_says_more_than_that() {
    assert_eq!(parse_payout_timeout(PAID_OUT.as_bytes()), Ok(evidence(Claim::Lost, "AG_1")));
    for body in ["{}", r#"{"Result":null}"#, r#"{"Result":"x"}"#, r#"{"Result":{"ResultCode":[]}}"#]
    {
        let lost = Evidence { source: Source::Callback, claim: Claim::Lost, reference: None };
        assert_eq!(parse_payout_timeout(body.as_bytes()), Ok(lost), "{body}");
    }
    assert_eq!(parse_payout_timeout(b"[]"), Err(CallbackError::Shape));
}

#[test]
fn what_is_not_the_expected_object_is_refused() {
    for body in ["", "null", "[]", "0", "{", "{}", r#"{"Body":[]}"#, r#"{"Body":{}}"#, "\u{feff}{}"]
    {
        assert_eq!(parse_collection(body.as_bytes()), Err(CallbackError::Shape), "{body}");
        assert_eq!(parse_payout_result(body.as_bytes()), Err(CallbackError::Shape), "{body}");
    }
    let deep = format!(r#"{{"Body":{}"#, "[".repeat(100_000));
    assert_eq!(parse_collection(deep.as_bytes()), Err(CallbackError::Shape));
}

/// Replaces some bytes of a callback, which reaches more branches of the parser than random bytes.
fn damaged(body: &'static str) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec((0..body.len(), any::<u8>()), 0..6).prop_map(move |changes| {
        let mut bytes = body.as_bytes().to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        bytes
    })
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(
        noise in prop::collection::vec(any::<u8>(), 0..200),
        collection in damaged(PAID),
        payout in damaged(PAID_OUT),
    ) {
        for body in [noise, collection, payout] {
            let _ = parse_collection(&body);
            let _ = parse_payout_result(&body);
            let _ = parse_payout_timeout(&body);
        }
    }
}
