//! STK push and query: field rules, the customer's answers, and the callback format.

use serde_json::{Value, json};

use crate::harness::{App, CUSTOMER, item};

const STK: &str = "/mpesa/stkpush/v1/processrequest";

#[tokio::test]
async fn the_customer_pays_and_everybody_is_told() {
    let mut app = App::start().await;
    let checkout_id = app.push(CUSTOMER, 1520).await;
    assert!(checkout_id.starts_with("ws_CO_") && checkout_id.ends_with("712345678"));
    let prompts = app.get(&format!("/admin/prompts?phone={CUSTOMER}")).await;
    assert_eq!(prompts["prompts"][0]["checkout_id"], *checkout_id);
    assert_eq!(prompts["prompts"][0]["amount"], 152_000);
    assert_eq!(prompts["prompts"][0]["reference"], "AB12CD34");

    assert_eq!(app.answer_prompt(CUSTOMER, &json!({ "pin": "1234" })).await, "0");
    let callback = app.stk_callback().await;
    assert_eq!(callback["CheckoutRequestID"], *checkout_id);
    assert_eq!(callback["ResultCode"], 0);
    assert_eq!(item(&callback, "Amount")["Value"], json!(1520.0));
    assert_eq!(item(&callback, "PhoneNumber")["Value"], json!(254_712_345_678_u64));
    assert!(item(&callback, "Balance").get("Value").is_none());
    let receipt = item(&callback, "MpesaReceiptNumber")["Value"].as_str().unwrap();
    assert_eq!(receipt.len(), 10);
    let date = item(&callback, "TransactionDate")["Value"].as_i64().unwrap();
    assert_eq!(date.to_string().len(), 14);

    assert_eq!(app.final_code(&checkout_id).await, "0");
    assert_eq!(app.float_cents().await, 5_000_000 + 152_000);
    assert_eq!(app.balance_cents(CUSTOMER).await, 10_000_000 - 152_000);
    let sms = app.get("/admin/sms?to=0712345678").await;
    let text = sms["sms"][0]["text"].as_str().unwrap();
    assert!(text.contains(receipt) && text.contains("Ksh1,520.00"), "{text}");
    assert!(
        app.post(&format!("/admin/phones/{CUSTOMER}/answer"), &json!({ "pin": "1234" })).await.0
            == 404
    );
    app.no_callback().await;
}

#[tokio::test]
async fn amounts_come_as_number_text_or_float_and_unknown_keys_do_no_harm() {
    let app = App::start().await;
    for amount in [json!(1), json!("1"), json!(1.0), json!("1.00"), json!(250_000)] {
        let mut body = app.stk_body(CUSTOMER, amount.clone());
        body["BusinessShortCode"] = json!(600_977);
        body["Nonsense"] = json!([1]);
        assert_eq!(app.daraja(STK, &body).await.0, 200, "{amount}");
    }
    for amount in [json!(0), json!(-5), json!(1.5), json!("1,000"), json!(null), json!("")] {
        let (status, body) = app.daraja(STK, &app.stk_body(CUSTOMER, amount.clone())).await;
        assert_eq!(status, 400, "{amount}");
        assert_eq!(body["errorMessage"], "Bad Request - Invalid Amount");
    }
}

#[tokio::test]
async fn field_rules() {
    let app = App::start().await;
    let invalid = |field: &str| (400, "400.002.02", format!("Bad Request - Invalid {field}"));
    let merchant = |text: &str| (500, "500.001.1001", text.to_owned());
    let cases: [(&str, Value, (u16, &str, String)); 11] = [
        ("BusinessShortCode", json!("12"), invalid("BusinessShortCode")),
        ("BusinessShortCode", json!("600000"), merchant("Merchant does not exist")),
        ("Password", json!("eA=="), merchant("[MerchantValidate] - Wrong credentials")),
        ("Timestamp", json!("2026-11-21"), invalid("Timestamp")),
        ("TransactionType", json!("PayBill"), invalid("TransactionType")),
        ("PhoneNumber", json!("0712345678"), invalid("PhoneNumber")),
        ("PartyA", json!("+254712345678"), invalid("PartyA")),
        ("AccountReference", json!("THIRTEENCHARS"), invalid("AccountReference")),
        ("CallBackURL", json!("http://h/a b"), invalid("CallBackURL")),
        ("CallBackURL", json!("https://h/mPesa/x"), invalid("CallBackURL")),
        ("CallBackURL", json!("ftp://h/x"), invalid("CallBackURL")),
    ];
    for (field, value, (status, code, message)) in cases {
        let mut body = app.stk_body(CUSTOMER, json!(10));
        body[field] = value;
        let (got, body) = app.daraja(STK, &body).await;
        assert_eq!(got, status, "{field}: {body}");
        assert_eq!(body["errorCode"], code, "{field}");
        assert_eq!(body["errorMessage"], *message, "{field}");
    }
}

#[tokio::test]
async fn a_wrong_content_type_blames_the_first_field_and_broken_json_the_payload() {
    let app = App::start().await;
    let url = format!("{}{STK}", app.base);
    for (content_type, code, word) in [
        ("text/plain", "400.002.02", "BusinessShortCode"),
        ("application/json", "400.002.05", "Payload"),
    ] {
        let request =
            app.http.post(&url).bearer_auth(&app.token).header("content-type", content_type);
        let answer = request.body("{").send().await.unwrap();
        assert_eq!(answer.status(), 400);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["errorCode"], code);
        assert!(body["errorMessage"].as_str().unwrap().contains(word));
    }
}

#[tokio::test]
async fn a_pending_query_answers_in_two_ways_and_an_unknown_id_in_a_third() {
    let app = App::start().await;
    let checkout_id = app.push(CUSTOMER, 10).await;
    let (status, body) = app.query(&checkout_id).await;
    assert_eq!((status, body["ResultCode"].as_str()), (200, Some("4999")));
    let (status, body) = app.query(&checkout_id).await;
    assert_eq!((status, body["errorCode"].as_str()), (500, Some("500.001.1001")));
    assert_eq!(body["errorMessage"], "The transaction is being processed");
    let (status, body) = app.query("ws_CO_unknown").await;
    assert_eq!(status, 500);
    assert_eq!(body["errorMessage"], "The transaction does not Exist");
}

#[tokio::test]
async fn refusals_by_the_customer_the_balance_and_the_clock() {
    let mut app = App::start().await;
    app.put(&format!("/admin/customers/{CUSTOMER}"), &json!({ "balance": 5_000, "pin": "9876" }))
        .await;
    for (answer, code) in [
        (Some(json!({ "cancel": true })), 1032),
        (Some(json!({ "pin": "1234" })), 2001),
        (Some(json!({ "pin": "9876" })), 1),
        (None, 1037),
    ] {
        let checkout_id = app.push(CUSTOMER, 51).await;
        if let Some(answer) = answer {
            assert_eq!(app.answer_prompt(CUSTOMER, &answer).await, code.to_string());
        }
        let callback = app.stk_callback().await;
        assert_eq!(callback["ResultCode"], code);
        assert!(callback.get("CallbackMetadata").is_none());
        assert_eq!(app.final_code(&checkout_id).await, code.to_string());
    }
    assert_eq!(app.balance_cents(CUSTOMER).await, 5_000);
    assert_eq!(app.float_cents().await, 5_000_000);
}

#[tokio::test]
async fn limits_per_transaction_per_day_and_for_repeats() {
    let mut app = App::start().await;
    app.put(&format!("/admin/customers/{CUSTOMER}"), &json!({ "balance": 90_000_000 })).await;
    app.push(CUSTOMER, 250_001).await;
    assert_eq!(app.stk_callback().await["ResultCode"], 3);
    for code in ["0", "0", "4"] {
        app.push(CUSTOMER, 250_000).await;
        assert_eq!(app.answer_prompt(CUSTOMER, &json!({ "pin": "1234" })).await, code);
        app.stk_callback().await;
    }
    app.post("/admin/provider", &json!({ "up": true, "repeat_guard": true })).await;
    let other = "254110000001";
    app.push(other, 70).await;
    app.push(other, 70).await;
    assert_eq!(app.stk_callback().await["ResultCode"], 17);
}
