//! Processes that start before their servers, and their messages if a server stays unavailable.

mod edge;

use amana::local::{Child, Durability, Port, Postgres, Program, Redis, Scratch};
use amana_harness::{App, Database, JWT_SECRET, MASTER_KEY, amana_binary, eventually, redis_url};
use amana_postgres::Store;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

const EXIT_FAILURE: i32 = 1;
const EXIT_CONFIGURATION: i32 = 2;

/// Delay of the servers.
const LATE: Duration = Duration::from_secs(2);

/// An `amana api` process with its own log.
struct Api {
    child: Child,
    address: SocketAddr,
    scratch: Scratch,
    _port: Port,
}

impl Api {
    fn start(database_url: &str, redis_url: &str) -> Self {
        Self::start_as((&amana_binary(), ["api"]), database_url, redis_url)
    }

    /// Starts a program that executes `amana api`.
    fn start_as<const N: usize>(
        (program, args): (&Path, [&str; N]),
        database_url: &str,
        redis_url: &str,
    ) -> Self {
        let (scratch, port) =
            (Scratch::new().expect("a folder"), Port::reserve(0).expect("a port"));
        let program = Program::new("api", program, &scratch.join("log")).args(args);
        let files = scratch.join("files").display().to_string();
        let listen = port.address.to_string();
        let child = environment(database_url, redis_url, &files)
            .into_iter()
            .chain([("AMANA_LISTEN", listen.as_str()), ("AMANA_LOG", "info")])
            .fold(program, |program, (name, value)| program.env(name, value))
            .start()
            .expect("the API starts");
        Self { child, address: port.address, scratch, _port: port }
    }

    async fn is_ready(&mut self) {
        let url = format!("http://{}/readyz", self.address);
        let log = self.log();
        assert_eq!(self.child.ended().expect("its status"), None, "{log}");
        eventually("the API is ready", || async {
            reqwest::get(&url).await.is_ok_and(|it| it.status().is_success()).then_some(())
        })
        .await;
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.scratch.join("log")).unwrap_or_default()
    }
}

fn environment<'a>(
    database_url: &'a str,
    redis_url: &'a str,
    files: &'a str,
) -> Vec<(&'a str, &'a str)> {
    vec![
        ("DATABASE_URL", database_url),
        ("REDIS_URL", redis_url),
        ("AMANA_JWT_SECRET", JWT_SECRET),
        ("AMANA_MASTER_KEY", MASTER_KEY),
        ("AMANA_FILES_DIR", files),
    ]
}

/// Returns the one output line of an API that does not start.
fn ends(database_url: &str, redis_url: &str, code: i32) -> String {
    let scratch = Scratch::new().expect("a folder");
    let files = scratch.join("files").display().to_string();
    let output = Command::new(amana_binary())
        .arg("api")
        .env_clear()
        .envs(environment(database_url, redis_url, &files))
        .envs([("AMANA_LOG", "off"), ("AMANA_START_WAIT_S", "0")])
        .output()
        .expect("amana runs");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!said.contains("bb8") && !said.contains("sesame"), "{said}");
    said
}

/// Forwards connections from an address to a port.
async fn pass_on(from: SocketAddr, to: u16) {
    let listener = TcpListener::bind(from).await.expect("the reserved port");
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Ok(mut server) = TcpStream::connect(("127.0.0.1", to)).await {
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    });
}

/// Goal: an API that starts before PostgreSQL is ready soon after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_waits_for_a_database_that_starts_late() {
    let database = Database::new().await;
    let (before, after) = database.url.split_once('@').expect("a user");
    let (server, name) = after.split_once('/').expect("a database");
    let server: SocketAddr = server.parse().expect("an address");
    let reserved = Port::reserve(0).expect("a port");
    let url = format!("{before}@{}/{name}", reserved.address);
    let mut api = Api::start(&url, &redis_url());
    eventually("a failed attempt is logged", || async {
        api.log().contains("connection refused").then_some(())
    })
    .await;
    tokio::time::sleep(LATE).await;
    assert!(api.log().matches("PostgreSQL is not available yet").count() >= 2, "{}", api.log());
    pass_on(reserved.address, server.port()).await;
    api.is_ready().await;
    assert!(!api.log().contains("ERROR"), "{}", api.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_waits_for_a_redis_that_starts_late() {
    let database = Database::new().await;
    let scratch = Scratch::new().expect("a folder");
    let mut redis = Redis::start(&scratch.join("redis"), Durability::TestOnly).expect("Redis");
    redis.kill().expect("killed");
    let mut api = Api::start(&database.url, &redis.url());
    eventually("a failed attempt is logged", || async {
        api.log().contains("Redis is not available yet").then_some(())
    })
    .await;
    redis.restart().expect("restarted");
    api.is_ready().await;
}

/// Goal: the message identifies which of many causes applies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_reason_has_its_words_and_its_exit_code() {
    let app = App::builder().without_worker().start().await;
    let (url, redis) = (app.database.url.clone(), redis_url());
    let (before, after) = url.split_once('@').expect("a user");
    let (server, name) = after.split_once('/').expect("a database");
    let user = before.rsplit_once(':').expect("a password").0;
    for (url, code, wanted) in [
        (
            format!("{user}:sesame@{after}"),
            EXIT_CONFIGURATION,
            "configuration: DATABASE_URL is refused by PostgreSQL at",
        ),
        (
            format!("{before}@{server}/nowhere"),
            EXIT_CONFIGURATION,
            "database \"nowhere\" does not exist",
        ),
        (
            format!("{before}@{server}/{name}?sslmode=require"),
            EXIT_CONFIGURATION,
            "DATABASE_URL has an sslmode that fails at",
        ),
        (
            format!("{before}@127.0.0.1:1/{name}"),
            EXIT_FAILURE,
            "DATABASE_URL: PostgreSQL cannot be reached: 127.0.0.1:1: connection refused",
        ),
        (
            format!("{before}@nowhere.invalid:5432/{name}"),
            EXIT_FAILURE,
            "nowhere.invalid:5432: unknown host",
        ),
        (
            format!("{before}@{server}/postgres"),
            EXIT_FAILURE,
            "DATABASE_URL: the schema is missing: run `amana migrate`",
        ),
    ] {
        let said = ends(&url, &redis, code);
        assert!(said.contains(wanted), "{said}");
    }
    let with_password = redis.replace("redis://:", "redis://:sesame");
    let said = ends(&url, &with_password, EXIT_CONFIGURATION);
    assert!(said.contains("REDIS_URL is wrong: Redis rejected the credentials"), "{said}");
}

/// The schema may be newer than the program, but never older.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_schema_is_not_used() {
    let database = Database::new().await;
    let newest = "(select max(version) from __diesel_schema_migrations)";
    database
        .execute(&format!("delete from __diesel_schema_migrations where version = {newest}"))
        .await;
    let said = ends(&database.url, &redis_url(), EXIT_FAILURE);
    assert!(said.contains("the schema is older than this program: run `amana migrate`"), "{said}");
    database.execute("insert into __diesel_schema_migrations values ('99990101000000')").await;
    Store::connect_without_keys(&database.url, 1).await.expect("a later schema is fine");
}

/// PostgreSQL reports that it is starting up, so the API waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_admits_nobody_yet_is_waited_for() {
    let database = Database::new().await;
    database.set_reachable(false).await;
    let refused = Store::connect_without_keys(&database.url, 1).await.expect_err("closed");
    assert!(refused.is_passing(), "{refused:?}");
    let scratch = Scratch::new().expect("a folder");
    let folder = scratch.join("postgres");
    let stopped = tokio::task::spawn_blocking(move || {
        let postgres = Postgres::start(&folder, Durability::TestOnly).expect("PostgreSQL");
        let url = postgres.url("postgres");
        postgres.stop().expect("stopped");
        url
    });
    let url = stopped.await.expect("a server");
    let refused = Store::connect_without_keys(&url, 1).await.expect_err("stopped");
    assert!(refused.is_passing(), "{refused:?}");
}
