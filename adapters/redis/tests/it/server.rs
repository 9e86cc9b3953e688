//! A private Redis on a loopback port, and helpers that drive a consumer without a worker.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use amana_redis::{Consumer, JobId, Transport};
use apalis_core::{backend::Backend, worker::context::WorkerContext};
use tempfile::TempDir;
use tokio::time::timeout;
use uuid::Uuid;

pub(crate) const QUEUE: &str = "payments";
const START_ATTEMPTS_MAX: u32 = 5;
/// Much longer than any step needs.
pub(crate) const STEP_LIMIT: Duration = Duration::from_secs(20);

/// A running server. Dropping it kills the process.
pub(crate) struct Server {
    folder: TempDir,
    port: u16,
    process: Child,
    password: Option<&'static str>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(None)
    }

    pub(crate) fn start_with(password: Option<&'static str>) -> Self {
        let folder = TempDir::new().expect("temporary folder");
        // Another process may take the port before the server binds it; then another port is tried.
        for _ in 0..START_ATTEMPTS_MAX {
            let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("free port");
            let port = probe.local_addr().expect("address").port();
            drop(probe);
            if let Some(process) = spawn(folder.path(), port, password) {
                return Self { folder, port, process, password };
            }
        }
        panic!("redis-server does not start");
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("kill redis-server");
        self.process.wait().expect("wait for redis-server");
    }

    /// Starts again on the same port, without data.
    pub(crate) fn restart(&mut self) {
        self.process = spawn(self.folder.path(), self.port, self.password).expect("the old port");
    }

    pub(crate) async fn transport(&self) -> Transport {
        Transport::connect(&self.url(), "test").await.expect("connect")
    }

    pub(crate) async fn connections_received(&self) -> u64 {
        let stats: String = self.command(&["INFO", "stats"]).await;
        let line = stats.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
        line.expect("statistics").trim().parse().expect("number")
    }

    pub(crate) async fn command<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let client = redis::Client::open(self.url()).expect("url");
        let mut connection =
            client.get_multiplexed_async_connection().await.expect("connection of the test");
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(word);
        }
        command.query_async(&mut connection).await.expect("command of the test")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns when the server listens, or `None` if it ended because the port was taken.
fn spawn(folder: &Path, port: u16, password: Option<&str>) -> Option<Child> {
    // Redis writes this file after it has bound its port, so the file shows that this server has the port.
    let pid_file = folder.join("redis.pid");
    let _ = std::fs::remove_file(&pid_file);
    let mut command = Command::new("redis-server");
    command
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"])
        .arg(port.to_string())
        .arg("--dir")
        .arg(folder)
        .arg("--pidfile")
        .arg(&pid_file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(password) = password {
        command.args(["--requirepass", password]);
    }
    let mut process = command.spawn().expect("redis-server must be installed");
    let since = Instant::now();
    while !pid_file.exists() {
        if process.try_wait().expect("state of redis-server").is_some() {
            return None;
        }
        if since.elapsed() > STEP_LIMIT {
            let _ = process.kill();
            let _ = process.wait();
            panic!("redis-server does not listen");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Some(process)
}

pub(crate) async fn next(consumer: &mut Consumer, worker: &WorkerContext) -> JobId {
    next_or_end(consumer, worker).await.expect("the consumer ended")
}

pub(crate) async fn next_or_end(consumer: &mut Consumer, worker: &WorkerContext) -> Option<JobId> {
    let polled = std::future::poll_fn(|cx| consumer.poll_next(cx, worker));
    let task = timeout(STEP_LIMIT, polled).await.expect("no id within the limit")?;
    let Ok(task) = task;
    Some(task.args)
}

/// Polls an empty queue for a moment, which leaves a fetch running.
pub(crate) async fn wait_in_vain(consumer: &mut Consumer, worker: &WorkerContext) {
    let polled = std::future::poll_fn(|cx| consumer.poll_next(cx, worker));
    assert!(timeout(Duration::from_millis(300), polled).await.is_err(), "an id from nowhere");
}

pub(crate) async fn close(consumer: &mut Consumer, worker: &WorkerContext) {
    let closed = std::future::poll_fn(|cx| consumer.poll_close(cx, worker));
    let Ok(()) = timeout(STEP_LIMIT, closed).await.expect("no close within the limit");
}

pub(crate) fn ids(count: usize) -> Vec<(Uuid, i64)> {
    (1_763_708_400_000..).take(count).map(|due_ms| (Uuid::now_v7(), due_ms)).collect()
}
