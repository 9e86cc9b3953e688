//! OAuth tokens, and how each API rejects an invalid one.

use serde_json::json;

use crate::harness::{App, CUSTOMER};

#[tokio::test]
async fn a_new_token_ends_the_one_before_and_each_api_says_so_in_its_own_way() {
    let app = App::start().await;
    app.new_token().await;
    let stk = app.stk_body(CUSTOMER, json!(10));
    for (path, status, code) in [
        ("/mpesa/stkpush/v1/processrequest", 404, "404.001.03"),
        ("/mpesa/stkpushquery/v1/query", 404, "404.001.03"),
        ("/mpesa/b2c/v3/paymentrequest", 400, "400.003.01"),
    ] {
        let (got, body) = app.daraja(path, &stk).await;
        assert_eq!((got, body["errorCode"].as_str()), (status, Some(code)), "{path}");
    }
}

#[tokio::test]
async fn wrong_keys_and_grants_are_refused() {
    let app = App::start().await;
    let url = |query: &str| format!("{}/oauth/v1/generate{query}", app.base);
    let key = &app.credentials.consumer_key;
    let wrong = app.http.get(url("?grant_type=client_credentials")).basic_auth(key, Some("no"));
    let right = app.http.get(url("?grant_type=password")).basic_auth(key, Some("no"));
    for (request, code) in [(wrong, "400.008.01"), (right, "400.008.02")] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 400);
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(body["errorCode"], code);
        assert!(body["requestId"].is_string() && body["errorMessage"].is_string());
    }
}

#[tokio::test]
async fn unknown_paths_methods_and_an_absent_provider() {
    let app = App::start().await;
    let (status, body) = app.daraja("/mpesa/nothing/v1", &json!({})).await;
    assert_eq!((status, body["errorCode"].as_str()), (404, Some("404.001.01")));
    let get = app.http.get(format!("{}/mpesa/stkpush/v1/processrequest", app.base));
    assert_eq!(get.send().await.unwrap().status(), 405);

    app.post("/admin/provider", &json!({ "up": false })).await;
    let body = app.stk_body(CUSTOMER, json!(10));
    assert_eq!(app.daraja("/mpesa/stkpush/v1/processrequest", &body).await.0, 503);
    app.post("/admin/provider", &json!({ "up": true })).await;
    assert_eq!(app.daraja("/mpesa/stkpush/v1/processrequest", &body).await.0, 200);
}
