//! Changing a password with the old one, or resetting it with a code; neither reveals which
//! accounts exist.

use amana_domain::contact::Contact;
use amana_harness::{Answer, App, Person, another_code, eventually};
use diesel_async::SimpleAsyncConnection;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const OLD: &str = "karibu-nyumbani-7";
const NEW: &str = "mbuzi-wawili-na-kuku";

async fn log_in(app: &App, email: &str, password: &str) -> u16 {
    let body = json!({ "login": email, "password": password });
    let answer = app.send(Method::POST, "/v1/sessions", None, None, Some(&body)).await;
    answer.status.as_u16()
}

async fn public(app: &App, path: &str, body: Value) -> Answer {
    app.send(Method::POST, path, None, None, Some(&body)).await
}

async fn start(app: &App, login: &str) -> Answer {
    public(app, "/v1/password-resets", json!({ "login": login })).await
}

async fn confirm(app: &App, login: &str, code: &str, password: &str) -> Answer {
    let body = json!({ "login": login, "code": code, "password": password });
    public(app, "/v1/password-resets/confirm", body).await
}

async fn set(app: &App, person: &Person, old: &str, new: &str) -> Answer {
    let body = json!({ "old_password": old, "password": new });
    app.put(person, "/v1/me/password", body).await
}

async fn resets(app: &App) -> i64 {
    app.database.number("select count(*) from codes where purpose = 'reset_password'").await
}

/// Requests a reset code and reads it.
async fn reset_code(app: &App, login: &str) -> String {
    let before = resets(app).await;
    start(app, login).await.expect(202);
    eventually("a code is created", || async { (resets(app).await > before).then_some(()) }).await;
    app.run_due_jobs().await;
    app.code(login, "set").await
}

async fn workerless() -> App {
    App::builder().without_worker().start().await
}

async fn actions(app: &App, person: &Person) -> Vec<String> {
    let records = app.store.audit_of(&person.id).await.expect("records");
    records.into_iter().map(|one| one.kind).collect()
}

/// Counts the mails that report a new password in these words.
async fn notices(app: &App, person: &Person, told: &str) -> usize {
    app.run_due_jobs().await;
    let mails = app.mails(person).await;
    mails.iter().filter(|mail| mail.subject.as_deref() == Some(told)).count()
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{:#}", answer.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_password_is_set_by_a_code_to_the_address_or_the_number() {
    let app = workerless().await;
    let amina = app.person("Amina").await;
    let mut present = OLD;
    for (n, (login, password)) in
        [(&amina.email, NEW), (&amina.phone, "kuku-wawili-na-mbuzi")].into_iter().enumerate()
    {
        let code = reset_code(&app, login).await;
        assert_eq!(
            log_in(&app, &amina.email, present).await,
            200,
            "expected no change before the confirmation"
        );
        refused(&confirm(&app, login, &another_code(&code), password).await, 422, "invalid_code");
        let set = confirm(&app, login, &code, password).await.expect(200);
        assert!(set["set_at"].is_string(), "{set:#}");
        assert_eq!(log_in(&app, &amina.email, present).await, 401);
        assert_eq!(log_in(&app, &amina.email, password).await, 200);
        refused(&confirm(&app, login, &code, "mbuzi-kumi-na-kuku").await, 422, "invalid_code");
        assert_eq!(notices(&app, &amina, "Your password was reset").await, n + 1);
        present = password;
    }
    assert_eq!(
        actions(&app, &amina).await,
        ["user.registered", "user.password_reset", "user.password_reset"]
    );
    app.assert_sound().await;
}

/// Status and body are the same for every address and number; only open accounts receive codes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_does_not_tell_who_has_an_account() {
    let app = workerless().await;
    let (operator, amina, closed) =
        (app.operator().await, app.person("Amina").await, app.person("Juma").await);
    let path = format!("/v1/operator/users/{}/close", closed.id);
    app.post(&operator, &path, json!({ "note": "Asked for it" })).await.expect(200);
    let logins = [
        &amina.email,
        "nobody@example.com",
        "254799999999",
        &closed.email,
        &closed.phone,
        &amina.phone,
    ];
    for login in logins {
        // Codes are created after the response, in any order, and a later one invalidates the
        // earlier one. So Amina's second code is requested only after her first one exists.
        if *login == *amina.phone {
            eventually("a code is created", || async { (resets(&app).await == 1).then_some(()) })
                .await;
        }
        assert_eq!(start(&app, login).await.expect(202), json!({ "expires_in": 300 }), "{login}");
    }
    eventually("two codes are created", || async { (resets(&app).await == 2).then_some(()) }).await;
    app.run_due_jobs().await;
    let wrong = another_code(&app.code(&amina.phone, "sets a new password").await);
    let mut answers = vec![];
    for login in logins {
        let answer = confirm(&app, login, &wrong, NEW).await;
        refused(&answer, 422, "invalid_code");
        let words = |member: &str| answer.body[member].clone();
        answers.push(["type", "title", "detail", "errors"].map(words));
    }
    assert!(answers.iter().all(|words| *words == answers[0]), "{answers:#?}");
    assert_eq!(resets(&app).await, 2);
    // A weak password is refused before the look-up, in the same words.
    for login in logins {
        let answer = confirm(&app, login, &wrong, "password12").await;
        refused(&answer, 422, "invalid_request");
        assert_eq!(answer.body["errors"][0]["pointer"], "/password");
    }
    app.assert_sound().await;
}

/// The response must not depend on the look-up, which is blocked here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_to_a_reset_comes_before_anything_is_looked_up() {
    let app = workerless().await;
    let amina = app.person("Amina").await;
    let mut lock = app.database.connection().await;
    lock.batch_execute("begin; lock table users, codes in access exclusive mode")
        .await
        .expect("locked");
    start(&app, &amina.email).await.expect(202);
    start(&app, "nobody@example.com").await.expect(202);
    lock.batch_execute("commit").await.expect("unlocked");
    eventually("the code is created", || async { (resets(&app).await == 1).then_some(()) }).await;
}

async fn time_of_wrong_code(app: &App, login: &str) -> Duration {
    let start = Instant::now();
    refused(&confirm(app, login, "000000", NEW).await, 422, "invalid_code");
    start.elapsed()
}

/// Coarse on purpose: alternating measurements, and the fastest of many. It detects a skipped hash,
/// and is stable on a busy machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_waits_as_long_as_a_member() {
    let app = workerless().await;
    let amina = app.person("Amina").await;
    reset_code(&app, &amina.email).await;
    let (mut member, mut stranger) = (Duration::MAX, Duration::MAX);
    for _ in 0..10 {
        member = member.min(time_of_wrong_code(&app, &amina.email).await);
        stranger = stranger.min(time_of_wrong_code(&app, "nobody@example.com").await);
    }
    assert!(stranger * 4 > member, "{stranger:?} against {member:?}");
}

/// A limit that is reported here would reveal that the account exists.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resets_are_bounded_silently() {
    let app = workerless().await;
    let amina = app.person("Amina").await;
    let login = Contact::Email(amina.email.clone());
    for _ in 0..7 {
        app.store.start_password_reset(&login, app.clock.now()).await.expect("nothing to see");
    }
    assert_eq!(resets(&app).await, 5);
    let open = "select count(*) from codes where purpose = 'reset_password' and ended_at is null";
    assert_eq!(app.database.number(open).await, 1);
    start(&app, &amina.email).await.expect(202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_changed_by_whoever_knows_it() {
    let app = workerless().await;
    let amina = app.person("Amina").await;
    let wrong = set(&app, &amina, "not-the-password", NEW).await;
    refused(&wrong, 403, "incorrect_password");
    assert_eq!(wrong.body["errors"][0]["pointer"], "/old_password");
    let weak = set(&app, &amina, OLD, "amina12345").await;
    refused(&weak, 422, "invalid_request");
    assert_eq!(weak.body["errors"][0]["pointer"], "/password");
    let code = reset_code(&app, &amina.email).await;
    set(&app, &amina, OLD, NEW).await.expect(200);
    assert_eq!(log_in(&app, &amina.email, OLD).await, 401);
    assert_eq!(log_in(&app, &amina.email, NEW).await, 200);
    // A code from before the change is invalid.
    refused(&confirm(&app, &amina.email, &code, OLD).await, 422, "invalid_code");
    assert_eq!(notices(&app, &amina, "Your password was changed").await, 1);
    assert_eq!(actions(&app, &amina).await, ["user.registered", "user.password_changed"]);
    app.assert_sound().await;
}

/// Two concurrent changes with the same old password: one succeeds, because the password is then
/// different for the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_changes_at_once_one_is_made() {
    let app = workerless().await;
    let amina = app.person("Amina").await;
    let others = [NEW, "kuku-wawili-na-mbuzi"];
    let (one, two) =
        tokio::join!(set(&app, &amina, OLD, others[0]), set(&app, &amina, OLD, others[1]));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    let made = if statuses[0] == 200 { others[0] } else { others[1] };
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
    assert_eq!(log_in(&app, &amina.email, made).await, 200);
}

/// Guessable passwords are refused; the user's own data counts too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn weak_passwords_are_refused_with_the_reason() {
    let app = workerless().await;
    let before = app.database.fingerprint().await;
    let register = async |password: &str| {
        let body = json!({
            "name": "Wanjiku Kamau", "email": "shiru@example.com", "phone": "0712345678",
            "password": password,
        });
        public(&app, "/v1/users", body).await
    };
    for (weak, reason) in [
        ("password12", "common"),
        ("qwertyuiop", "common"),
        ("aaaaaaaaaaaa", "Repeats"),
        ("wanjikukamau", "guess"),
        ("shiru@example.com", "guess"),
        ("0712345678", "guess"),
        ("254712345678", "guess"),
    ] {
        let answer = register(weak).await;
        refused(&answer, 422, "invalid_request");
        let error = &answer.body["errors"][0];
        assert_eq!(error["pointer"], "/password", "{weak}");
        let detail = error["detail"].as_str().expect("a text");
        assert!(
            detail.starts_with("is too easy to guess. ") && detail.contains(reason),
            "{detail}"
        );
        assert!(!answer.body.to_string().contains(weak), "{weak} is repeated");
    }
    assert_eq!(app.database.fingerprint().await, before);
    register(OLD).await.expect(201);
    // Only the code's owner may learn that this is the name of the account.
    let code = reset_code(&app, "shiru@example.com").await;
    let wrong = another_code(&code);
    refused(&confirm(&app, "shiru@example.com", &wrong, "wanjikukamau").await, 422, "invalid_code");
    let weak = confirm(&app, "shiru@example.com", &code, "wanjikukamau").await;
    refused(&weak, 422, "invalid_request");
    confirm(&app, "shiru@example.com", &code, NEW).await.expect(200);
}
