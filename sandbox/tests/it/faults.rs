//! Each fault, triggered by phone number and by rule.

use std::time::Instant;

use serde_json::{Value, json};

use crate::harness::{App, CUSTOMER, item};

const STK: &str = "/mpesa/stkpush/v1/processrequest";

fn number(fault: u8) -> String {
    format!("2547000001{fault:02}")
}

/// Returns the outcome of the only collection of a number, as the sandbox recorded it.
async fn truth(app: &App, phone: &str) -> Value {
    let list = app.get(&format!("/admin/collections?phone={phone}")).await;
    assert_eq!(list["collections"].as_array().unwrap().len(), 1);
    list["collections"][0].clone()
}

#[tokio::test]
async fn customers_who_refuse_by_themselves() {
    let mut app = App::start().await;
    for (fault, code) in [(1, 1032), (2, 1037), (3, 2001), (4, 1), (15, 17)] {
        let checkout_id = app.push(&number(fault), 100).await;
        let prompts = app.get(&format!("/admin/prompts?phone={}", number(fault))).await;
        assert_eq!(prompts["prompts"], json!([]), "the phone shows no prompt");
        assert_eq!(app.stk_callback().await["ResultCode"], code);
        assert_eq!(app.final_code(&checkout_id).await, code.to_string());
    }
    assert_eq!(app.float_cents().await, 5_000_000);
}

#[tokio::test]
async fn callbacks_lost_late_twice_early_wrong_or_broken() {
    let mut app = App::start().await;
    let lost = app.push(&number(5), 100).await;
    assert_eq!(app.final_code(&lost).await, "0");
    app.no_callback().await;

    let started = Instant::now();
    app.push(&number(6), 100).await;
    app.stk_callback().await;
    assert!(started.elapsed().as_millis() >= 400);

    app.push(&number(7), 100).await;
    let (first, second) = (app.callback_text().await, app.callback_text().await);
    assert_eq!(first, second);

    let early = app.push(&number(8), 100).await;
    assert!(app.callback_already_here(), "expected the callback before the answer");
    assert_eq!(app.stk_callback().await["CheckoutRequestID"], *early);

    let malformed = app.push(&number(11), 100).await;
    assert!(serde_json::from_str::<Value>(&app.callback_text().await.1).is_err());
    assert_eq!(app.final_code(&malformed).await, "0");

    app.push(&number(13), 100).await;
    assert_eq!(item(&app.stk_callback().await, "Amount")["Value"], json!(101.0));
    assert_eq!(app.float_cents().await, 5_000_000 + 6 * 10_000);
    app.no_callback().await;
}

#[tokio::test]
async fn answers_lost_and_malformed_but_the_work_is_done() {
    let mut app = App::start().await;
    for fault in [9, 14] {
        let phone = number(fault);
        let (status, body) = app.daraja(STK, &app.stk_body(&phone, json!(100))).await;
        assert_eq!(status, if fault == 9 { 0 } else { 200 });
        assert!(body.get("CheckoutRequestID").is_none());
        assert_eq!(app.stk_callback().await["ResultCode"], 0);
        assert_eq!(truth(&app, &phone).await["outcome"]["result_code"], "0");
    }
    assert_eq!(app.float_cents().await, 5_000_000 + 2 * 10_000);
}

#[tokio::test]
async fn server_errors_leave_nothing_behind() {
    let mut app = App::start().await;
    for (fault, code) in [(10, "500.003.1001"), (18, "500.003.02")] {
        let phone = number(fault);
        let (status, body) = app.daraja(STK, &app.stk_body(&phone, json!(100))).await;
        assert_eq!((status, body["errorCode"].as_str()), (500, Some(code)));
        let list = app.get(&format!("/admin/collections?phone={phone}")).await;
        assert_eq!(list["collections"], json!([]));
    }
    app.no_callback().await;
}

#[tokio::test]
async fn queries_that_waver_or_contradict_the_callback() {
    let mut app = App::start().await;
    let unsteady = app.push(&number(19), 100).await;
    app.stk_callback().await;
    let mut codes = Vec::new();
    for _ in 0..2 {
        let (status, body) = app.query(&unsteady).await;
        assert_eq!(status, 200);
        codes.push(body["ResultCode"].as_str().unwrap_or("none").to_owned());
    }
    assert_eq!(codes, ["none", "0"]);
    let contradicts = app.push(&number(20), 100).await;
    assert_eq!(app.stk_callback().await["ResultCode"], 0);
    assert_eq!(app.final_code(&contradicts).await, "1032");
}

#[tokio::test]
async fn a_rule_applies_to_its_number_as_often_as_it_says() {
    let mut app = App::start().await;
    let rule = json!({ "phone": "0712345678", "fault": "callback_lost", "count": 1 });
    assert_eq!(app.post("/admin/faults", &rule).await.0, 201);
    let lost = app.push(CUSTOMER, 100).await;
    // A delivery rule does not answer the prompt; the customer still has to.
    app.answer_prompt(CUSTOMER, &json!({ "pin": "1234" })).await;
    app.no_callback().await;
    let (status, body) = app.post(&format!("/admin/callbacks/{lost}/resend"), &Value::Null).await;
    assert_eq!((status, body["outcome"].as_str()), (200, Some("200")));
    assert_eq!(app.stk_callback().await["ResultCode"], 0);

    app.push(CUSTOMER, 100).await;
    app.answer_prompt(CUSTOMER, &json!({ "cancel": true })).await;
    assert_eq!(app.stk_callback().await["ResultCode"], 1032);

    app.post("/admin/faults", &json!({ "phone": CUSTOMER, "fault": "approve" })).await;
    for _ in 0..2 {
        app.push(CUSTOMER, 100).await;
        assert_eq!(app.stk_callback().await["ResultCode"], 0);
    }
    let cleared = app.http.delete(format!("{}/admin/faults", app.base)).send().await.unwrap();
    assert_eq!(cleared.status(), 204);
    assert_eq!(app.get("/admin/faults").await["rules"], json!([]));
}

#[tokio::test]
async fn a_rule_for_payouts_leaves_collections_alone() {
    let mut app = App::start().await;
    let rule =
        json!({ "phone": CUSTOMER, "fault": "callback_twice", "only": "payout", "count": 1 });
    assert_eq!(app.post("/admin/faults", &rule).await.0, 201);
    app.push(CUSTOMER, 100).await;
    app.answer_prompt(CUSTOMER, &json!({ "pin": "1234" })).await;
    app.stk_callback().await;
    app.no_callback().await;
    app.pay_out("po-1", CUSTOMER, 100).await;
    assert_eq!(app.b2c_result().await, app.b2c_result().await);
}

#[tokio::test]
async fn bad_rules_are_refused() {
    let app = App::start().await;
    for rule in [
        json!({ "phone": "12", "fault": "cancel" }),
        json!({ "phone": CUSTOMER, "fault": "nonsense" }),
        json!({ "phone": CUSTOMER, "fault": "cancel", "count": 0 }),
        json!({ "phone": CUSTOMER, "fault": "cancel", "times": 1 }),
    ] {
        assert_eq!(app.post("/admin/faults", &rule).await.0, 400, "{rule}");
    }
}
