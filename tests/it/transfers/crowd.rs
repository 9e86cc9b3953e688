//! Concurrent transfers: one wallet, one key, several API processes, and a full queue.

use super::to;
use amana_domain::id::UserId;
use amana_domain::money::{Currency, Money};
use amana_domain::payee::Payee;
use amana_domain::transfer::Category;
use amana_harness::{Answer, App, Person, api_config, eventually};
use amana_postgres::{
    Clock, Error, Keyed, NewTransfer, Store, TransferDetails, TransferView, TransferWriter,
};
use chrono::Utc;
use diesel_async::SimpleAsyncConnection;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinSet;

const CLIENTS: usize = 200;

/// PostgreSQL's own count of deadlocks, which includes those that were retried.
const DEADLOCKS: &str = "select deadlocks from pg_stat_database where datname = current_database()";

async fn rich(minor: i64) -> (Arc<App>, Person, Person) {
    let mut app = App::start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.top_up(&amina, minor).await;
    app.stop_worker().await;
    (Arc::new(app), amina, juma)
}

/// Makes this many calls concurrently. A call that finds the service busy (503) is repeated with
/// its key.
async fn at_once(
    app: &Arc<App>,
    count: usize,
    from: &Person,
    recipient: &Person,
    minor: i64,
) -> Vec<Answer> {
    let mut calls = JoinSet::new();
    for n in 0..count {
        let (app, from, body) = (app.clone(), from.clone(), to(recipient, minor));
        calls.spawn(async move {
            app.post_until_served(&from, "/v1/transfers", &format!("k-{n}"), body).await
        });
    }
    calls.join_all().await
}

fn made(answers: &[Answer]) -> usize {
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!((answer.status.as_u16(), answer.problem()), (422, "insufficient_funds"));
    }
    answers.iter().filter(|answer| answer.status == 201).count()
}

/// Two hundred users request KES 7.00 each from KES 500.07 concurrently: 71 succeed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_clients_spend_one_wallet_to_the_last_cent_and_never_below() {
    let (app, amina, juma) = rich(50_000).await;
    let answers = at_once(&app, CLIENTS, &amina, &juma, 700).await;
    assert_eq!(made(&answers), 71);
    assert_eq!(app.balance(&amina).await, (300, 0));
    assert_eq!(app.balance(&juma).await, (49_700, 0));
    let lowest =
        "select min(balance_after_minor) from postings p join accounts a on a.id = p.account_id
        where a.kind = 'user.available'";
    assert_eq!(app.database.number(lowest).await, 300);
    assert_eq!(app.database.number("select count(*) from transfers").await, 71);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_spends_of_the_last_shilling_are_one() {
    let (app, amina, juma) = rich(100).await;
    let answers = at_once(&app, 1_000, &amina, &juma, 100).await;
    assert_eq!(made(&answers), 1);
    assert_eq!((app.balance(&amina).await, app.balance(&juma).await), ((0, 0), (100, 0)));
    app.assert_sound().await;
}

/// One key with two bodies, concurrently and from two processes. One body is carried out, its
/// repetitions get the same response, and the other body is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_is_one_transfer_whoever_takes_it() {
    let (app, amina, juma) = rich(100_000).await;
    let second = second_api(&app).await;
    let mut calls = JoinSet::new();
    for n in 0..60 {
        let (app, amina) = (app.clone(), amina.clone());
        let (url, body) =
            (if n % 2 == 0 { app.api_url.clone() } else { second.clone() }, to(&juma, 100 + n % 3));
        calls.spawn(async move {
            let request = app.http.post(format!("{url}/v1/transfers")).bearer_auth(&amina.token);
            let response = request.header("Idempotency-Key", "k-1").json(&body).send().await;
            let response = response.expect("an answer");
            let is_replay = response.headers().contains_key("idempotent-replayed");
            (response.status().as_u16(), is_replay, response.text().await.expect("a body"))
        });
    }
    let answers = calls.join_all().await;
    let first: Vec<_> =
        answers.iter().filter(|(status, replay, _)| (*status, *replay) == (201, false)).collect();
    assert_eq!(first.len(), 1, "{answers:?}");
    let again =
        answers.iter().filter(|(status, _, body)| *status == 201 && *body == first[0].2).count();
    let reused = answers
        .iter()
        .filter(|(status, _, body)| *status == 422 && body.contains("idempotency_key_reused"))
        .count();
    assert_eq!((again, reused), (20, 40), "{answers:?}");
    assert_eq!(app.database.number("select count(*) from transfers").await, 1);
    app.assert_sound().await;
}

/// Starts another API process on the same database.
async fn second_api(app: &App) -> String {
    let config = api_config(app.context.files.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let store = app.database.store().await;
    let api = amana_api::app(store, app.clock.clone(), None, &config);
    tokio::spawn(async move {
        amana_api::serve(listener, api, std::future::pending()).await.expect("the API runs");
    });
    url
}

/// All users send to each other through two APIs, while deals are paid from the same wallets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_goes_round_through_two_processes_without_deadlock() {
    let mut app = App::start().await;
    let mut people = vec![];
    for name in ["Amina", "Juma", "Neema", "Otieno", "Wanjiru"] {
        let person = app.person(name).await;
        app.top_up(&person, 100_000).await;
        people.push(person);
    }
    app.stop_worker().await;
    let app = Arc::new(app);
    let second = second_api(&app).await;
    let before = app.database.number(DEADLOCKS).await;
    let mut calls = JoinSet::new();
    for n in 0..400usize {
        let (from, recipient) = (people[n % 5].clone(), people[(n * 7 + 1 + n / 5) % 5].clone());
        let url = if n % 2 == 0 { app.api_url.clone() } else { second.clone() };
        let http = app.http.clone();
        calls.spawn(async move {
            let body = to(&recipient, 100 + i64::try_from(n).expect("small"));
            eventually("a call is not refused as busy", || async {
                let request = http.post(format!("{url}/v1/transfers")).bearer_auth(&from.token);
                let request = request.header("Idempotency-Key", format!("k-{n}")).json(&body);
                let status = request.send().await.expect("an answer").status().as_u16();
                (status != 503).then_some(status)
            })
            .await
        });
    }
    let answers = calls.join_all().await;
    assert!(answers.iter().all(|status| [201, 422].contains(status)), "{answers:?}");
    assert!(answers.iter().filter(|status| **status == 201).count() > 250);
    let mut total = 0;
    for person in &people {
        total += app.balance(person).await.0;
    }
    assert_eq!(total, 500_000);
    assert_eq!(app.database.number(DEADLOCKS).await, before);
    app.assert_sound().await;
}

pub(super) fn request(from: UserId, key: &str, recipient: UserId, minor: i64) -> NewTransfer {
    fn render(transfer: &TransferView) -> amana_postgres::Answer {
        amana_postgres::Answer { status: 201, body: json!({ "id": transfer.id.to_string() }) }
    }
    let said = format!("{recipient} {minor}");
    let details =
        TransferDetails { note: None, category: Category::General, metadata: BTreeMap::new() };
    NewTransfer {
        keyed: Keyed::new(from, key.to_owned(), "create_transfer", &said),
        to: Payee::User(recipient),
        amount: Money::new(minor, Currency::Kes).expect("an amount"),
        details,
        render,
    }
}

/// While the accounts are locked elsewhere, calls wait. Above the queue's limit they are refused at
/// once, without effect.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_and_does_not_grow() {
    let (app, amina, juma) = rich(1_000_000).await;
    let (from, recipient): (UserId, UserId) = (amina.id.parse().unwrap(), juma.id.parse().unwrap());
    let mut holder = app.database.connection().await;
    holder.batch_execute("begin; select from accounts for update").await.expect("locks");
    let writer = TransferWriter::start(&app.store, &app.clock);
    let mut calls = JoinSet::new();
    for n in 0..4_000 {
        let writer = writer.clone();
        calls.spawn(
            async move { writer.make(request(from, &format!("k-{n}"), recipient, 1)).await },
        );
    }
    let mut refused = 0;
    while refused < 4_000 - 2_048 - 512 {
        let answer = calls.join_next().await.expect("a call").expect("an answer");
        assert!(matches!(answer, Err(Error::Busy)), "{answer:?}");
        refused += 1;
    }
    holder.batch_execute("rollback").await.expect("released");
    let mut made = 0;
    for answer in calls.join_all().await {
        match answer {
            Ok(_) => made += 1,
            Err(Error::Busy) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!((2_048..=2_048 + 512).contains(&made), "{made} made, {refused} refused");
    assert_eq!(made + refused, 4_000);
    assert_eq!(app.database.number("select count(*) from transfers").await, made);
    assert_eq!(app.balance(&juma).await, (made, 0));
    app.assert_sound().await;
}

/// A request that the database cannot store fails alone; the rest of its batch is carried out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_breaks_a_batch_is_found_and_fails_alone() {
    let (app, amina, juma) = rich(100_000).await;
    let (from, recipient): (UserId, UserId) = (amina.id.parse().unwrap(), juma.id.parse().unwrap());
    let mut holder = app.database.connection().await;
    holder.batch_execute("begin; select from accounts for update").await.expect("locks");
    let writer = TransferWriter::start(&app.store, &app.clock);
    let mut calls = JoinSet::new();
    for n in 0..50 {
        let (writer, mut request) =
            (writer.clone(), request(from, &format!("k-{n}"), recipient, 1));
        if n == 17 {
            request.details.note = Some("\0".to_owned());
        }
        calls.spawn(async move { (n, writer.make(request).await) });
    }
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    holder.batch_execute("rollback").await.expect("released");
    for (n, answer) in calls.join_all().await {
        assert_eq!(answer.is_ok(), n != 17, "{n}: {answer:?}");
    }
    assert_eq!(app.balance(&juma).await, (49, 0));
    app.assert_sound().await;
}

/// Callers in a batch that panics learn that the outcome is unknown; the lane continues.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_a_batch_does_not_end_the_lane() {
    let (app, amina, juma) = rich(100_000).await;
    let (from, recipient): (UserId, UserId) = (amina.id.parse().unwrap(), juma.id.parse().unwrap());
    let writer = TransferWriter::start(&app.store, &app.clock);
    let mut broken = request(from, "k-1", recipient, 1);
    broken.render = |_| panic!("on purpose");
    let answer = writer.make(broken).await;
    assert!(matches!(&answer, Err(error) if error.is_transient()), "{answer:?}");
    let again = writer.make(request(from, "k-1", recipient, 1)).await.expect("made");
    assert!(!again.replayed);
    assert_eq!(app.balance(&juma).await, (1, 0));
    app.assert_sound().await;
}

/// A server whose clock is behind posts no earlier than existing postings, so time never decreases
/// within an account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_behind_does_not_turn_back_time() {
    let (app, amina, juma) = rich(100_000).await;
    let (from, recipient): (UserId, UserId) = (amina.id.parse().unwrap(), juma.id.parse().unwrap());
    let ahead = Clock::default();
    ahead.advance(chrono::TimeDelta::minutes(3));
    let store: Store = app.database.store().await;
    let (fast, slow) =
        (TransferWriter::start(&store, &ahead), TransferWriter::start(&store, &Clock::default()));
    for n in 0..6 {
        let writer = if n % 2 == 0 { &fast } else { &slow };
        writer.make(request(from, &format!("k-{n}"), recipient, 1)).await.expect("made");
    }
    let back = "select count(*) from (select at < lag(at) over (partition by account_id order by seq) as back
        from postings) t where back";
    assert_eq!(app.database.number(back).await, 0);
    let differing = "select count(*) from transfers t join entries e using (id) where t.at <> e.at";
    assert_eq!(app.database.number(differing).await, 0);
    assert!(app.clock.now() < Utc::now() + chrono::TimeDelta::minutes(1));
    app.assert_sound().await;
}
