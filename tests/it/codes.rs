//! One-time codes, tested with the codes that verify e-mail address and phone number: scope, rate
//! limits, lifetime and secrecy.

use amana_harness::{Answer, App, Person, another_code};
use amana_postgres::Job;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

const PATH: &str = "/v1/me/verifications";

async fn workerless() -> App {
    App::builder().without_worker().start().await
}

async fn send(app: &App, person: &Person, channel: &str) -> Answer {
    app.post(person, PATH, json!({ "channel": channel })).await
}

async fn tell(app: &App, person: &Person, channel: &str, code: &str) -> Answer {
    let body = json!({ "channel": channel, "code": code });
    app.post(person, &format!("{PATH}/confirm"), body).await
}

/// Returns the newest verification code for the user's e-mail address.
async fn email_code(app: &App, person: &Person) -> String {
    app.run_due_jobs().await;
    app.code(&person.email, "confirm").await
}

#[track_caller]
fn refused(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (422, "invalid_code"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_of_the_registration_verify_address_and_number() {
    let app = workerless().await;
    let amina = app.newcomer("Amina").await;
    app.run_due_jobs().await;
    let me = app.get(&amina, "/v1/me").await.expect(200);
    let unproven = (&me["email_verified_at"], &me["phone_verified_at"]);
    assert_eq!(unproven, (&Value::Null, &Value::Null));
    let code = app.code(&amina.email, "confirm that this e-mail").await;
    let me = tell(&app, &amina, "email", &code).await.expect(200);
    assert!(me["email_verified_at"].is_string() && me["phone_verified_at"].is_null(), "{me:#}");
    refused(&tell(&app, &amina, "email", &code).await);
    let code = app.code(&amina.phone, "confirms this phone number").await;
    let me = tell(&app, &amina, "phone", &code).await.expect(200);
    assert!(me["phone_verified_at"].is_string(), "{me:#}");
    assert_eq!(app.get(&amina, "/v1/me").await.expect(200), me);
    for channel in ["email", "phone"] {
        let again = send(&app, &amina, channel).await;
        assert_eq!((again.status.as_u16(), again.problem()), (409, "already_verified"));
    }
    let records = app.store.audit_of(&amina.id).await.expect("records");
    let proven: Vec<_> = records.iter().filter(|one| one.kind == "user.verified").collect();
    assert_eq!(proven.len(), 2);
    assert_eq!(proven[0].data, json!({ "channel": "email" }));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_come_in_the_language_of_the_person() {
    let app = App::start().await;
    let juma = app.newcomer_speaking("Juma", "254711000002", "sw").await;
    app.messages_are_sent().await;
    let code = app.code(&juma.phone, "Inathibitisha simu hii").await;
    tell(&app, &juma, "phone", &code).await.expect(200);
    app.code(&juma.email, "kuthibitisha kwamba barua pepe").await;
    app.assert_sound().await;
}

/// Readers of the database find no code: not in messages, jobs or records.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_nowhere_but_in_its_message() {
    let app = workerless().await;
    let amina = app.newcomer("Amina").await;
    let code = email_code(&app, &amina).await;
    tell(&app, &amina, "email", &another_code(&code)).await;
    tell(&app, &amina, "email", &code).await.expect(200);
    // Excludes ids and times, which may contain the same digits by chance.
    let kept = "select string_agg(t, ' ') from (
        select params::text as t from notifications union all select payload::text from jobs
        union all select key || coalesce(last_error, '') from jobs
        union all select data::text from events
        union all select body::text from idempotency_keys
        union all select purpose || tries from codes) kept";
    let kept = app.database.text(kept).await.expect("rows");
    assert!(kept.contains("Amina") && !kept.contains(&code), "{code}: {kept}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_good_for_five_minutes() {
    let app = workerless().await;
    let (amina, juma) = (app.newcomer("Amina").await, app.newcomer("Juma").await);
    let (in_time, too_late) = (email_code(&app, &amina).await, email_code(&app, &juma).await);
    app.clock.advance(TimeDelta::seconds(4 * 60 + 30));
    tell(&app, &amina, "email", &in_time).await.expect(200);
    app.clock.advance(TimeDelta::seconds(31));
    refused(&tell(&app, &juma, "email", &too_late).await);
    assert_eq!(app.get(&juma, "/v1/me").await.expect(200)["email_verified_at"], Value::Null);
}

/// The code expired while mail was unavailable, so it is not sent any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_codes_are_not_sent() {
    let app = workerless().await;
    let amina = app.newcomer("Amina").await;
    app.clock.advance(TimeDelta::minutes(6));
    app.run_due_jobs().await;
    assert_eq!(app.codes(&amina.email, "confirm").await, Vec::<String>::new());
    assert_eq!(app.mails(&amina).await, [], "expected only codes at an unverified address");
    let open = "select count(*) from jobs where state <> 'done'";
    assert_eq!(app.database.number(open).await, 0);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_five_wrong_tries_the_right_code_is_refused() {
    let app = workerless().await;
    for (wrong_tries, is_good) in [(4, true), (5, false)] {
        let person = app.newcomer("Amina").await;
        let code = email_code(&app, &person).await;
        for _ in 0..wrong_tries {
            refused(&tell(&app, &person, "email", &another_code(&code)).await);
        }
        let told = tell(&app, &person, "email", &code).await;
        if is_good {
            told.expect(200);
        } else {
            refused(&told);
        }
    }
}

async fn tell_at_once(app: &Arc<App>, person: &Person, codes: Vec<String>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(codes.len()));
    let mut telling = JoinSet::new();
    for code in codes {
        let (app, person, barrier) = (app.clone(), person.clone(), barrier.clone());
        telling.spawn(async move {
            barrier.wait().await;
            tell(&app, &person, "email", &code).await
        });
    }
    telling.join_all().await
}

/// Concurrent guesses get no more tries than sequential ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_guesses_at_once_five_are_compared() {
    let app = Arc::new(workerless().await);
    let amina = app.newcomer("Amina").await;
    let code = email_code(&app, &amina).await;
    let guesses = vec![another_code(&code); 20];
    tell_at_once(&app, &amina, guesses).await.iter().for_each(refused);
    let tries = "select tries from codes where purpose = 'verify_email'";
    assert_eq!(app.database.number(tries).await, 5);
    refused(&tell(&app, &amina, "email", &code).await);
    assert_eq!(app.database.number(tries).await, 5);
}

/// Only one of many concurrent calls with the right code succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_works_once_under_concurrency() {
    let app = Arc::new(workerless().await);
    let amina = app.newcomer("Amina").await;
    let code = email_code(&app, &amina).await;
    let answers = tell_at_once(&app, &amina, vec![code; 20]).await;
    let (good, wrong): (Vec<_>, Vec<_>) = answers.iter().partition(|one| one.status == 200);
    assert_eq!(good.len(), 1);
    wrong.into_iter().for_each(refused);
    let records = app.store.audit_of(&amina.id).await.expect("records");
    assert_eq!(records.iter().filter(|one| one.kind == "user.verified").count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replaced_code_is_dead() {
    let app = workerless().await;
    let amina = app.newcomer("Amina").await;
    let first = email_code(&app, &amina).await;
    let mut second = first.clone();
    // One pair in a million has equal codes.
    while second == first {
        assert_eq!(send(&app, &amina, "email").await.expect(202), json!({ "expires_in": 300 }));
        second = email_code(&app, &amina).await;
    }
    refused(&tell(&app, &amina, "email", &first).await);
    tell(&app, &amina, "email", &second).await.expect(200);
    let open = "select count(*) from codes where ended_at is null and purpose = 'verify_email'";
    assert_eq!(app.database.number(open).await, 0);
}

/// A code is bound to its user and channel.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_good_for_its_person_and_purpose_only() {
    let app = workerless().await;
    let (amina, juma) = (app.newcomer("Amina").await, app.newcomer("Juma").await);
    let code = email_code(&app, &amina).await;
    // One pair in a million has equal codes.
    let other = email_code(&app, &juma).await;
    let numbers =
        [app.code(&amina.phone, "confirms").await, app.code(&juma.phone, "confirms").await];
    if other != code && !numbers.contains(&code) {
        refused(&tell(&app, &juma, "email", &code).await);
        refused(&tell(&app, &juma, "phone", &code).await);
        refused(&tell(&app, &amina, "phone", &code).await);
    }
    tell(&app, &amina, "email", &code).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_gets_five_codes_an_hour_and_ten_a_day() {
    let app = workerless().await;
    let mut amina = app.newcomer("Amina").await;
    let too_many = async |amina: &Person, waits: std::ops::RangeInclusive<u32>| {
        let before = app.database.number("select count(*) from codes").await;
        let answer = send(&app, amina, "email").await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (429, "too_many_attempts"));
        let wait = answer.headers["retry-after"].to_str().expect("text");
        assert!(waits.contains(&wait.parse().expect("seconds")), "{wait}");
        assert_eq!(app.database.number("select count(*) from codes").await, before);
    };
    // The registration sent the first code.
    for _ in 0..4 {
        send(&app, &amina, "email").await.expect(202);
    }
    too_many(&amina, 3_500..=3_600).await;
    send(&app, &amina, "phone").await.expect(202);
    app.advance(TimeDelta::hours(1), &mut [&mut amina]).await;
    for _ in 0..5 {
        send(&app, &amina, "email").await.expect(202);
    }
    app.advance(TimeDelta::hours(1), &mut [&mut amina]).await;
    too_many(&amina, 79_000..=79_200).await;
    app.advance(TimeDelta::hours(22), &mut [&mut amina]).await;
    send(&app, &amina, "email").await.expect(202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_account_gets_no_codes() {
    let app = workerless().await;
    let (operator, amina) = (app.operator().await, app.newcomer("Amina").await);
    let code = email_code(&app, &amina).await;
    let path = format!("/v1/operator/users/{}/close", amina.id);
    app.post(&operator, &path, json!({ "note": "Asked for it" })).await.expect(200);
    for answer in [send(&app, &amina, "phone").await, tell(&app, &amina, "email", &code).await] {
        assert_eq!((answer.status.as_u16(), answer.problem()), (403, "account_closed"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_codes_are_removed() {
    let app = workerless().await;
    app.newcomer("Amina").await;
    let housekeep = async |tick: i64, left: i64| {
        let now = app.clock.now();
        app.store.enqueue_job(&Job::Housekeep { tick }, now, now).await.expect("a job");
        app.run_due_jobs().await;
        assert_eq!(app.database.number("select count(*) from codes").await, left);
    };
    housekeep(1, 2).await;
    app.clock.advance(TimeDelta::days(3));
    housekeep(2, 0).await;
    app.assert_sound().await;
}
