//! The event log: numbered without gaps, in lock order and without loss, under concurrent writers
//! and sequencers.

use amana_domain::event::Event;
use amana_harness::{App, Database, DealPlan, eventually};
use diesel_async::SimpleAsyncConnection;
use rand::Rng;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;
use tokio::time::sleep;

const WRITERS: i64 = 32;
const ROUNDS: i64 = 30;
const SUBJECTS: i64 = 8;
const ROLLBACK_PERCENT: u32 = 20;

/// Changes one subject: locks it, increments its count, waits, and appends one or two events with
/// the new count.
async fn change(conn: &mut (impl SimpleAsyncConnection + Send), subject: i64) -> bool {
    let (wait_ms, events, is_undone) = {
        let mut random = rand::rng();
        (
            random.random_range(0..4),
            random.random_range(1..=2),
            random.random_range(0..100) < ROLLBACK_PERCENT,
        )
    };
    conn.batch_execute(&format!(
        "begin; update subjects set count = count + 1 where id = {subject}"
    ))
    .await
    .expect("a lock");
    sleep(Duration::from_millis(wait_ms)).await;
    let append = format!(
        "insert into events (tx, ordinal, at, kind, actor_kind, subject, audience, data)
        select tx, first + n, now(), 'job.replayed', 'system', 'subject {subject}', 'staff',
            jsonb_build_object('count', s.count, 'n', n)
        from events_reserve({events}), generate_series(0, {events} - 1) n, subjects s where s.id = {subject}"
    );
    conn.batch_execute(&append).await.expect("an event");
    sleep(Duration::from_millis(wait_ms)).await;
    conn.batch_execute(if is_undone { "rollback" } else { "commit" }).await.expect("an end");
    !is_undone
}

async fn write(database: Arc<Database>, writer: i64, committed: Arc<AtomicI64>) {
    let mut conn = database.connection().await;
    for round in 0..ROUNDS {
        if change(&mut conn, (writer + round * 5) % SUBJECTS).await {
            committed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Reads while others write. Numbers must be consecutive, and the counts of a subject must not
/// decrease.
async fn follow(database: &Database, done: &AtomicBool) -> (i64, i64) {
    let store = database.store().await;
    let (mut position, mut counts, mut commits) =
        (0, BTreeMap::<String, i64>::new(), BTreeSet::new());
    loop {
        let was_done = done.load(Ordering::Acquire);
        let events = store.events_after(position, 100).await.expect("events");
        for event in &events {
            assert_eq!(event.seq, position + 1, "expected consecutive numbers");
            position = event.seq;
            let count = event.data["count"].as_i64().expect("a count");
            let last = counts.entry(event.subject.clone()).or_default();
            let is_next = count == *last + 1 || (count == *last && event.data["n"] == 1);
            assert!(is_next, "{}: count {count} after {last}", event.subject);
            *last = count;
            commits.insert((event.subject.clone(), count));
        }
        if events.is_empty() && was_done {
            return (position, i64::try_from(commits.len()).expect("a number"));
        }
        sleep(Duration::from_millis(2)).await;
    }
}

async fn number_until(database: Arc<Database>, done: Arc<AtomicBool>) {
    let store = database.store().await;
    while !done.load(Ordering::Acquire) {
        store.number_events().await.expect("numbers");
        sleep(Duration::from_millis(1)).await;
    }
}

/// Two sequencers number what 32 writers commit or roll back at random moments.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_late_or_lost_and_a_subject_keeps_its_order() {
    let database = Arc::new(Database::new().await);
    let subjects = format!(
        "create table subjects (id bigint primary key, count bigint not null);
        insert into subjects select n, 0 from generate_series(0, {} - 1) n",
        SUBJECTS
    );
    database.execute(&subjects).await;
    let (done, committed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
    let sequencers: Vec<_> =
        (0..2).map(|_| tokio::spawn(number_until(database.clone(), done.clone()))).collect();
    let read_to_end = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (database, done) = (database.clone(), read_to_end.clone());
        async move { follow(&database, &done).await }
    });
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write(database.clone(), writer, committed.clone())))
        .collect();
    for writer in writers {
        writer.await.expect("a writer");
    }
    eventually("all commits have their number", || async {
        let missing =
            database.number("select count(*) from event_commits where base is null").await;
        (missing == 0).then_some(())
    })
    .await;
    read_to_end.store(true, Ordering::Release);
    let (events, commits) = reader.await.expect("the reader");
    done.store(true, Ordering::Release);
    for sequencer in sequencers {
        sequencer.await.expect("a sequencer");
    }
    assert_eq!(commits, committed.load(Ordering::Relaxed));
    assert_eq!(events, database.number("select count(*) from events").await);
    let rolled_back = WRITERS * ROUNDS - commits;
    assert!(rolled_back > WRITERS * ROUNDS / 10, "{rolled_back} were rolled back");
}

/// A sequencer that dies before its commit has assigned no numbers; afterwards its numbers are
/// final.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_sequencer_leaves_no_gap() {
    let database = Database::new().await;
    let append = "insert into events (tx, ordinal, at, kind, actor_kind, subject, audience, data)
        select tx, first, now(), 'job.replayed', 'system', 'one', 'staff', '{}' from events_reserve(1)";
    database.execute(append).await;
    let mut dying = database.connection().await;
    dying.batch_execute("begin; select events_number(10)").await.expect("numbers");
    // Another sequencer does not block while the first one holds the lock.
    let store = database.store().await;
    assert_eq!(store.number_events().await.expect("a step"), 0);
    let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and query like '%events_number(10)%' and pid <> pg_backend_pid()";
    assert_eq!(database.number(kill).await, 1);
    drop(dying);
    database.execute(append).await;
    eventually("the next sequencer numbers", || async {
        (store.number_events().await.expect("a step") == 2).then_some(())
    })
    .await;
    let seqs: Vec<i64> =
        store.events_after(0, 10).await.expect("events").iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [1, 2]);
    // Assigned numbers cannot change.
    let again = "update event_commits set base = 7";
    assert_eq!(database.refusal(again).await, "event_commits_numbered_once");
    assert_eq!(database.refusal("delete from event_commits").await, "event_commits_numbered_once");
}

/// A rollback to a savepoint returns the ordinals, so a transaction's events have no gaps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_savepoint_that_is_undone_leaves_no_gap() {
    let database = Database::new().await;
    let append = "insert into events (tx, ordinal, at, kind, actor_kind, subject, audience, data)
        select tx, first, now(), 'job.replayed', 'system', 'one', 'staff', '{}' from events_reserve(1);";
    let story = format!(
        "begin; savepoint a; {append} rollback to a; {append} savepoint b; {append} {append} rollback to b;
        {append} commit"
    );
    database.connection().await.batch_execute(&story).await.expect("a story");
    let store = database.store().await;
    assert_eq!(store.number_events().await.expect("a step"), 2);
    assert_eq!(store.events_after(0, 10).await.expect("events").len(), 2);
}

/// The worker numbers the events of a whole deal; timeline and log have the same events.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worker_numbers_a_deals_life() {
    let app = App::start().await;
    let funded = app.funded(&DealPlan::default()).await;
    app.complete(&funded).await;
    let timeline = app.timeline(&funded.buyer, &funded.deal).await;
    let events = eventually("the events have numbers", || async {
        let events = app.store.events_after(0, 1_000).await.expect("events");
        let of_deal: Vec<_> = events.into_iter().filter(|event| event.deal_id.is_some()).collect();
        (of_deal.len() == timeline.len()).then_some(of_deal)
    })
    .await;
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, timeline);
    let numbers: Vec<_> = events.iter().map(|event| event.deal_seq).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    for event in events {
        let whole = serde_json::json!({ "kind": event.kind, "data": event.data });
        Event::read(&event.kind, whole).unwrap_or_else(|error| panic!("{}: {error}", event.kind));
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn months_get_their_partitions_ahead() {
    let database = Database::new().await;
    let store = database.store().await;
    let now = "2031-11-20T10:00:00Z".parse().expect("a time");
    assert_eq!(store.add_event_months(now).await.expect("months"), 4);
    assert_eq!(store.add_event_months(now).await.expect("months"), 0);
    let names = "select string_agg(relname, ' ' order by relname) from pg_class
        where relname like 'events\\_20%' and relkind = 'r'";
    let names = database.text(names).await.expect("names");
    assert_eq!(names, "events_2031_11 events_2031_12 events_2032_01 events_2032_02");
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/events")
}

/// Returns the schema of each kind: one choice of its area's schema, with the definitions that it needs.
fn schemas() -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for area in Event::schemas() {
        let area = area.to_value();
        for choice in area["oneOf"].as_array().expect("kinds") {
            let kind = choice["properties"]["kind"]["const"].as_str().expect("a kind").to_owned();
            let mut schema = choice.clone();
            schema["$schema"] = area["$schema"].clone();
            schema["$id"] = format!("urn:amana:event:{kind}").into();
            schema["title"] = kind.clone().into();
            if let Some(definitions) = area.get("$defs") {
                schema["$defs"] = used(definitions, choice);
            }
            assert!(found.insert(kind.clone(), schema).is_none(), "{kind} is declared twice");
        }
    }
    found
}

/// Returns the definitions that a schema refers to, directly or through others.
fn used(definitions: &Value, schema: &Value) -> Value {
    let mut text = schema.to_string();
    let mut kept = serde_json::Map::new();
    loop {
        let all = definitions.as_object().expect("definitions").iter();
        let mut next = all.filter(|(name, _)| {
            text.contains(&format!("#/$defs/{name}\"")) && !kept.contains_key(*name)
        });
        let Some((name, definition)) = next.next() else { return Value::Object(kept) };
        text.push_str(&definition.to_string());
        kept.insert(name.clone(), definition.clone());
    }
}

/// Each kind of event has its committed schema, and no schema is of a kind that is gone.
#[test]
fn openapi_has_the_schema_of_every_event_kind() {
    let schemas = schemas();
    let kinds: BTreeSet<_> = Event::kinds().map(str::to_owned).collect();
    assert_eq!(schemas.keys().cloned().collect::<BTreeSet<_>>(), kinds);
    for (kind, schema) in &schemas {
        let text = format!("{}\n", serde_json::to_string_pretty(schema).expect("JSON"));
        expectorate::assert_contents(folder().join(format!("{kind}.json")), &text);
    }
    let files = std::fs::read_dir(folder()).expect("a folder").map(|file| {
        let name = file.expect("a file").file_name();
        name.to_string_lossy().trim_end_matches(".json").to_owned()
    });
    assert_eq!(files.collect::<BTreeSet<_>>(), kinds);
}

async fn sent(app: &App) -> String {
    let messages = "select string_agg(concat_ws(' ', template, channel, user_id), ',' order by template, channel, user_id)
        from notifications where template in ('transfer_received', 'transfer_sent')";
    app.database.text(messages).await.unwrap_or_default()
}

/// A subscriber that is broken at each of its steps, and one that reads everything again, records each message once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_that_is_broken_or_run_twice_records_each_message_once() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.given(&amina, 1_000_000, app.clock.now()).await;
    app.follow_log().await;
    for n in 1..=5 {
        let amount = serde_json::json!({ "amount": 10_000 + n, "currency": "KES" });
        let body = serde_json::json!({ "to": { "user_id": juma.id }, "amount": amount });
        app.post(&amina, "/v1/transfers", body).await.expect(201);
    }
    assert!(app.store.number_events().await.expect("a step") > 0);
    let (position, now) =
        ("select position from event_subscribers where name = 'notify'", app.clock.now());
    let before = app.database.number(position).await;
    let refuse = "create function refuse() returns trigger language plpgsql as $$
        begin raise exception 'broken' using errcode = 'restrict_violation'; end $$";
    app.database.execute(refuse).await;
    for step in ["insert on jobs", "insert on notifications", "update on event_subscribers"] {
        let (event, table) = step.split_once(" on ").expect("a step");
        let break_it =
            format!("create trigger broken before {event} on {table} execute function refuse()");
        app.database.execute(&break_it).await;
        app.store.notify(now).await.expect_err(step);
        app.database.execute(&format!("drop trigger broken on {table}")).await;
        assert_eq!(
            (sent(&app).await, app.database.number(position).await),
            (String::new(), before),
            "{step}"
        );
    }
    assert_eq!(app.store.notify(now).await.expect("a step"), 5);
    let once = sent(&app).await;
    assert_eq!(once.matches("transfer_received sms").count(), 5, "{once}");
    assert_eq!(app.store.notify(now).await.expect("a step"), 0);
    app.database.execute("update event_subscribers set position = 0").await;
    while app.store.notify(now).await.expect("a step") > 0 {}
    assert_eq!(sent(&app).await, once);
    app.assert_sound().await;
}
