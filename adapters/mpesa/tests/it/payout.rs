//! Payouts over HTTP.

use crate::listener::{Answer, Listener, say};
use crate::{CALLBACK_TOKEN, MSISDN, kes, mpesa};
use amana_domain::payment::Claim;
use amana_mpesa::{MpesaError, Payout};
use serde_json::json;

fn payout() -> Payout<'static> {
    Payout {
        amount: kes(100_000),
        msisdn: &MSISDN,
        originator: "pay_00000000000000000000000000000007",
        remarks: "Withdrawal",
        callback_path_token: CALLBACK_TOKEN,
    }
}

#[tokio::test]
async fn a_payout_is_ordered_as_daraja_wants_it() {
    let accepted = r#"{"ConversationID":"AG_20261121_1","ResponseCode":"0"}"#;
    let listener = Listener::with_tokens(move |_, _| say(200, accepted)).await;
    let told = mpesa(&listener.url).pay_out(&payout()).await.unwrap();
    let evidence = told.evidence.unwrap();
    assert_eq!(evidence.claim, Claim::Accepted);
    assert_eq!(evidence.reference.as_deref(), Some("AG_20261121_1"));
    for withheld in ["SecurityCredential", "ResultURL", "QueueTimeOutURL"] {
        assert_eq!(told.exchange.request.get(withheld), None);
    }
    let request = listener.calls().remove(0);
    assert_eq!(request.target, "/mpesa/b2c/v3/paymentrequest");
    let mut sent = request.json();
    let credential = sent.as_object_mut().unwrap().remove("SecurityCredential").unwrap();
    assert_eq!(credential.as_str().unwrap().len(), 344);
    assert_eq!(
        sent,
        json!({
            "OriginatorConversationID": "pay_00000000000000000000000000000007",
            "InitiatorName": "amana",
            "CommandID": "BusinessPayment",
            "Amount": 1000,
            "PartyA": "600123",
            "PartyB": "254708374149",
            "Remarks": "Withdrawal",
            "QueueTimeOutURL": format!("http://127.0.0.1:9/hooks/v1/callbacks/t/{CALLBACK_TOKEN}"),
            "ResultURL": format!("http://127.0.0.1:9/hooks/v1/callbacks/p/{CALLBACK_TOKEN}"),
            "Occassion": "Withdrawal",
        })
    );
}

#[tokio::test]
async fn after_a_lost_answer_the_duplicate_proves_that_it_arrived() {
    let duplicate =
        r#"{"errorCode":"500.002.1001","errorMessage":"Duplicate OriginatorConversationID."}"#;
    let listener = Listener::with_tokens(move |_, before| match before {
        0 => Answer::Vanish,
        _ => say(500, duplicate),
    })
    .await;
    let mpesa = mpesa(&listener.url);
    let first = mpesa.pay_out(&payout()).await.unwrap();
    assert_eq!(first.evidence.map(|evidence| evidence.claim), Some(Claim::Lost));
    let second = mpesa.pay_out(&payout()).await.unwrap();
    assert_eq!(second.evidence.map(|evidence| evidence.claim), Some(Claim::Accepted));
    let sent: Vec<_> =
        listener.calls().iter().map(|r| r.json()["OriginatorConversationID"].clone()).collect();
    assert_eq!(sent[0], sent[1]);
}

#[tokio::test]
async fn what_breaks_the_rules_is_not_sent() {
    let listener = Listener::with_tokens(|_, _| say(200, "{}")).await;
    let mpesa = mpesa(&listener.url);
    for bad in [
        Payout { amount: kes(1), ..payout() },
        Payout { originator: "", ..payout() },
        Payout { originator: "with space", ..payout() },
        Payout { remarks: "x", ..payout() },
        Payout { callback_path_token: "", ..payout() },
    ] {
        let error = mpesa.pay_out(&bad).await.unwrap_err();
        assert!(matches!(error, MpesaError::Invalid { .. }), "{error:?}");
    }
    assert_eq!(listener.calls().len(), 0);
}
