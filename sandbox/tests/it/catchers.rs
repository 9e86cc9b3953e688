//! E-mails over real SMTP, and SMS in Africa's Talking's format.

use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor, message::MultiPart};
use serde_json::{Value, json};

use crate::harness::App;

fn transport(app: &App) -> AsyncSmtpTransport<Tokio1Executor> {
    let address = app.running.as_ref().unwrap().smtp;
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.ip().to_string())
        .port(address.port())
        .build()
}

fn message(text: &str) -> Message {
    Message::builder()
        .from("Amana <noreply@amana.example>".parse().unwrap())
        .to("asha@mail.example".parse().unwrap())
        .subject("Malipo yamepokelewa – KES 1,520")
        .multipart(MultiPart::alternative_plain_html(text.to_owned(), format!("<p>{text}</p>")))
        .unwrap()
}

#[tokio::test]
async fn mails_are_kept_as_they_were_meant() {
    let app = App::start().await;
    let text = "Habari Asha,\r\n.a line that starts with a dot\r\nPesa: é";
    transport(&app).send(message(text)).await.unwrap();
    let mails = app.get("/admin/mails?to=ASHA@mail.example").await;
    let mail = &mails["mails"][0];
    assert_eq!(mail["subject"], "Malipo yamepokelewa – KES 1,520");
    assert_eq!(mail["from"], "noreply@amana.example");
    assert!(mail["text"].as_str().unwrap().contains("\n.a line"), "{mail}");
    assert!(mail["text"].as_str().unwrap().contains("Pesa: é"));
    assert!(mail["html"].as_str().unwrap().starts_with("<p>"));
    assert_eq!(app.get("/admin/mails?to=other@mail.example").await["mails"], json!([]));
}

#[tokio::test]
async fn mail_faults_are_temporary_or_permanent_and_too_large_is_refused() {
    let app = App::start().await;
    let smtp = transport(&app);
    for (mode, permanent) in [("temporary", false), ("permanent", true)] {
        assert_eq!(app.post("/admin/mail-fault", &json!({ "mode": mode })).await.0, 204);
        let error = smtp.send(message("x")).await.unwrap_err();
        assert_eq!((error.is_transient(), error.is_permanent()), (!permanent, permanent));
    }
    app.post("/admin/mail-fault", &json!({ "mode": "ok" })).await;
    let error = smtp.send(message(&"long line \r\n".repeat(200_000))).await.unwrap_err();
    assert!(error.is_permanent());
    smtp.send(message("x")).await.unwrap();
    assert_eq!(app.get("/admin/mails").await["mails"].as_array().unwrap().len(), 1);
}

async fn text(app: &App, key: &str, to: &str) -> (u16, Value) {
    let form = [("username", "sandbox"), ("to", to), ("message", "Habari & karibu")];
    let request = app.http.post(format!("{}/version1/messaging", app.base)).header("apiKey", key);
    let answer = request.form(&form).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}

#[tokio::test]
async fn sms_are_kept_and_bad_numbers_reported_one_by_one() {
    let app = App::start().await;
    let key = app.credentials.sms_api_key.clone();
    let (status, body) = text(&app, &key, "+254712345678,0712").await;
    assert_eq!(status, 201);
    let recipients = &body["SMSMessageData"]["Recipients"];
    assert_eq!(
        (&recipients[0]["statusCode"], &recipients[1]["statusCode"]),
        (&json!(101), &json!(403))
    );
    let sms = app.get("/admin/sms?to=%2B254712345678").await;
    assert_eq!(sms["sms"][0]["text"], "Habari & karibu");
    assert_eq!(sms["sms"].as_array().unwrap().len(), 1);

    assert_eq!(text(&app, "wrong", "+254712345678").await.0, 401);
    app.post("/admin/sms-fault", &json!({ "mode": "temporary" })).await;
    assert_eq!(text(&app, &key, "+254712345678").await.0, 500);
    app.post("/admin/sms-fault", &json!({ "mode": "permanent" })).await;
    let (status, body) = text(&app, &key, "+254712345678").await;
    assert_eq!(
        (status, &body["SMSMessageData"]["Recipients"][0]["statusCode"]),
        (201, &json!(403))
    );
}

#[tokio::test]
async fn bodies_have_a_bound() {
    let app = App::start().await;
    let large = json!({ "phone": "0".repeat(200_000), "fault": "cancel" });
    assert_eq!(app.post("/admin/faults", &large).await.0, 413);
}

#[tokio::test]
async fn pages_are_served_with_a_strict_policy() {
    let app = App::start().await;
    for page in ["/", "/phone", "/phone/254712345678", "/mail", "/sms"] {
        let answer = app.http.get(format!("{}{page}", app.base)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{page}");
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'self'"));
        let body = answer.text().await.unwrap();
        for asset in body.split('"').filter(|it| it.starts_with("/assets/")) {
            app.get_text(asset).await;
        }
    }
}
