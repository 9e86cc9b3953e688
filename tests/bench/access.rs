//! The cost of authentication: a log-in compared with the one hash that it needs, and the database reads of a call
//! with a token.

use crate::http::Connection;
use crate::load::{NextRequest, closed};
use crate::report::{figure, median};
use crate::requests::{self, Tokens};
use crate::servers::{Api, Servers};
use crate::transfers::wallets;
use amana_api::hash_password;
use anyhow::{Context, Result, anyhow, ensure};
use secrecy::SecretString;
use std::io::Write;
use std::rc::Rc;
use std::time::{Duration, Instant};

const DATABASE: &str = "access";
const PEOPLE: u32 = 1_000;
const PASSWORD: &str = "karibu-nyumbani-7";

/// Log-ins and hashes alternate one by one, so that both are measured at the same CPU temperature and frequency.
const LOG_INS: usize = 200;
const WARM_UPS: usize = 20;

const GETS: usize = 20_000;
const CONNECTIONS: usize = 4;

/// An idle session of PostgreSQL reports its statistics within ten seconds.
const REPORTED_WITHIN: Duration = Duration::from_secs(12);

pub fn run(servers: &Servers) -> Result<()> {
    wallets(servers, DATABASE, PEOPLE)?;
    let hash = hash_password(&SecretString::from(PASSWORD)).map_err(|e| anyhow!("{e}"))?;
    servers.postgres.psql(DATABASE, &format!("update users set password_hash = '{hash}'"))?;
    servers.settle(DATABASE)?;
    let api = Api::start(servers, DATABASE)?;
    log_in(&api)?;
    authenticated_get(servers, &api)
}

fn log_in(api: &Api) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut connection = runtime.block_on(Connection::open(api.address))?;
    let (mut ours_ms, mut hashes_ms, mut request) = (vec![], vec![], vec![]);
    for person in 1..=WARM_UPS + LOG_INS {
        write_log_in(&mut request, person);
        let start = Instant::now();
        let status = runtime.block_on(connection.call(&request))?;
        let log_in = start.elapsed();
        ensure!(status == 200, "a log-in: {}", connection.answer());
        let start = Instant::now();
        hash_password(&SecretString::from(PASSWORD)).map_err(|e| anyhow!("{e}"))?;
        let hash = start.elapsed();
        if person > WARM_UPS {
            ours_ms.push(log_in.as_secs_f64() * 1e3);
            hashes_ms.push(hash.as_secs_f64() * 1e3);
        }
    }
    let meaning =
        "ms per log-in over HTTP against one argon2id hash, lower is better, goal at most 1.3";
    figure("login", median(ours_ms), median(hashes_ms), meaning);
    Ok(())
}

/// Writes a log-in of another user from another address each time, so that neither the limit of sessions nor a rate
/// limit applies.
fn write_log_in(to: &mut Vec<u8>, person: usize) {
    let body = format!(r#"{{"login":"wallet{person}@example.com","password":"{PASSWORD}"}}"#);
    let (high, low) = (person / 256, person % 256);
    to.clear();
    // Writing to memory cannot fail.
    let _ = write!(
        to,
        "POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 203.0.{high}.{low}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
}

fn authenticated_get(servers: &Servers, api: &Api) -> Result<()> {
    let tokens = Rc::new(Tokens::sign(servers, DATABASE, PEOPLE)?);
    let mut person = 0;
    let next: NextRequest = Box::new(move |to| {
        person = person % PEOPLE + 1;
        requests::get(to, &tokens, person, "/v1/me");
    });
    let before = transactions(servers)?;
    closed(api.address, (CONNECTIONS, GETS), 200, next)?;
    let reads = transactions(servers)? - before;
    let meaning = "database reads per GET /v1/me with a token, goal at most 1 (the reads of the process itself count too)";
    figure("authenticated_get", reads / GETS as f64, 1.0, meaning);
    Ok(())
}

/// Returns the number of finished transactions: each read of the API is one.
fn transactions(servers: &Servers) -> Result<f64> {
    std::thread::sleep(REPORTED_WITHIN);
    let sql = format!(
        "select xact_commit + xact_rollback from pg_stat_database where datname = '{DATABASE}'"
    );
    servers.postgres.psql("postgres", &sql)?.parse().context("a count of transactions")
}
