//! Collections and status queries over HTTP.

use crate::listener::{Answer, Listener, Request, say};
use crate::{ACCEPTED, CALLBACK_TOKEN, collect, kes, mpesa, now};
use amana_domain::payment::{Claim, Evidence, FailureReason, Source};
use amana_domain::phone::Msisdn;
use amana_mpesa::{Collect, MpesaError};
use serde_json::json;

fn answered(claim: Claim, reference: Option<&str>) -> Evidence {
    Evidence { source: Source::Answer, claim, reference: reference.map(str::to_owned) }
}

#[tokio::test]
async fn a_prompt_is_asked_for_as_daraja_wants_it() {
    let listener = Listener::with_tokens(|_, _| say(200, ACCEPTED)).await;
    let told = mpesa(&listener.url).collect(&collect()).await.unwrap();
    assert_eq!(told.evidence, Some(answered(Claim::Accepted, Some("ws_CO_1"))));
    assert_eq!((told.exchange.status, told.exchange.body.as_str()), (Some(200), ACCEPTED));
    for withheld in ["Password", "CallBackURL"] {
        assert_eq!(told.exchange.request.get(withheld), None);
    }
    let [request] = <[Request; 1]>::try_from(listener.calls()).unwrap();
    assert_eq!(request.target, "/mpesa/stkpush/v1/processrequest");
    assert_eq!(request.header("authorization"), Some("Bearer t0"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(
        request.json(),
        json!({
            "BusinessShortCode": "600123",
            // base64 of 600123 + passkey + 20261121071600
            "Password": "NjAwMTIzcGFzc2tleTIwMjYxMTIxMDcxNjAw",
            "Timestamp": "20261121071600",
            "TransactionType": "CustomerPayBillOnline",
            "Amount": 1500,
            "PartyA": "254708374149",
            "PartyB": "600123",
            "PhoneNumber": "254708374149",
            "CallBackURL": format!("http://127.0.0.1:9/hooks/v1/callbacks/c/{CALLBACK_TOKEN}"),
            "AccountReference": "AMANA1",
            "TransactionDesc": "Deal payment",
        })
    );
}

#[tokio::test]
async fn an_answer_that_does_not_arrive_whole_is_lost() {
    let long = "x".repeat(65 * 1024);
    let scripts: [fn(&str) -> Answer; 4] = [
        |_| Answer::Vanish,
        |_| Answer::CutOff(ACCEPTED),
        |long| say(200, long),
        |_| say(200, "<html>"),
    ];
    for script in scripts {
        let long = long.clone();
        let listener = Listener::with_tokens(move |_, _| script(&long)).await;
        let told = mpesa(&listener.url).collect(&collect()).await.unwrap();
        assert_eq!(told.evidence, Some(answered(Claim::Lost, None)));
        assert_eq!(listener.calls().len(), 1, "a request that may have arrived is never repeated");
    }
}

#[tokio::test]
async fn a_refusal_is_evidence_and_a_busy_system_is_not() {
    let refused =
        r#"{"errorCode":"400.002.02","errorMessage":"Bad Request - Invalid Amount\u0000"}"#;
    let listener = Listener::with_tokens(move |_, before| match before {
        0 => say(400, refused),
        _ => say(500, r#"{"errorCode":"500.003.02","errorMessage":"System is busy."}"#),
    })
    .await;
    let mpesa = mpesa(&listener.url);
    let told = mpesa.collect(&collect()).await.unwrap();
    let claim = Claim::Failed { reason: FailureReason::Rejected };
    assert_eq!(told.evidence, Some(answered(claim, None)));
    let error = mpesa.collect(&collect()).await.unwrap_err();
    assert!(matches!(error, MpesaError::Unavailable { .. }) && error.is_temporary());
    assert_eq!(error.exchange().and_then(|exchange| exchange.status), Some(500));
}

#[tokio::test]
async fn a_refused_connection_is_no_evidence() {
    let listener = Listener::with_tokens(|_, _| say(200, ACCEPTED)).await;
    let mpesa = mpesa(&listener.url);
    mpesa.collect(&collect()).await.unwrap();
    listener.stop().await;
    let error = mpesa.collect(&collect()).await.unwrap_err();
    assert!(matches!(error, MpesaError::Unavailable { exchange: Some(_), .. }), "{error:?}");
}

#[tokio::test]
async fn what_breaks_the_rules_is_not_sent() {
    let listener = Listener::with_tokens(|_, _| say(200, ACCEPTED)).await;
    let mpesa = mpesa(&listener.url);
    let foreign = Msisdn::parse("255708374149").unwrap();
    for bad in [
        Collect { amount: kes(150_050), ..collect() },
        Collect { amount: kes(0), ..collect() },
        Collect { msisdn: &foreign, ..collect() },
        Collect { account_reference: "", ..collect() },
        Collect { account_reference: "AMANA-1", ..collect() },
        Collect { account_reference: "AMANA12345678", ..collect() },
        Collect { description: "far too long a text", ..collect() },
        Collect { callback_path_token: "guessable", ..collect() },
    ] {
        let error = mpesa.collect(&bad).await.unwrap_err();
        assert!(matches!(error, MpesaError::Invalid { .. }) && !error.is_temporary());
    }
    assert_eq!((listener.token_calls(), listener.calls().len()), (0, 0));
}

#[tokio::test]
async fn a_query_tells_the_end_or_nothing() {
    let listener = Listener::with_tokens(|_, before| match before {
        0 => say(500, r#"{"errorCode":"500.001.1001","errorMessage":"is being processed"}"#),
        1 => say(200, r#"{"CheckoutRequestID":"ws_CO_1","ResultCode":"4999"}"#),
        2 => say(200, r#"{"CheckoutRequestID":"ws_CO_1","ResultCode":"0"}"#),
        _ => Answer::Vanish,
    })
    .await;
    let mpesa = mpesa(&listener.url);
    for _ in 0..2 {
        assert_eq!(mpesa.query("ws_CO_1", now()).await.unwrap().evidence, None);
    }
    let told = mpesa.query("ws_CO_1", now()).await.unwrap();
    let claim = Claim::Succeeded { receipt: None, amount: None };
    let reference = Some("ws_CO_1".to_owned());
    assert_eq!(told.evidence, Some(Evidence { source: Source::Query, claim, reference }));
    let error = mpesa.query("ws_CO_1", now()).await.unwrap_err();
    assert!(matches!(error, MpesaError::Unavailable { .. }), "{error:?}");
    let request = &listener.calls()[0];
    assert_eq!(request.target, "/mpesa/stkpushquery/v1/query");
    let sent = request.json();
    assert_eq!(sent["CheckoutRequestID"], "ws_CO_1");
    assert_eq!(sent["Timestamp"], "20261121071600");
}

#[test]
fn nothing_secret_is_printed() {
    let mpesa = mpesa(&url::Url::parse("http://127.0.0.1:9").unwrap());
    let shown = format!("{mpesa:?} {:?}", collect());
    for secret in ["passkey", "Initiator#1", "\"secret\"", "254708374149", "BEGIN"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
