//! The second factor from set-up to removal: app codes, backup codes, locks and step-up.

mod app;
mod devices;
mod message;
mod recovery;
mod secrets;
mod step_up;
mod tries;

use amana_harness::{App, PASSWORD, Person};
use app::confirmed;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) use app::{Authenticator, step_up, with_factor};
pub(crate) use secrets::everything;

/// After this time no wrong code counts any more.
const LONG: TimeDelta = TimeDelta::minutes(20);

async fn subjects(app: &App, person: &Person, about: &str) -> usize {
    app.messages_are_sent().await;
    let mails = app.mails(person).await;
    mails.iter().filter(|mail| mail.subject.as_deref().is_some_and(|s| s.contains(about))).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_factor_is_set_up_used_and_taken_away() {
    let app = App::start().await;
    let amina = app.person("Amina").await;
    let path = "/v1/me/second-factor";
    let off =
        json!({ "is_active": false, "method": null, "since": null, "backup_codes_remaining": 0 });
    assert_eq!(app.get(&amina, path).await.expect(200), off);
    let nothing = app.post(&amina, &format!("{path}/confirm"), json!({ "code": "123456" })).await;
    assert_eq!((nothing.problem(), nothing.status.as_u16()), ("not_found", 404));
    let wrong = app.post(&amina, path, json!({ "password": "not-my-password" })).await;
    assert_eq!((wrong.problem(), wrong.status.as_u16()), ("incorrect_password", 403));

    let password = json!({ "password": PASSWORD });
    let forgotten = Authenticator::of(&app.post(&amina, path, password.clone()).await.expect(201));
    let shown = app.post(&amina, path, password.clone()).await.expect(201);
    let phone = Authenticator::of(&shown);
    app::assert_scannable(&shown);
    app::next_step(&app);
    // Shown, but not confirmed: nothing has changed.
    assert_eq!(app.get(&amina, path).await.expect(200), off);
    assert_eq!(app.open_session(&amina.email).await["second_factor"], Value::Null);
    for code in [forgotten.code(&app, 0), phone.code(&app, 2), "0123456789".to_owned()] {
        let wrong = app.post(&amina, &format!("{path}/confirm"), json!({ "code": code })).await;
        assert_eq!((wrong.problem(), wrong.status.as_u16()), ("invalid_code", 422), "{code}");
    }
    let codes = confirmed(&app, &amina, &phone).await;
    assert_eq!(codes.len(), 10);
    let found = app.get(&amina, path).await.expect(200);
    assert_eq!((&found["is_active"], &found["backup_codes_remaining"]), (&json!(true), &json!(10)));
    assert!(found["since"].is_string());
    let again = app.post(&amina, path, password.clone()).await;
    assert_eq!((again.problem(), again.status.as_u16()), ("factor_active", 409));

    // The code that confirmed the factor cannot log in.
    let challenge = app::challenge(&app, &amina).await;
    let used = app::complete(&app, &challenge, &phone.code(&app, 0)).await;
    assert_eq!(used.problem(), "invalid_code");
    app::next_step(&app);
    let tokens = app::complete(&app, &challenge, &phone.code(&app, 0)).await.expect(200);
    let amina = Person { token: tokens["access_token"].as_str().expect("one").to_owned(), ..amina };
    app.get(&amina, "/v1/me").await.expect(200);

    assert_eq!(app.delete(&amina, path).await.problem(), "step_up_required");
    app::next_step(&app);
    app::step_up(&app, &amina, Some(&phone.code(&app, 0))).await.expect(200);
    assert_eq!(app.delete(&amina, path).await.status, 204);
    assert_eq!(app.get(&amina, path).await.expect(200), off);
    assert_eq!(app.delete(&amina, path).await.problem(), "not_found");
    assert!(app.open_session(&amina.email).await["access_token"].is_string());
    // An earlier challenge is invalid.
    let late = app::complete(&app, &challenge, &phone.code(&app, 1)).await;
    assert_eq!((late.problem(), late.status.as_u16()), ("not_found", 404));
    for about in ["now has a second factor", "was removed"] {
        assert_eq!(subjects(&app, &amina, about).await, 1, "{about}");
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_good_in_its_step_and_the_two_beside_it_and_once() {
    let app = App::builder().without_worker().start().await;
    let (amina, phone, _) = with_factor(&app, "Amina").await;
    for (off, status) in [(-2, 422), (2, 422), (-1, 200), (0, 200), (1, 200)] {
        app.clock.advance(LONG);
        app::next_step(&app);
        let code = phone.code(&app, off);
        let challenge = app::challenge(&app, &amina).await;
        assert_eq!(app::complete(&app, &challenge, &code).await.status, status, "{off}");
        let again = app::complete(&app, &challenge, &code).await;
        assert_eq!(again.problem(), "invalid_code", "{off} again");
        // The code is used up for other log-ins too.
        let other = app::challenge(&app, &amina).await;
        assert_eq!(app::complete(&app, &other, &code).await.problem(), "invalid_code", "{off}");
    }
    // After a code of the next step, codes of this step are invalid.
    let challenge = app::challenge(&app, &amina).await;
    let earlier = app::complete(&app, &challenge, &phone.code(&app, 0)).await;
    assert_eq!(earlier.problem(), "invalid_code");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_log_ins_at_once_with_one_code_one_wins() {
    let app = App::builder().without_worker().start().await;
    let (amina, phone, codes) = with_factor(&app, "Amina").await;
    for (round, backup) in codes.iter().enumerate().take(6) {
        app.clock.advance(LONG);
        app::next_step(&app);
        let code = if round % 2 == 0 { phone.code(&app, 0) } else { backup.clone() };
        let challenge = app::challenge(&app, &amina).await;
        let one = || app::complete(&app, &challenge, &code);
        let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
        let (won, lost): (Vec<_>, Vec<_>) = [a, b, c, d].into_iter().partition(|x| x.status == 200);
        assert_eq!((won.len(), lost.len()), (1, 3), "round {round}");
        assert!(lost.iter().all(|answer| answer.problem() == "invalid_code"));
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_code_is_good_once_for_one_person() {
    let app = App::start().await;
    let (amina, phone, codes) = with_factor(&app, "Amina").await;
    let (juma, _, of_juma) = with_factor(&app, "Juma").await;
    let challenge = app::challenge(&app, &amina).await;
    assert_eq!(app::complete(&app, &challenge, &of_juma[0]).await.problem(), "invalid_code");
    app::complete(&app, &challenge, &codes[0]).await.expect(200);
    assert_eq!(app::complete(&app, &challenge, &codes[0]).await.problem(), "invalid_code");
    // Typed in lower case without a hyphen.
    let typed = codes[1].to_lowercase().replace('-', " ");
    let tokens = app::complete(&app, &challenge, &typed).await.expect(200);
    assert_eq!(app::complete(&app, &challenge, &codes[1]).await.problem(), "invalid_code");
    let amina = Person { token: tokens["access_token"].as_str().expect("one").to_owned(), ..amina };
    let path = "/v1/me/second-factor";
    assert_eq!(app.get(&amina, path).await.expect(200)["backup_codes_remaining"], 8);
    assert_eq!(app.get(&juma, path).await.expect(200)["backup_codes_remaining"], 10);
    assert_eq!(subjects(&app, &amina, "backup code").await, 2);
    assert_eq!(subjects(&app, &juma, "backup code").await, 0);

    let codes_path = format!("{path}/backup-codes");
    assert_eq!(app.post(&amina, &codes_path, Value::Null).await.problem(), "step_up_required");
    app::next_step(&app);
    app::step_up(&app, &amina, Some(&phone.code(&app, 0))).await.expect(200);
    let new = app.post(&amina, &codes_path, Value::Null).await.expect(200);
    let new = app::texts(&new["codes"]);
    assert!(new.len() == 10 && new.iter().all(|code| !codes.contains(code)));
    assert_eq!(app::complete(&app, &challenge, &codes[2]).await.problem(), "invalid_code");
    app::complete(&app, &challenge, &new[2]).await.expect(200);
    // A user without a factor has no backup codes.
    let neema = app.person("Neema").await;
    app::step_up(&app, &neema, None).await.expect(200);
    assert_eq!(app.post(&neema, &codes_path, Value::Null).await.problem(), "not_found");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_challenge_is_short_lived_signed_and_one_persons() {
    let app = App::builder().without_worker().start().await;
    let (amina, phone, _) = with_factor(&app, "Amina").await;
    let (juma, ..) = with_factor(&app, "Juma").await;
    let tokens = app.open_session(&app.person("Neema").await.email).await;
    let challenge = app::challenge(&app, &amina).await;
    app.clock.advance(TimeDelta::minutes(4));
    app::next_step(&app);
    let of_juma = app::challenge(&app, &juma).await;
    let code = phone.code(&app, 0);
    assert_eq!(app::complete(&app, &of_juma, &code).await.problem(), "invalid_code");
    let (head, _) = challenge.rsplit_once('.').expect("a signature");
    let foreign = of_juma.rsplit_once('.').expect("a signature").1;
    let text = |name: &str| tokens[name].as_str().expect(name).to_owned();
    let spliced = format!("{head}.{foreign}");
    for forged in
        [String::new(), "a.b.c".into(), spliced, text("access_token"), text("refresh_token")]
    {
        let answer = app::complete(&app, &forged, &code).await;
        assert_eq!(
            (answer.problem(), answer.status.as_u16()),
            ("challenge_expired", 401),
            "{forged}"
        );
    }
    // A challenge is no access token.
    let answer = app.send(Method::GET, "/v1/me", Some(&challenge), None, None).await;
    assert_eq!(answer.problem(), "unauthorized");
    app.clock.advance(TimeDelta::minutes(1));
    app::next_step(&app);
    let code = phone.code(&app, 0);
    assert_eq!(app::complete(&app, &challenge, &code).await.problem(), "challenge_expired");
    let challenge = app::challenge(&app, &amina).await;
    app::complete(&app, &challenge, &code).await.expect(200);
    app.assert_sound().await;
}

/// Regression test: a challenge stayed valid for its five minutes although the password was
/// replaced. So the holder of the old password could still log in with a code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_challenge_dies_with_the_password_that_it_was_answered_to() {
    let app = App::builder().without_worker().start().await;
    let (amina, phone, codes) = with_factor(&app, "Amina").await;
    let challenge = app::challenge(&app, &amina).await;
    let body = json!({ "old_password": PASSWORD, "password": "mbuzi-wawili-na-kuku" });
    app.put(&amina, "/v1/me/password", body).await.expect(200);
    for code in [phone.code(&app, 0), codes[0].clone()] {
        let late = app::complete(&app, &challenge, &code).await;
        assert_eq!((late.problem(), late.status.as_u16()), ("challenge_expired", 401));
    }
    let opened = "select count(*) from sessions where ended_at is null";
    assert_eq!(app.database.number(opened).await, 0);
    // The code was not used up, so it works with the new password.
    let body = json!({ "login": amina.email, "password": "mbuzi-wawili-na-kuku" });
    let half = app.send(Method::POST, "/v1/sessions", None, None, Some(&body)).await.expect(200);
    let challenge = half["second_factor"]["challenge"].as_str().expect("a challenge");
    app::complete(&app, challenge, &phone.code(&app, 0)).await.expect(200);
    app.assert_sound().await;
}

/// Without the right password nothing is revealed, and a closed account gets no second step.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_comes_first() {
    let app = App::builder().without_worker().start().await;
    let (amina, phone, _) = with_factor(&app, "Amina").await;
    let body = json!({ "login": amina.email, "password": "not-my-password" });
    let answer = app.send(Method::POST, "/v1/sessions", None, None, Some(&body)).await;
    assert_eq!(answer.problem(), "invalid_credentials");
    app::next_step(&app);
    let challenge = app::challenge(&app, &amina).await;
    let admin = app.operator().await;
    let path = format!("/v1/operator/users/{}/close", amina.id);
    app.post(&admin, &path, json!({ "note": "asked for" })).await.expect(200);
    let closed = app::complete(&app, &challenge, &phone.code(&app, 0)).await;
    assert_eq!((closed.problem(), closed.status.as_u16()), ("account_closed", 403));
    app.assert_sound().await;
}
