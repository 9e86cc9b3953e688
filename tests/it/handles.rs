//! Handles: permanently reserved for one user, changed at most once in thirty days, and unique
//! under concurrency.

use amana_harness::{Answer, App, Person};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Barrier;

async fn set(app: &App, person: &Person, handle: &str) -> Answer {
    app.put(person, "/v1/me/handle", json!({ "handle": handle })).await
}

#[track_caller]
fn refused(answer: &Answer, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (409, code));
    assert_eq!(answer.body["errors"][0]["pointer"], "/handle");
}

async fn owner(app: &App, handle: &str) -> Option<String> {
    let sql = format!(
        "select 'usr_' || replace(user_id::text, '-', '') from handles where handle = '{handle}'"
    );
    app.database.text(&sql).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_is_shown_and_is_recorded() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    assert_eq!(app.get(&amina, "/v1/me").await.expect(200)["handle"], Value::Null);
    let me = set(&app, &amina, "@Amina_K").await.expect(200);
    assert_eq!(me["handle"], "@amina_k");
    assert_eq!(app.get(&amina, "/v1/me").await.expect(200), me);
    let before = app.database.fingerprint().await;
    assert_eq!(set(&app, &amina, "amina_k").await.expect(200), me);
    assert_eq!(app.database.fingerprint().await, before, "expected no change after a refused call");
    let records = app.store.audit_of(&amina.id).await.expect("records");
    let last = records.last().expect("a record");
    assert_eq!((last.actor().as_str(), last.kind.as_str()), (&*amina.id, "user.handle_changed"));
    assert_eq!(last.data, json!({ "from": null, "to": "@amina_k" }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_can_be_taken_at_registration() {
    let app = App::builder().without_worker().start().await;
    let new = |name: &str, phone: &str, handle: &str| {
        let email = format!("{name}@example.com");
        json!({ "name": name, "email": email, "phone": phone, "password": "karibu-nyumbani-7", "handle": handle })
    };
    let register =
        async |body: Value| app.send(Method::POST, "/v1/users", None, None, Some(&body)).await;
    let user = register(new("neema", "0712345678", "@Neema")).await.expect(201);
    assert_eq!(user["handle"], "@neema");
    let before = app.database.fingerprint().await;
    refused(&register(new("baraka", "0712345679", "neema")).await, "handle_taken");
    assert_eq!(
        app.database.fingerprint().await,
        before,
        "expected no registration after a refused call"
    );
}

/// Thirty days must pass between changes; a refused user keeps the present handle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_changes_once_in_thirty_days() {
    let app = App::builder().without_worker().start().await;
    let mut amina = app.person("Amina").await;
    set(&app, &amina, "amina").await.expect(200);
    refused(&set(&app, &amina, "amina2").await, "handle_change_too_soon");
    app.advance(TimeDelta::days(30) - TimeDelta::minutes(1), &mut [&mut amina]).await;
    refused(&set(&app, &amina, "amina2").await, "handle_change_too_soon");
    assert_eq!(owner(&app, "amina2").await, None);
    app.advance(TimeDelta::minutes(1), &mut [&mut amina]).await;
    assert_eq!(set(&app, &amina, "amina2").await.expect(200)["handle"], "@amina2");
    refused(&set(&app, &amina, "amina3").await, "handle_change_too_soon");
}

/// Money to a former handle must not reach a stranger. The former owner may take it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_former_handle_stays_its_owners() {
    let app = App::builder().without_worker().start().await;
    let (mut amina, mut juma) = (app.person("Amina").await, app.person("Juma").await);
    set(&app, &amina, "amina").await.expect(200);
    app.advance(TimeDelta::days(30), &mut [&mut amina]).await;
    set(&app, &amina, "mama_amina").await.expect(200);
    juma.token = app.log_in(&juma.email).await;
    for taken in ["amina", "mama_amina", "AMINA"] {
        refused(&set(&app, &juma, taken).await, "handle_taken");
    }
    assert_eq!(app.get(&juma, "/v1/me").await.expect(200)["handle"], Value::Null);
    app.advance(TimeDelta::days(30), &mut [&mut amina]).await;
    assert_eq!(set(&app, &amina, "amina").await.expect(200)["handle"], "@amina");
}

async fn all_at_once(app: &Arc<App>, calls: Vec<(Person, String)>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(calls.len()));
    let calls: Vec<_> = calls
        .into_iter()
        .map(|(person, handle)| {
            let (app, barrier) = (Arc::clone(app), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                set(&app, &person, &handle).await
            })
        })
        .collect();
    let mut answers = vec![];
    for call in calls {
        answers.push(call.await.expect("an answer"));
    }
    answers
}

/// Ten people request one handle five times each. One person gets it, in each of their calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_fifty_calls_want_is_one_persons() {
    let app = Arc::new(App::builder().without_worker().start().await);
    let mut people = vec![];
    for n in 0..10 {
        people.push(app.person(&format!("Person{n}")).await);
    }
    let calls = people.iter().cycle().take(50).map(|p| (p.clone(), "simba".to_owned())).collect();
    let answers = all_at_once(&app, calls).await;
    let winner = owner(&app, "simba").await.expect("an owner");
    for (answer, person) in answers.iter().zip(people.iter().cycle()) {
        match person.id == winner {
            true => assert_eq!(answer.body["handle"], "@simba", "{:#}", answer.body),
            false => refused(answer, "handle_taken"),
        }
    }
    assert_eq!(app.database.number("select count(*) from users where handle = 'simba'").await, 1);
}

/// One person requests many handles concurrently. The first choice needs no waiting time, so
/// exactly one succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_asks_for_many_names_at_once_gets_one() {
    let app = Arc::new(App::builder().without_worker().start().await);
    let amina = app.person("Amina").await;
    let calls = (0..20).map(|n| (amina.clone(), format!("amina_{n}"))).collect();
    let answers = all_at_once(&app, calls).await;
    let set: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(set.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        refused(answer, "handle_change_too_soon");
    }
    assert_eq!(app.database.number("select count(*) from handles").await, 1);
    assert_eq!(app.get(&amina, "/v1/me").await.expect(200)["handle"], set[0].body["handle"]);
}
