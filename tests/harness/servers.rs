//! The servers that all tests of a binary share, and a separate database per test.

use crate::services::MASTER_KEY;
use amana::local::{Durability, Postgres, Redis, Scratch};
use amana_postgres::{MasterKey, MasterKeys, Store};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard, mpsc, oneshot};

const TEMPLATE: &str = "amana_template";

pub struct Servers {
    postgres: Postgres,
    maker: mpsc::UnboundedSender<(String, oneshot::Sender<()>)>,
    redis: Redis,
    // The last field, because the servers use the folder.
    scratch: Scratch,
}

impl std::fmt::Debug for Servers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Servers")
    }
}

static SERVERS: OnceLock<Servers> = OnceLock::new();
static NEXT: AtomicU32 = AtomicU32::new(1);

/// Returns the servers, started at the first call. They end with this process.
pub fn servers() -> &'static Servers {
    SERVERS.get_or_init(|| {
        // Starting blocks, and migrating needs a runtime of its own, so both run in a separate thread.
        std::thread::spawn(start).join().expect("the test servers start")
    })
}

fn start() -> Servers {
    let scratch = Scratch::new().expect("a folder");
    let postgres =
        Postgres::start(&scratch.join("postgres"), Durability::TestOnly).expect("PostgreSQL");
    let redis = Redis::start(&scratch.join("redis"), Durability::TestOnly).expect("Redis");
    postgres.create_database(TEMPLATE).expect("the template database");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(Store::migrate(&postgres.url(TEMPLATE))).expect("migrations");
    let (maker, wanted) = mpsc::unbounded_channel();
    let admin = postgres.url("postgres");
    std::thread::spawn(move || runtime.block_on(make_databases(&admin, wanted)));
    Servers { postgres, maker, redis, scratch }
}

/// Copies the template one database at a time on one connection, because connecting costs as much as copying.
async fn make_databases(
    admin: &str,
    mut wanted: mpsc::UnboundedReceiver<(String, oneshot::Sender<()>)>,
) {
    let mut conn = AsyncPgConnection::establish(admin).await.expect("PostgreSQL");
    while let Some((name, made)) = wanted.recv().await {
        let sql = format!("create database {name} template {TEMPLATE} strategy file_copy");
        conn.batch_execute(&sql).await.expect("a database");
        let _ = made.send(());
    }
}

#[must_use]
pub fn redis_url() -> String {
    servers().redis.url()
}

/// Returns a Redis namespace that no other test of this binary uses.
#[must_use]
pub fn namespace() -> String {
    format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Returns a folder for files that no other test uses.
#[must_use]
pub(crate) fn files_folder() -> PathBuf {
    servers().scratch.join(&format!("files{}", NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// Returns the master key of tests.
#[must_use]
pub fn master_keys() -> MasterKeys {
    let key = STANDARD.decode(MASTER_KEY).expect("base64").try_into().expect("32 bytes");
    MasterKeys { current: MasterKey::new(key), previous: None }
}

/// A migrated database of one test.
#[derive(Clone)]
pub struct Database {
    pub url: String,
    /// Reused for direct queries, because a connection costs more than most statements.
    kept: Arc<Mutex<Option<AsyncPgConnection>>>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The number of polls for late sessions, and the pause between them.
const LOOKS_FOR_SESSIONS: u32 = 20;
const LOOK_PAUSE: Duration = Duration::from_millis(50);

impl Database {
    pub async fn new() -> Self {
        let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let servers = tokio::task::spawn_blocking(servers).await.expect("servers");
        let (made, is_made) = oneshot::channel();
        servers.maker.send((name.clone(), made)).expect("databases can be made");
        is_made.await.expect("a database");
        Self::at(&servers.postgres.url(&name))
    }

    /// Wraps a database that the test created.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), kept: Arc::default() }
    }

    /// Opens a superuser connection that bypasses the API.
    pub async fn connection(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(&self.url).await.expect("PostgreSQL")
    }

    pub async fn store(&self) -> Store {
        Store::connect(&self.url, 12, &master_keys()).await.expect("a store")
    }

    pub async fn execute(&self, sql: &str) {
        let mut kept = self.kept().await;
        let conn = kept.as_mut().expect("a connection");
        conn.batch_execute(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    /// Returns the reused connection, or a new one if the server has closed it.
    async fn kept(&self) -> MutexGuard<'_, Option<AsyncPgConnection>> {
        let mut kept = self.kept.lock().await;
        if kept.as_mut().is_none_or(|conn| conn.is_broken()) {
            *kept = Some(self.connection().await);
        }
        kept
    }

    /// Returns the name of the constraint that rejects these statements.
    pub async fn refusal(&self, sql: &str) -> String {
        use diesel::result::Error::DatabaseError;
        match self.connection().await.batch_execute(sql).await {
            Ok(()) => panic!("was accepted: {sql}"),
            Err(DatabaseError(_, info)) => match info.constraint_name() {
                Some(name) => name.to_owned(),
                None => panic!("refused without a name: {}: {sql}", info.message()),
            },
            Err(error) => panic!("{sql}: {error}"),
        }
    }

    /// Changes data that triggers and constraints protect, as an attacker with the superuser's password could.
    pub async fn tamper(&self, sql: &str) {
        let sql = format!("set session_replication_role = replica; {sql}");
        let mut conn = self.connection().await;
        conn.batch_execute(&sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    /// Returns one number, such as a count.
    pub async fn number(&self, sql: &str) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            n: i64,
        }
        let mut kept = self.kept().await;
        let conn = kept.as_mut().expect("a connection");
        let query = diesel::sql_query(format!("select ({sql})::bigint as n"));
        diesel_async::RunQueryDsl::get_result::<Row>(query, conn)
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"))
            .n
    }

    /// Returns one text, such as a state.
    pub async fn text(&self, sql: &str) -> Option<String> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Text>)]
            t: Option<String>,
        }
        let mut kept = self.kept().await;
        let conn = kept.as_mut().expect("a connection");
        let query = diesel::sql_query(format!("select ({sql})::text as t"));
        diesel_async::RunQueryDsl::get_result::<Row>(query, conn)
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"))
            .t
    }

    /// Hashes the rows of every table. Equal hashes mean that no data was written.
    pub async fn fingerprint(&self) -> BTreeMap<String, String> {
        let row = "select '%1$s ' || count(*) || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') \
            as line from %1$I t";
        let of_each = format!(
            "select string_agg(format($${row}$$, tablename), ' union all ') \
             from pg_tables where schemaname = 'public'"
        );
        let of_each = self.text(&of_each).await.expect("tables");
        let all = format!("select string_agg(line, ',') from ({of_each}) of_each");
        let lines = self.text(&all).await.expect("hashes");
        let lines = lines.split(',').filter_map(|line| line.split_once(' '));
        lines.map(|(table, hash)| (table.to_owned(), hash.to_owned())).collect()
    }

    /// Blocks all connections to the database, or allows them again.
    pub async fn set_reachable(&self, reachable: bool) {
        let (server, name) = self.url.rsplit_once('/').expect("a database in the address");
        let mut conn =
            AsyncPgConnection::establish(&format!("{server}/postgres")).await.expect("PostgreSQL");
        conn.batch_execute(&format!("alter database {name} allow_connections {reachable}"))
            .await
            .expect("allowed");
        if !reachable {
            *self.kept.lock().await = None;
            let sql = "select pg_terminate_backend(pid) from pg_stat_activity where datname";
            // A session that connected just before may be listed late, and would serve a whole pool.
            for _ in 0..LOOKS_FOR_SESSIONS {
                conn.batch_execute(&format!("{sql} = '{name}'")).await.expect("sessions end");
                tokio::time::sleep(LOOK_PAUSE).await;
            }
        }
    }
}
