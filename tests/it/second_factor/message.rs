//! Second factors by SMS or e-mail.

use super::app::{complete, step_up, texts};
use super::{LONG, subjects};
use amana_harness::{Answer, App, PASSWORD, Person, another_code};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

const WORDS: &str = "to log in with your password";
const MAIL_WORDS: &str = "password was entered";
const PATH: &str = "/v1/me/second-factor";

fn contact<'a>(person: &'a Person, channel: &str) -> &'a str {
    if channel == "phone" { &person.phone } else { &person.email }
}

async fn code(app: &App, person: &Person, channel: &str) -> String {
    app.run_due_jobs().await;
    let words = if channel == "phone" { WORDS } else { MAIL_WORDS };
    app.code(contact(person, channel), words).await
}

/// Verifies a contact with the code of the registration.
async fn verify(app: &App, person: &Person, channel: &str) {
    app.run_due_jobs().await;
    let told = app.code(contact(person, channel), "confirm").await;
    let body = json!({ "channel": channel, "code": told });
    app.post(person, "/v1/me/verifications/confirm", body).await.expect(200);
}

async fn choose(app: &App, person: &Person, channel: &str) -> Answer {
    let body = json!({ "channel": channel, "password": PASSWORD });
    app.put(person, &format!("{PATH}/message"), body).await
}

/// Creates a user whose codes are sent by this channel. Returns the backup codes too.
async fn with_messages(app: &App, name: &str, channel: &str) -> (Person, Vec<String>) {
    let person = app.person(name).await;
    let codes = choose(app, &person, channel).await.expect(200);
    (person, texts(&codes["codes"]))
}

/// Starts a log-in. Returns the challenge, and the destination of its code.
async fn knock(app: &App, person: &Person) -> (String, Value) {
    let half = app.open_session(&person.email).await["second_factor"].clone();
    (half["challenge"].as_str().expect("a challenge").to_owned(), half["sent_to"].clone())
}

async fn resend(app: &App, challenge: &str) -> Answer {
    let body = json!({ "challenge": challenge });
    app.send(Method::POST, "/v1/sessions/second-factor/code", None, None, Some(&body)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_are_sent_to_what_was_proven_and_log_in() {
    let app = App::builder().without_worker().start().await;
    for (name, channel, method, masked) in
        [("Amina", "phone", "sms", "2547****0001"), ("Juma", "email", "email", "j****@example.com")]
    {
        let person = app.newcomer(name).await;
        let newcomer = choose(&app, &person, channel).await;
        assert_eq!(
            (newcomer.problem(), newcomer.status.as_u16()),
            ("verified_contact_required", 403)
        );
        verify(&app, &person, if channel == "email" { "phone" } else { "email" }).await;
        let unproven = choose(&app, &person, channel).await;
        assert_eq!((unproven.problem(), unproven.status.as_u16()), ("channel_not_verified", 409));
        verify(&app, &person, channel).await;
        let codes = choose(&app, &person, channel).await.expect(200);
        assert_eq!(texts(&codes["codes"]).len(), 10);
        let found = app.get(&person, PATH).await.expect(200);
        assert_eq!((&found["is_active"], &found["method"]), (&json!(true), &json!(method)));
        assert_eq!(choose(&app, &person, channel).await.problem(), "factor_active");
        let body = json!({ "password": PASSWORD });
        assert_eq!(app.post(&person, PATH, body).await.problem(), "factor_active");

        let half = app.open_session(&person.email).await["second_factor"].clone();
        assert_eq!(half["methods"], json!([method, "backup_code"]));
        assert_eq!(half["sent_to"], masked);
        let challenge = half["challenge"].as_str().expect("a challenge");
        let told = code(&app, &person, channel).await;
        let wrong = complete(&app, challenge, &another_code(&told)).await;
        assert_eq!((wrong.problem(), wrong.status.as_u16()), ("invalid_code", 422));
        let tokens = complete(&app, challenge, &told).await.expect(200);
        assert_eq!(complete(&app, challenge, &told).await.problem(), "invalid_code", "once");
        let token = tokens["access_token"].as_str().expect("one").to_owned();
        let person = Person { token, ..person };

        // Step-up and removal need the factor too.
        assert_eq!(app.delete(&person, PATH).await.problem(), "step_up_required");
        assert_eq!(step_up(&app, &person, None).await.problem(), "invalid_request");
        app.post(&person, "/v1/sessions/step-up/code", Value::Null).await.expect(202);
        let told = code(&app, &person, channel).await;
        step_up(&app, &person, Some(&told)).await.expect(200);
        assert_eq!(app.delete(&person, PATH).await.status, 204);
        assert!(app.open_session(&person.email).await["access_token"].is_string());
        assert_eq!(subjects_now(&app, &person, "now has a second factor").await, 1);
    }
    app.assert_sound().await;
}

async fn subjects_now(app: &App, person: &Person, about: &str) -> usize {
    app.run_due_jobs().await;
    subjects(app, person, about).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_one_persons_one_log_ins_and_short_lived() {
    let app = App::builder().without_worker().start().await;
    let (amina, backup) = with_messages(&app, "Amina", "phone").await;
    let (juma, _) = with_messages(&app, "Juma", "phone").await;
    let (of_amina, _) = knock(&app, &amina).await;
    let (of_juma, _) = knock(&app, &juma).await;
    let told = code(&app, &amina, "phone").await;
    assert_eq!(complete(&app, &of_juma, &told).await.problem(), "invalid_code");
    // A new code replaces the old one.
    resend(&app, &of_amina).await.expect(202);
    let newer = code(&app, &amina, "phone").await;
    if newer != told {
        assert_eq!(complete(&app, &of_amina, &told).await.problem(), "invalid_code");
    }
    complete(&app, &of_amina, &newer).await.expect(200);
    let (challenge, _) = knock(&app, &amina).await;
    let told = code(&app, &amina, "phone").await;
    app.clock.advance(TimeDelta::minutes(5));
    assert_eq!(complete(&app, &challenge, &told).await.problem(), "challenge_expired");
    let (challenge, _) = knock(&app, &amina).await;
    complete(&app, &challenge, &backup[0]).await.expect(200);
    // A code for another purpose is no second factor.
    app.clock.advance(TimeDelta::hours(2));
    let (challenge, _) = knock(&app, &amina).await;
    let body = json!({ "new": "254733000077", "password": PASSWORD });
    let amina = logged_in(&app, &amina, &challenge).await;
    app.post(&amina, "/v1/me/phone-changes", body).await.expect(202);
    app.run_due_jobs().await;
    let other = app.code(&amina.phone, "changes your phone").await;
    let (challenge, _) = knock(&app, &amina).await;
    if other != code(&app, &amina, "phone").await {
        assert_eq!(complete(&app, &challenge, &other).await.problem(), "invalid_code");
    }
    app.assert_sound().await;
}

async fn logged_in(app: &App, person: &Person, challenge: &str) -> Person {
    let told = code(app, person, "phone").await;
    let tokens = complete(app, challenge, &told).await.expect(200);
    Person { token: tokens["access_token"].as_str().expect("one").to_owned(), ..person.clone() }
}

/// Five codes per hour: then a log-in still starts, and says that no code was sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_codes_are_sent_than_may_be() {
    let app = App::builder().without_worker().start().await;
    let (amina, backup) = with_messages(&app, "Amina", "phone").await;
    let (challenge, sent_to) = knock(&app, &amina).await;
    assert!(sent_to.is_string());
    for _ in 0..4 {
        resend(&app, &challenge).await.expect(202);
    }
    let told = code(&app, &amina, "phone").await;
    let bounded = resend(&app, &challenge).await;
    assert_eq!((bounded.problem(), bounded.status.as_u16()), ("too_many_attempts", 429));
    assert!(bounded.headers.contains_key("retry-after"));
    let (challenge, sent_to) = knock(&app, &amina).await;
    assert_eq!(sent_to, Value::Null);
    // The last code that was sent is still valid, and so are backup codes.
    complete(&app, &challenge, &told).await.expect(200);
    complete(&app, &challenge, &backup[0]).await.expect(200);
    let nobody = resend(&app, "nonsense").await;
    assert_eq!((nobody.problem(), nobody.status.as_u16()), ("challenge_expired", 401));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_wrong_codes_lock_it_however_many_are_sent() {
    let app = App::builder().without_worker().start().await;
    let (amina, _) = with_messages(&app, "Amina", "phone").await;
    let (challenge, _) = knock(&app, &amina).await;
    let told = code(&app, &amina, "phone").await;
    let guesses = vec![another_code(&told); 12];
    let answers =
        futures_util::future::join_all(guesses.iter().map(|one| complete(&app, &challenge, one)));
    let answers = answers.await;
    let looked_at = answers.iter().filter(|one| one.problem() == "invalid_code").count();
    assert_eq!(looked_at, 5);
    resend(&app, &challenge).await.expect(202);
    let told = code(&app, &amina, "phone").await;
    assert_eq!(complete(&app, &challenge, &told).await.problem(), "too_many_attempts");
    assert_eq!(subjects_now(&app, &amina, "Wrong codes").await, 1);
    app.clock.advance(LONG);
    let (challenge, _) = knock(&app, &amina).await;
    let told = code(&app, &amina, "phone").await;
    complete(&app, &challenge, &told).await.expect(200);
    app.assert_sound().await;
}

/// A stolen phone alone can neither reset the password by SMS nor log in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_does_not_come_by_the_way_of_the_second_factor() {
    let app = App::builder().without_worker().start().await;
    let (amina, _) = with_messages(&app, "Amina", "phone").await;
    let body = json!({ "login": amina.phone });
    app.send(Method::POST, "/v1/password-resets", None, None, Some(&body)).await.expect(202);
    amana_harness::eventually("a code is created", || async {
        let sent = "select count(*) from codes where purpose = 'reset_password'";
        (app.database.number(sent).await == 1).then_some(())
    })
    .await;
    app.run_due_jobs().await;
    assert_eq!(app.codes(&amina.phone, "new password").await, Vec::<String>::new());
    let told = app.code(&amina.email, "new password").await;
    let new = "mbuzi-wawili-na-kuku";
    let body = json!({ "login": amina.phone, "code": told, "password": new });
    app.send(Method::POST, "/v1/password-resets/confirm", None, None, Some(&body))
        .await
        .expect(200);
    let body = json!({ "login": amina.email, "password": new });
    let half = app.send(Method::POST, "/v1/sessions", None, None, Some(&body)).await.expect(200);
    assert_eq!(
        half["access_token"],
        Value::Null,
        "expected a second factor after the new password"
    );
    app.assert_sound().await;
}

/// A changed number keeps the factor, because both numbers were verified for the change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_factor_follows_the_number() {
    let app = App::builder().without_worker().start().await;
    let (mut amina, _) = with_messages(&app, "Amina", "phone").await;
    let (old_challenge, _) = knock(&app, &amina).await;
    let old_code = code(&app, &amina, "phone").await;
    let new = "254733000078";
    let body = json!({ "new": new, "password": PASSWORD });
    app.post(&amina, "/v1/me/phone-changes", body).await.expect(202);
    app.run_due_jobs().await;
    let (leave, take) =
        (app.code(&amina.phone, "changes your phone").await, app.code(new, "confirm").await);
    let body = json!({ "old_code": leave, "new_code": take });
    app.post(&amina, "/v1/me/phone-changes/confirm", body).await.expect(200);
    // A code sent to the old number is invalid.
    assert_eq!(complete(&app, &old_challenge, &old_code).await.problem(), "invalid_code");
    new.clone_into(&mut amina.phone);
    let (challenge, sent_to) = knock(&app, &amina).await;
    assert_eq!(sent_to, "2547****0078");
    let told = code(&app, &amina, "phone").await;
    complete(&app, &challenge, &told).await.expect(200);
    app.assert_sound().await;
}
