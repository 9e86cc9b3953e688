//! Log lines of a worker during an outage: one when a server fails, and one when it returns.

use amana::local::{Durability, Redis, Scratch};
use amana_harness::{App, WorkerProcess, eventually};
use std::time::Duration;

/// Longer than every retry pause of a worker, and shorter than the interval between two warnings.
const WHILE_AWAY: Duration = Duration::from_secs(8);

fn worker(app: &App) -> WorkerProcess {
    app.worker_process_with(&[("AMANA_LOG", "info".to_owned())])
}

fn lines(worker: &WorkerProcess, parts: &[&str]) -> Vec<String> {
    let log = worker.log();
    let lines = log.lines().filter(|line| parts.iter().all(|part| line.contains(part)));
    lines.map(str::to_owned).collect()
}

async fn until(worker: &WorkerProcess, parts: &[&str]) {
    eventually(parts[parts.len() - 1], || async {
        (!lines(worker, parts).is_empty()).then_some(())
    })
    .await;
}

/// Asserts that there is one warning and no other line above INFO.
#[track_caller]
fn assert_one_warning(worker: &WorkerProcess, server: &str) {
    let warnings = [lines(worker, &[" WARN "]), lines(worker, &["ERROR "])].concat();
    assert_eq!(warnings.len(), 1, "{}", worker.log());
    assert!(warnings[0].contains(&format!("{server} is unavailable")), "{}", warnings[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_away_is_one_warning_of_all_queues() {
    let scratch = Scratch::new().expect("a folder");
    let mut redis = Redis::start(&scratch.join("redis"), Durability::TestOnly).expect("Redis");
    let app = App::builder().without_worker().redis(&redis.url()).start().await;
    let mut worker = worker(&app);
    until(&worker, &["worker is ready"]).await;
    redis.kill().expect("killed");
    until(&worker, &["Redis is unavailable"]).await;
    tokio::time::sleep(WHILE_AWAY).await;
    assert_one_warning(&worker, "Redis");
    redis.restart().expect("restarted");
    until(&worker, &[" INFO ", "Redis is available again"]).await;
    assert_one_warning(&worker, "Redis");
    worker.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_away_is_one_warning() {
    let app = App::builder().without_worker().start().await;
    let mut worker = worker(&app);
    until(&worker, &["worker is ready"]).await;
    app.database.set_reachable(false).await;
    until(&worker, &["PostgreSQL is unavailable"]).await;
    tokio::time::sleep(WHILE_AWAY).await;
    assert_one_warning(&worker, "PostgreSQL");
    app.database.set_reachable(true).await;
    until(&worker, &[" INFO ", "PostgreSQL is available again"]).await;
    assert_one_warning(&worker, "PostgreSQL");
    worker.terminate();
}
