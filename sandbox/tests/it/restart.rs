//! State that survives a restart of the process.

use serde_json::json;

use crate::harness::{App, CUSTOMER, settings};

#[tokio::test]
async fn everything_but_the_token_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = settings();
    settings.data = Some(dir.path().to_owned());
    settings.prompt_timeout = std::time::Duration::from_secs(60);

    let mut app = App::start_with(settings.clone()).await;
    app.push("254700000112", 1520).await;
    app.stk_callback().await;
    let waiting = app.push(CUSTOMER, 80).await;
    let rule = json!({ "phone": CUSTOMER, "fault": "callback_lost", "count": 3 });
    app.post("/admin/faults", &rule).await;
    let credential = app.security_credential(&app.credentials.initiator_password).await;
    let (float, statement) = (
        app.float_cents().await,
        app.get_text("/portal/statement.csv?to=2100-01-01T00:00:00Z").await,
    );
    let old_token = app.token.clone();
    app.stop().await;

    let mut app = App::start_with(settings).await;
    assert_ne!(app.token, old_token);
    assert_eq!(app.float_cents().await, float);
    assert_eq!(app.get_text("/portal/statement.csv?to=2100-01-01T00:00:00Z").await, statement);
    assert_eq!(app.get("/admin/faults").await["rules"][0]["count"], 3);
    let mut payout = app.b2c_body("po-1", CUSTOMER, 100).await;
    payout["SecurityCredential"] = json!(credential);
    app.daraja("/mpesa/b2c/v3/paymentrequest", &payout).await;
    app.no_callback().await;
    assert_eq!(app.float_cents().await, float - 10_000, "the old certificate is still valid");
    assert_eq!(app.answer_prompt(CUSTOMER, &json!({ "pin": "1234" })).await, "0");
    assert_eq!(app.final_code(&waiting).await, "0");
}

#[tokio::test]
async fn a_crash_loses_nothing_that_was_answered() {
    let (dir, image) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut settings = settings();
    settings.data = Some(dir.path().to_owned());
    let mut app = App::start_with(settings.clone()).await;
    app.push("254700000112", 700).await;
    app.stk_callback().await;
    app.post("/admin/paybill", &json!({ "phone": CUSTOMER, "amount": 100, "reference": "R" }))
        .await;
    let float = app.float_cents().await;
    // The files as `kill -9` would leave them, with a last line that was cut off.
    for file in std::fs::read_dir(dir.path()).unwrap().map(Result::unwrap) {
        let mut bytes = std::fs::read(file.path()).unwrap();
        if file.path().extension().is_some_and(|it| it == "jsonl") {
            bytes.extend_from_slice(b"{\"core\":{\"float");
        }
        std::fs::write(image.path().join(file.file_name()), bytes).unwrap();
    }
    app.stop().await;

    settings.data = Some(image.path().to_owned());
    for _ in 0..2 {
        let app = App::start_with(settings.clone()).await;
        assert_eq!(app.float_cents().await, float);
        let csv = app.get_text("/portal/statement.csv").await;
        assert_eq!(csv.lines().filter(|line| line.contains(",Completed,")).count(), 2);
        app.stop().await;
    }
}
