//! PostgreSQL is killed under load. Acknowledged transfers exist exactly once, and callers know
//! when to retry.

use amana::local::{Durability, Postgres, Scratch};
use amana_files::Files;
use amana_harness::{Database, Door, api_config};
use amana_postgres::{Clock, Store};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const CLIENTS: usize = 32;
const KILLS: usize = 3;
const BEGIN_MINOR: i64 = 10_000_000;

/// Time after which a caller gives a transfer up, which would fail the test.
const PATIENCE: Duration = Duration::from_secs(90);

/// A private PostgreSQL with synchronous writes, behind an address that stays the same.
struct Cluster {
    postgres: Option<Postgres>,
    door: Door,
    folder: PathBuf,
    database: Database,
    scratch: Scratch,
}

const NAME: &str = "crash";

impl Cluster {
    async fn start() -> Self {
        let (postgres, scratch, folder) = tokio::task::spawn_blocking(|| {
            let scratch = Scratch::new().expect("a folder");
            let folder = scratch.join("postgres");
            let postgres = Postgres::start(&folder, Durability::Full).expect("PostgreSQL");
            postgres.create_database(NAME).expect("a database");
            (postgres, scratch, folder)
        })
        .await
        .expect("a cluster");
        let door = Door::to(postgres.port()).await;
        let (port, behind) = (postgres.port().to_string(), door.address.port().to_string());
        let url = postgres.url(NAME).replace(&format!(":{port}/"), &format!(":{behind}/"));
        Store::migrate(&url).await.expect("migrations");
        let database = Database::at(&url);
        Self { postgres: Some(postgres), door, folder, database, scratch }
    }

    /// Kills PostgreSQL with SIGKILL, like a machine failure, and starts it again from disk.
    async fn dies_and_comes_back(&mut self) {
        let postgres = self.postgres.take().expect("a server");
        let pid = i32::try_from(postgres.pid()).expect("a pid");
        kill(Pid::from_raw(pid), Signal::SIGKILL).expect("killed");
        let folder = self.folder.clone();
        let postgres = tokio::task::spawn_blocking(move || {
            drop(postgres);
            Postgres::start(&folder, Durability::Full).expect("PostgreSQL")
        })
        .await
        .expect("a cluster");
        self.door.moves_to(postgres.port());
        self.postgres = Some(postgres);
    }
}

struct Api {
    url: String,
    http: reqwest::Client,
    tokens: [String; 2],
    ids: [String; 2],
}

async fn start_api(cluster: &Cluster) -> Api {
    let files = Files::open(&cluster.scratch.join("files")).expect("the folder of files");
    let config = api_config(files);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let app = amana_api::app(cluster.database.store().await, Clock::default(), None, &config);
    tokio::spawn(async move {
        amana_api::serve(listener, app, std::future::pending()).await.expect("the API runs");
    });
    let http = reqwest::Client::new();
    let (mut tokens, mut ids) = (vec![], vec![]);
    for n in [1, 2] {
        let (email, password) = (format!("p{n}@example.com"), "karibu-nyumbani-7");
        let new = json!({ "name": "Person", "email": email, "phone": format!("25471100000{n}"), "password": password });
        let user = http.post(format!("{url}/v1/users")).json(&new).send().await.expect("an answer");
        let user: Value = user.json().await.expect("a user");
        ids.push(user["id"].as_str().expect("an id").to_owned());
        let body = json!({ "login": email, "password": password });
        let session =
            http.post(format!("{url}/v1/sessions")).json(&body).send().await.expect("an answer");
        let session: Value = session.json().await.expect("a session");
        tokens.push(session["access_token"].as_str().expect("a token").to_owned());
    }
    let verified =
        "update users set email_verified_at = now(), phone_verified_at = now(), tier = 'standard'";
    cluster.database.execute(verified).await;
    cluster.database.execute(&credit(&ids)).await;
    let (tokens, ids) = (tokens.try_into().expect("two"), ids.try_into().expect("two"));
    Api { url, http, tokens, ids }
}

/// Builds the SQL of a deposit for each of both users.
fn credit(ids: &[String]) -> String {
    let clearing = "00000000-0000-0000-0000-0000000003e7";
    let mut sql = format!(
        "insert into accounts (id, kind, owner, currency, opened_at) values
            ('{clearing}', 'provider.clearing', '00000000-0000-0000-0000-000000000001', 'KES', now());"
    );
    for (n, id) in ids.iter().enumerate() {
        let user = id.trim_start_matches("usr_");
        let (seq, owed) = (n + 1, -BEGIN_MINOR * (n as i64 + 1));
        sql.push_str(&format!(
            "insert into accounts (id, kind, owner, currency, opened_at) values ('{user}', 'user.available', '{user}', 'KES', now());
            insert into entries (id, kind, key, posting_count, at) values ('{user}', 'deposit', 'd{n}', 2, now());
            insert into postings (account_id, seq, entry_id, line, amount_minor, balance_after_minor, currency, at) values
                ('{user}', 1, '{user}', 1, {BEGIN_MINOR}, {BEGIN_MINOR}, 'KES', now()),
                ('{clearing}', {seq}, '{user}', 2, -{BEGIN_MINOR}, {owed}, 'KES', now());"
        ));
    }
    sql
}

/// Repeats one transfer under its key until it is acknowledged. Every other response must be
/// retryable.
async fn insist(api: &Api, key: &str, from: usize) -> (String, usize) {
    let body = json!({ "to": { "user_id": api.ids[1 - from] }, "amount": { "amount": 100, "currency": "KES" } });
    let (began, mut repeats) = (Instant::now(), 0);
    loop {
        assert!(began.elapsed() < PATIENCE, "{key} was never acknowledged");
        let request =
            api.http.post(format!("{}/v1/transfers", api.url)).bearer_auth(&api.tokens[from]);
        let answer = request.header("Idempotency-Key", key).json(&body).send().await;
        let answer = answer.expect("the API itself is always there");
        let (status, retry) = (answer.status(), answer.headers().contains_key("retry-after"));
        let said: Value = answer.json().await.expect("JSON");
        if status == StatusCode::CREATED {
            return (said["id"].as_str().expect("an id").to_owned(), repeats);
        }
        assert!(retry, "{status}: {said:#}");
        repeats += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_transfer_is_there_exactly_once_after_postgresql_was_killed() {
    let mut cluster = Cluster::start().await;
    let api = Arc::new(start_api(&cluster).await);
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (api, stop, done) = (api.clone(), stop.clone(), done.clone());
        clients.spawn(async move {
            let (mut acknowledged, mut repeats) = (BTreeMap::new(), 0);
            for n in 0.. {
                let key = format!("k-{client}-{n}");
                let (id, again) = insist(&api, &key, client % 2).await;
                acknowledged.insert(key, id);
                repeats += again;
                done.fetch_add(1, Ordering::Relaxed);
                if stop.load(Ordering::Acquire) {
                    break;
                }
            }
            (acknowledged, repeats)
        });
    }
    for round in 1..=KILLS {
        // Each kill happens under load: many more transfers must be acknowledged first.
        let enough = done.load(Ordering::Relaxed) + 200;
        amana_harness::eventually("enough transfers are acknowledged", || async {
            (done.load(Ordering::Relaxed) >= enough).then_some(())
        })
        .await;
        cluster.dies_and_comes_back().await;
        eprintln!("killed {round} times, {} acknowledged", done.load(Ordering::Relaxed));
    }
    let after = done.load(Ordering::Relaxed) + 100;
    amana_harness::eventually("transfers are acknowledged after the last kill", || async {
        (done.load(Ordering::Relaxed) >= after).then_some(())
    })
    .await;
    stop.store(true, Ordering::Release);
    let (mut acknowledged, mut repeats) = (BTreeMap::new(), 0);
    for (keys, again) in clients.join_all().await {
        acknowledged.extend(keys);
        repeats += again;
    }
    assert!(repeats > 0, "expected retries after the kills");
    assert_sound(&cluster.database, &acknowledged).await;
}

async fn assert_sound(database: &Database, acknowledged: &BTreeMap<String, String>) {
    let count = i64::try_from(acknowledged.len()).expect("a number");
    assert_eq!(database.number("select count(*) from transfers").await, count);
    let ids: Vec<String> = acknowledged
        .iter()
        .map(|(key, id)| format!("('{key}', '{}'::uuid)", id.trim_start_matches("ent_")))
        .collect();
    let there = format!(
        "select count(*) from (values {}) a (key, id)
            join idempotency_keys k on k.key = a.key and k.body ->> 'id' = 'ent_' || replace(a.id::text, '-', '')
            join transfers t on t.id = a.id join entries e on e.id = a.id
            join events on events.subject = k.body ->> 'id'",
        ids.join(", ")
    );
    assert_eq!(database.number(&there).await, count);
    let total = "select sum(balance_minor) from accounts where kind = 'user.available'";
    assert_eq!(database.number(total).await, 2 * BEGIN_MINOR);
    assert!(database.store().await.proof().await.expect("a proof").holds());
}
