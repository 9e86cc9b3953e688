//! Users: registration, log-in, and invalid tokens.

use amana_domain::contact::Contact;
use amana_harness::{Answer, App, eventually};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "karibu-nyumbani-7";

fn somebody(name: &str, phone: &str) -> Value {
    let email = format!("{}@Example.com", name.to_lowercase());
    json!({ "name": name, "email": email, "phone": phone, "password": PASSWORD })
}

async fn register(app: &App, new: &Value) -> Answer {
    app.send(Method::POST, "/v1/users", None, None, Some(new)).await
}

async fn log_in(app: &App, email: &str, password: &str) -> Answer {
    let body = json!({ "login": email, "password": password });
    app.send(Method::POST, "/v1/sessions", None, None, Some(&body)).await
}

async fn me(app: &App, token: &str) -> Answer {
    app.send(Method::GET, "/v1/me", Some(token), None, None).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_registers_logs_in_and_is_known() {
    let app = App::builder().without_worker().start().await;
    let user = register(&app, &somebody("Neema", "+254712345678")).await.expect(201);
    assert_eq!(user["email"], "neema@example.com");
    assert_eq!((&user["phone"], &user["role"]), (&json!("2547****5678"), &json!("user")));
    assert_eq!(user["language"], "en");
    assert!(user["id"].as_str().is_some_and(|id| id.starts_with("usr_")));
    assert!(user["created_at"].as_str().is_some_and(|at| at.ends_with('Z')));
    assert!(!user.to_string().contains("password"), "{user:#}");
    for email in ["neema@example.com", "NEEMA@example.COM"] {
        let session = log_in(&app, email, PASSWORD).await.expect(200);
        assert_eq!(
            (&session["token_type"], &session["expires_in"]),
            (&json!("Bearer"), &json!(900))
        );
        let token = session["access_token"].as_str().expect("a token");
        assert_eq!(me(&app, token).await.expect(200), user);
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registration_does_not_tell_who_has_an_account() {
    let app = App::builder().without_worker().start().await;
    app.person_with("Neema", "neema@example.com", "254712345678").await;
    let free = register(&app, &somebody("Juma", "0712345670")).await;
    let alike = |answer: &Answer| {
        let members = answer.body.as_object().expect("an object").keys().cloned();
        (answer.status.as_u16(), members.collect::<Vec<_>>())
    };
    for (name, phone) in [
        ("Neema", "0712345679"),
        ("NEEMA", "0712345671"),
        ("Baraka", "0712345678"),
        ("Zawadi", "+254 712 345 678"),
    ] {
        let taken = register(&app, &somebody(name, phone)).await;
        assert_eq!(alike(&taken), alike(&free));
        assert_eq!(taken.body["email_verified_at"], Value::Null);
    }
    app.assert_sound().await;
}

/// All formats in which Kenyans write a mobile number are normalised to the same number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kenyan_numbers_are_understood_however_they_are_written() {
    let app = App::builder().without_worker().start().await;
    let forms = [
        ("0712345601", "254712345601"),
        ("0112345602", "254112345602"),
        ("+254712345603", "254712345603"),
        ("254712345604", "254712345604"),
        ("0712 345 605", "254712345605"),
        ("+254-712-345-606", "254712345606"),
        ("+254 (0)712 345607", "254712345607"),
    ];
    for (n, (written, meant)) in forms.iter().enumerate() {
        register(&app, &somebody(&format!("Person{n}"), written)).await.expect(201);
        let login = Contact::Email(format!("person{n}@example.com"));
        let user = app.store.user_by_login(&login).await.expect("read").expect("somebody");
        let contacts = app.store.contacts(&user).expect("opened").expect("not erased");
        assert_eq!(contacts.phone.expect("a number").as_str(), *meant, "{written}");
    }
}

/// Status and body are the same, so the response does not reveal which accounts exist.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let wrong = log_in(&app, &amina.email, "not-the-password").await;
    let unknown = log_in(&app, "nobody@example.com", PASSWORD).await;
    let no_address = log_in(&app, "nobody", PASSWORD).await;
    for answer in [&wrong, &unknown, &no_address] {
        assert_eq!((answer.status.as_u16(), answer.problem()), (401, "invalid_credentials"));
        for member in ["type", "title", "detail", "errors"] {
            assert_eq!(answer.body[member], wrong.body[member], "{member}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_ends_after_fifteen_minutes() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    app.clock.advance(TimeDelta::minutes(14));
    me(&app, &amina.token).await.expect(200);
    app.clock.advance(TimeDelta::minutes(2));
    let expired = me(&app, &amina.token).await;
    assert_eq!((expired.status.as_u16(), expired.problem()), (401, "unauthorized"));
    assert_eq!(expired.headers["www-authenticate"], "Bearer");
    let token = app.log_in(&amina.email).await;
    me(&app, &token).await.expect(200);
}

/// Signed with another key, unsigned, with another token's signature, and no token at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_tokens_open_nothing() {
    let app = App::builder().without_worker().start().await;
    let (amina, operator) = (app.person("Amina").await, app.operator().await);
    let elsewhere = App::builder().without_worker().start().await;
    let other_key = elsewhere.person("Amina").await.token;
    let part = |token: &str, n: usize| token.split('.').nth(n).expect("a part").to_owned();
    let claims = part(&operator.token, 1);
    let (head, signature) = (part(&amina.token, 0), part(&amina.token, 2));
    // {"typ":"JWT","alg":"none"}
    let none = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0";
    for token in [
        other_key,
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{head}.{claims}.{signature}"),
        format!("{head}.{claims}."),
        format!("{}x", amina.token),
        amina.token.to_uppercase(),
    ] {
        for path in ["/v1/me", "/v1/operator/proof"] {
            let answer = app.send(Method::GET, path, Some(&token), None, None).await;
            assert_eq!(
                (answer.status.as_u16(), answer.problem()),
                (401, "unauthorized"),
                "{token}"
            );
        }
    }
    let forbidden = app.get(&amina, "/v1/operator/proof").await;
    assert_eq!((forbidden.status.as_u16(), forbidden.problem()), (403, "forbidden"));
}

/// Messages use the language of the registration.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_come_in_the_chosen_language() {
    let app = App::start().await;
    let mut subjects = vec![];
    for (name, phone, language) in [("Juma", "0712345678", "sw"), ("Neema", "0712345679", "en")] {
        let mut new = somebody(name, phone);
        new["language"] = json!(language);
        let user = register(&app, &new).await.expect(201);
        assert_eq!(user["language"], language);
        let path = format!("/admin/mails?to={}@example.com", name.to_lowercase());
        let subject = eventually("a code is created", || async {
            let found = app.sandbox_get(&path).await;
            let mails = found["mails"].as_array().expect("mails").iter();
            let mut subjects = mails.filter_map(|mail| mail["subject"].as_str());
            subjects.next().map(str::to_owned)
        });
        subjects.push(subject.await);
    }
    assert!(subjects[0].contains("kuthibitisha"), "{subjects:?}");
    assert!(subjects[1].contains("confirm"), "{subjects:?}");
    app.assert_sound().await;
}

/// Names are sent to strangers in messages, so they must not mislead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_passes_for_nobody_and_is_no_link() {
    let app = App::builder().without_worker().start().await;
    for name in [
        "Safaricom: your acct is blocked, verify at http://evil.example/x",
        "M-PESA",
        "Amana Support",
        "\u{410}mana",
        "Juma \u{202e}evil",
        "\u{200b}",
    ] {
        let new = serde_json::json!({
            "name": name, "email": "victim@example.com", "phone": "254711222333",
            "password": amana_harness::PASSWORD,
        });
        let answer = app.send(reqwest::Method::POST, "/v1/users", None, None, Some(&new)).await;
        assert_eq!(answer.status, 422, "{name}");
        assert_eq!(answer.body["errors"][0]["pointer"], "/name", "{name}");
    }
}
