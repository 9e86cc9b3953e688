//! Accounts with a phone number only.

use super::{PASSWORD, refused, verify, workerless};
use amana_harness::{App, Person, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const PHONE: &str = "254712345678";

/// Registers with a number only, and logs in with it.
async fn registered(app: &App) -> Person {
    let new = json!({ "name": "Grace", "phone": "0712345678", "password": PASSWORD });
    let user = app.send(Method::POST, "/v1/users", None, None, Some(&new)).await.expect(201);
    assert_eq!((&user["email"], &user["phone"]), (&Value::Null, &json!("2547****5678")));
    let id = user["id"].as_str().expect("an id").to_owned();
    Person { id, email: String::new(), phone: PHONE.to_owned(), token: app.log_in(PHONE).await }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_takes_part_with_a_phone_number_alone() {
    let app = workerless().await;
    let (juma, grace) = (app.person("Juma").await, registered(&app).await);
    verify(&app, &grace, "phone").await.expect(200);
    app.given(&juma, 100_000, app.clock.now()).await;
    let money = json!({ "amount": 5_000, "currency": "KES" });
    let body = json!({ "to": { "phone": PHONE }, "amount": money });
    app.post(&juma, "/v1/transfers", body).await.expect(201);
    app.post(&grace, "/v1/withdrawals", json!({ "amount": money })).await.expect(202);
    // Messages that other users get by e-mail arrive as SMS.
    app.run_due_jobs().await;
    let texts = app.texts(&grace).await;
    let has = |words: &str| texts.iter().any(|text| text.text.contains(words));
    assert!(has("Welcome to Amana"), "{texts:#?}");
    // The missing address is reported as such, and blocks nothing else.
    let start = json!({ "channel": "email" });
    refused(&app.post(&grace, "/v1/me/verifications", start).await, 404, "not_found");
    let factor = app.post(&grace, "/v1/me/second-factor", json!({ "password": PASSWORD })).await;
    assert!(
        factor.expect(201)["uri"].as_str().expect("expected no e-mail address").contains(PHONE)
    );
    app.step_up(&grace).await;
    let export = app.get(&grace, "/v1/me/export").await.expect(200);
    assert_eq!(export["contacts"], json!({ "email": null, "phone": PHONE }));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_reset_by_the_number_alone() {
    let app = workerless().await;
    let grace = registered(&app).await;
    verify(&app, &grace, "phone").await.expect(200);
    let body = json!({ "login": PHONE });
    app.send(Method::POST, "/v1/password-resets", None, None, Some(&body)).await.expect(202);
    let sent = "select count(*) from codes where purpose = 'reset_password'";
    eventually("a code is created", || async {
        (app.database.number(sent).await == 1).then_some(())
    })
    .await;
    app.run_due_jobs().await;
    let code = app.code(PHONE, "sets a new password").await;
    let body = json!({ "login": PHONE, "code": code, "password": "mbuzi-wawili-na-kuku" });
    app.send(Method::POST, "/v1/password-resets/confirm", None, None, Some(&body))
        .await
        .expect(200);
    app.run_due_jobs().await;
    let texts = app.texts(&grace).await;
    assert!(texts.iter().any(|text| text.text.contains("a new password was set")), "{texts:#?}");
}

/// Adding an address needs the password and its code; the number is notified.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_added_later() {
    let app = workerless().await;
    let grace = registered(&app).await;
    verify(&app, &grace, "phone").await.expect(200);
    let new = "grace@example.com";
    let body = json!({ "new": new, "password": PASSWORD });
    app.post(&grace, "/v1/me/email-changes", body).await.expect(202);
    app.run_due_jobs().await;
    let body = json!({ "new_code": app.code(new, "confirm").await });
    let me = app.post(&grace, "/v1/me/email-changes/confirm", body).await.expect(200);
    assert!(me["email"] == new && me["email_verified_at"].is_string(), "{me:#}");
    app.run_due_jobs().await;
    let texts = app.texts(&grace).await;
    assert!(
        texts.iter().any(|text| text.text.contains("another e-mail address now")),
        "{texts:#?}"
    );
    // Replacing the address now needs its own code.
    let body = json!({ "new": "other@example.com", "password": PASSWORD });
    app.post(&grace, "/v1/me/email-changes", body).await.expect(202);
    app.run_due_jobs().await;
    let new_code = json!({ "new_code": app.code("other@example.com", "confirm").await });
    let answer = app.post(&grace, "/v1/me/email-changes/confirm", new_code).await;
    refused(&answer, 422, "invalid_code");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_registers_without_a_contact() {
    let app = workerless().await;
    let new = json!({ "name": "Grace", "password": PASSWORD });
    let answer = app.send(Method::POST, "/v1/users", None, None, Some(&new)).await;
    refused(&answer, 422, "invalid_request");
    assert!(answer.body["errors"][0]["detail"].as_str().expect("a text").contains("phone"));
    assert_eq!(app.database.number("select count(*) from users").await, 0);
}
