//! Attacks without credentials: slow senders, junk callbacks, and many readers of `/docs`. The figure is the time that
//! `/readyz` takes meanwhile: a load balancer removes an API that responds too late.

mod attackers;

use crate::http::Connection;
use crate::report::{figure, percentile, say};
use crate::servers::{Api, Servers};
use anyhow::{Context, Result, ensure};
use attackers::Attack;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const DATABASE: &str = "attack";

/// More often than a load balancer polls. Each poll opens a new connection.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A poll without a response counts with this time.
const LOOK_TIME_MAX: Duration = Duration::from_secs(5);

/// The connections of attackers and polls, with a reserve for the runtime.
const FILES_MIN: u64 = 4_096;

const GOAL_MS: f64 = 250.0;
const MEANING: &str = "ms that 99 of 100 GET /readyz take at most during the attack, against the goal of 250, lower is better, goal at most 1";

/// The variable with the duration of the junk callbacks in seconds; the default is ten minutes.
const JUNK_SECONDS: &str = "JUNK_SECONDS";
const JUNK_TIME: Duration = Duration::from_secs(600);
const SLOW_TIME: Duration = Duration::from_secs(60);
const READ_TIME: Duration = Duration::from_secs(60);
const QUIET_TIME: Duration = Duration::from_secs(15);

pub fn run(servers: &Servers) -> Result<()> {
    servers.migrated(DATABASE)?;
    let api = Api::start(servers, DATABASE)?;
    // After the API's start: it raises its own limit, as in production.
    allow_files()?;
    let attacks = [
        ("readyz_slow_loris", SLOW_TIME, Attack::Slow),
        ("readyz_junk_callbacks", junk_time()?, Attack::Junk),
        ("readyz_docs", READ_TIME, Attack::Read),
    ];
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let quiet = runtime.block_on(looks(api.address, QUIET_TIME))?;
    say(format_args!("without an attack: {:.2} ms", p99_ms(&quiet)));
    for (name, time, attack) in attacks {
        runtime.block_on(during(api.address, (name, time), attack))?;
    }
    let rows = servers.postgres.psql(DATABASE, "select count(*) from callbacks")?;
    ensure!(rows.trim() == "0", "{rows} junk callbacks are stored");
    Ok(())
}

async fn during(address: SocketAddr, (name, time): (&str, Duration), attack: Attack) -> Result<()> {
    let attackers = attack.start(address);
    let taken = looks(address, time).await?;
    let (acts, failures) = attackers.stop().await;
    say(format_args!("{name}: {} looks, {acts} acts, {failures} refused or cut", taken.len()));
    ensure!(acts > 0, "{name}: nobody attacked");
    figure(name, p99_ms(&taken), GOAL_MS, MEANING);
    Ok(())
}

fn junk_time() -> Result<Duration> {
    match std::env::var(JUNK_SECONDS) {
        Ok(text) => {
            let seconds = text.parse().with_context(|| format!("{JUNK_SECONDS} is a number"))?;
            Ok(Duration::from_secs(seconds))
        }
        Err(_) => Ok(JUNK_TIME),
    }
}

/// Raises the limit of open files, because each attacking connection needs one here too.
fn allow_files() -> Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    ensure!(hard >= FILES_MIN, "{hard} open files are allowed: the attack needs {FILES_MIN}");
    Ok(setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?)
}

fn p99_ms(sorted_us: &[u64]) -> f64 {
    percentile(sorted_us, 0.99) as f64 / 1e3
}

/// Returns the time of each poll of `/readyz`, in microseconds, sorted.
async fn looks(address: SocketAddr, time: Duration) -> Result<Vec<u64>> {
    let request = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let end = Instant::now() + time;
    let mut taken_us = vec![];
    while Instant::now() < end {
        let start = Instant::now();
        let look = async { Connection::open(address).await?.call(request).await };
        let is_ready = matches!(tokio::time::timeout(LOOK_TIME_MAX, look).await, Ok(Ok(200)));
        let took = if is_ready { start.elapsed() } else { LOOK_TIME_MAX };
        taken_us.push(u64::try_from(took.as_micros())?);
        tokio::time::sleep(LOOK_EVERY.saturating_sub(start.elapsed())).await;
    }
    taken_us.sort_unstable();
    Ok(taken_us)
}
