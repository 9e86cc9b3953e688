//! B2C payouts: result format, refusals, idempotency key and faults.

use serde_json::{Value, json};

use crate::harness::{App, CUSTOMER, parameter};

const B2C: &str = "/mpesa/b2c/v3/paymentrequest";
const OPENING: i64 = 5_000_000;

#[tokio::test]
async fn a_payout_moves_money_once_and_its_id_is_taken() {
    let mut app = App::start().await;
    let (status, body) = app.pay_out("po-1", CUSTOMER, 1500).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["OriginatorConversationID"], "po-1");
    assert!(body["ConversationID"].as_str().unwrap().starts_with("AG_"));
    let result = app.b2c_result().await;
    assert_eq!(result["ResultCode"], 0);
    assert_eq!(result["ConversationID"], body["ConversationID"]);
    assert_eq!(parameter(&result, "TransactionAmount"), &json!(1500));
    assert_eq!(parameter(&result, "TransactionReceipt"), &result["TransactionID"]);
    assert_eq!(parameter(&result, "B2CUtilityAccountAvailableFunds"), &json!(48_500.0));
    let receiver = parameter(&result, "ReceiverPartyPublicName").as_str().unwrap();
    assert!(receiver.starts_with("254712345678 - "));

    let (status, body) = app.pay_out("po-1", CUSTOMER, 1500).await;
    assert_eq!((status, body["errorCode"].as_str()), (500, Some("500.002.1001")));
    app.no_callback().await;
    assert_eq!(app.float_cents().await, OPENING - 150_000);
    assert_eq!(app.balance_cents(CUSTOMER).await, 10_000_000 + 150_000);
}

#[tokio::test]
async fn refusals_come_as_results_with_the_shapes_of_failure() {
    let mut app = App::start().await;
    let mut wrong = app.b2c_body("po-wrong", CUSTOMER, 100).await;
    wrong["SecurityCredential"] = json!(app.security_credential("guess").await);
    let mut garbage = app.b2c_body("po-garbage", CUSTOMER, 100).await;
    garbage["SecurityCredential"] = json!("not base64");
    let mut stranger = app.b2c_body("po-stranger", CUSTOMER, 100).await;
    stranger["InitiatorName"] = json!("nobody");
    let cases = [
        (wrong, json!(2001)),
        (garbage, json!(2001)),
        (stranger, json!(20)),
        (app.b2c_body("po-small", CUSTOMER, 9).await, json!(2)),
        (app.b2c_body("po-huge", CUSTOMER, 250_001).await, json!(3)),
        (app.b2c_body("po-short", CUSTOMER, 60_000).await, json!(1)),
        (app.b2c_body("po-number", "254900000000", 100).await, json!("SFC_IC0003")),
        (app.b2c_body("po-unregistered", "254700000116", 100).await, json!(2040)),
        (app.b2c_body("po-nofunds", "254700000104", 100).await, json!(1)),
    ];
    for (body, code) in cases {
        assert_eq!(app.daraja(B2C, &body).await.0, 200, "{code}");
        let result = app.b2c_result().await;
        assert_eq!(result["ResultCode"], code);
        assert!(result["TransactionID"].as_str().unwrap().ends_with("0000000"));
        let parameters = &result["ResultParameters"]["ResultParameter"];
        assert!(if code == 1 { parameters.is_object() } else { parameters.is_null() });
    }
    assert_eq!(app.float_cents().await, OPENING);
}

#[tokio::test]
async fn field_rules() {
    let app = App::start().await;
    for (field, value) in [
        ("OriginatorConversationID", json!("")),
        ("CommandID", json!("Pay")),
        ("Amount", json!("10.50")),
        ("PartyA", json!("600000")),
        ("PartyB", json!("0712345678")),
        ("Remarks", json!("x")),
        ("ResultURL", json!("nowhere")),
        ("QueueTimeOutURL", Value::Null),
        ("Occassion", json!("x".repeat(101))),
    ] {
        let mut body = app.b2c_body("po-1", CUSTOMER, 100).await;
        body[field] = value;
        let (status, body) = app.daraja(B2C, &body).await;
        assert_eq!(status, 400, "{field}");
        assert_eq!(body["errorMessage"], format!("Bad Request - Invalid {field}"));
    }
}

#[tokio::test]
async fn results_lost_late_twice_early_or_broken_and_answers_lost() {
    let mut app = App::start().await;
    let pay = async |app: &App, fault: u8| {
        app.pay_out(&format!("po-{fault}"), &format!("2547000001{fault:02}"), 100).await
    };
    assert_eq!(pay(&app, 5).await.0, 200);
    app.no_callback().await;
    assert_eq!(pay(&app, 7).await.0, 200);
    assert_eq!(app.b2c_result().await, app.b2c_result().await);
    assert_eq!(pay(&app, 8).await.0, 200);
    assert!(app.callback_already_here());
    app.b2c_result().await;
    assert_eq!(pay(&app, 9).await.0, 0);
    assert_eq!(app.b2c_result().await["ResultCode"], 0);
    assert!(pay(&app, 14).await.1.is_string());
    assert_eq!(app.b2c_result().await["ResultCode"], 0);
    assert_eq!(pay(&app, 11).await.0, 200);
    assert!(serde_json::from_str::<Value>(&app.callback_text().await.1).is_err());
    assert_eq!(pay(&app, 13).await.0, 200);
    assert_eq!(parameter(&app.b2c_result().await, "TransactionAmount"), &json!(101));

    assert_eq!(pay(&app, 17).await.0, 200);
    assert_eq!(app.callback_text().await.0, "/timeout");
    assert_eq!(app.b2c_result().await["ResultCode"], 0);

    let (status, _) = pay(&app, 10).await;
    assert_eq!(status, 500);
    app.no_callback().await;
    // A failed request without effect does not use up its id.
    assert_eq!(app.get("/admin/payouts?phone=254700000110").await["payouts"], json!([]));
    assert_eq!(app.float_cents().await, OPENING - 8 * 10_000);
}
