//! Load generators: open loop (requests arrive independently of responses) and closed loop (each connection sends the
//! next request after a response).

use crate::http::Connection;
use crate::report::percentile;
use anyhow::{Result, ensure};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::{JoinSet, LocalSet};

/// A request that finds no free connection for this long is dropped.
const LATE_MAX: Duration = Duration::from_secs(1);

/// A response later than this after the request was due counts as late.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// If the API keeps up, its last response comes this soon after the last request.
const QUEUE_MAX: Duration = Duration::from_millis(200);

/// The time to wait for responses after the end of the load.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// The pause before a failed connection is tried again.
const RECONNECT: Duration = Duration::from_millis(100);

const CREATED: u16 = 201;

/// Writes the next request into the buffer.
pub type NextRequest = Box<dyn FnMut(&mut Vec<u8>)>;

/// An open-loop run with Poisson arrivals at this rate per second, like `pgbench --rate`.
#[derive(Debug, Clone, Copy)]
pub struct Open {
    pub connections: usize,
    pub rate: f64,
    pub time: Duration,
}

/// The result of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    pub offered: usize,
    pub dropped: usize,
    /// Broken connections, and requests without a response at the end.
    pub broken: usize,
    pub statuses: BTreeMap<u16, usize>,
    in_time: usize,
    /// Latencies of 201 responses from the time the request was due, in microseconds, sorted.
    latencies_us: Vec<u64>,
    /// The time until the last response, and its part after the end of the load.
    busy: Duration,
    drained_in: Duration,
}

impl Outcome {
    /// Whether the API kept up: 99 % of the requests got status 201 within a second, fewer than 1 % were dropped, and
    /// no queue was left at the end.
    pub fn kept_up(&self) -> bool {
        self.in_time * 100 >= self.offered * 99
            && self.dropped * 100 < self.offered
            && self.drained_in <= QUEUE_MAX
    }

    /// Returns the completed transfers per second until the last response.
    pub fn rate(&self) -> f64 {
        self.latencies_us.len() as f64 / self.busy.as_secs_f64()
    }

    pub fn latency_ms(&self, share: f64) -> f64 {
        percentile(&self.latencies_us, share) as f64 / 1000.0
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "offered {} dropped {} broken {}", self.offered, self.dropped, self.broken)?;
        write!(f, " statuses {:?} made {:.0}/s", self.statuses, self.rate())?;
        let [half, most, nearly] = [0.5, 0.99, 0.999].map(|share| self.latency_ms(share));
        write!(f, " p50 {half:.1} p99 {most:.1} p99.9 {nearly:.1} ms")?;
        f.write_str(if self.kept_up() { " kept up" } else { " NOT kept up" })
    }
}

/// The schedule, the requests and the results of one thread's connections.
struct Run {
    random: SmallRng,
    rate: f64,
    due: Instant,
    end: Instant,
    next: NextRequest,
    outcome: Outcome,
}

impl Run {
    /// Returns the time of the next request, or `None` after the end of the load.
    fn take(&mut self) -> Option<Instant> {
        let gap = -(1.0 - self.random.random::<f64>()).ln() / self.rate;
        self.due += Duration::from_secs_f64(gap);
        if self.due >= self.end {
            return None;
        }
        self.outcome.offered += 1;
        Some(self.due)
    }

    fn answered(&mut self, status: u16, due: Instant) {
        *self.outcome.statuses.entry(status).or_default() += 1;
        if status == CREATED {
            let latency = due.elapsed();
            self.outcome.in_time += usize::from(latency <= ANSWER_WITHIN);
            self.outcome.latencies_us.push(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
        }
    }
}

/// Runs on one thread, which mostly copies bytes.
pub fn open(address: SocketAddr, plan: Open, next: NextRequest) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut connections = Vec::with_capacity(plan.connections);
        for _ in 0..plan.connections {
            connections.push(Connection::open(address).await?);
        }
        let (start, random) = (Instant::now(), SmallRng::from_os_rng());
        let end = start + plan.time;
        let outcome = Outcome::default();
        let run =
            Rc::new(RefCell::new(Run { random, rate: plan.rate, due: start, end, next, outcome }));
        let mut tasks = JoinSet::new();
        for connection in connections {
            tasks.spawn_local(serve(connection, address, Rc::clone(&run)));
        }
        let finished = async { while tasks.join_next().await.is_some() {} };
        // Requests without a response by then count as broken below.
        let _ = tokio::time::timeout(plan.time + DRAIN_MAX, finished).await;
        drop(tasks);
        let mut outcome = std::mem::take(&mut run.borrow_mut().outcome);
        outcome.busy = start.elapsed();
        outcome.drained_in = end.elapsed();
        let answered: usize = outcome.statuses.values().sum();
        outcome.broken = outcome.offered.saturating_sub(answered + outcome.dropped);
        outcome.latencies_us.sort_unstable();
        Ok(outcome)
    })
}

async fn serve(mut connection: Connection, address: SocketAddr, run: Rc<RefCell<Run>>) {
    let mut request = Vec::new();
    loop {
        let Some(due) = run.borrow_mut().take() else { return };
        let now = Instant::now();
        if due > now {
            tokio::time::sleep_until(due.into()).await;
        } else if now - due > LATE_MAX {
            run.borrow_mut().outcome.dropped += 1;
            continue;
        }
        (run.borrow_mut().next)(&mut request);
        match connection.call(&request).await {
            Ok(status) => run.borrow_mut().answered(status, due),
            // The request is lost. Arrivals continue regardless of responses.
            Err(_) => match Connection::open(address).await {
                Ok(again) => connection = again,
                Err(_) => tokio::time::sleep(RECONNECT).await,
            },
        }
    }
}

/// Sends `count` requests over these connections and returns the time. All responses must have the expected
/// status.
pub fn closed(
    address: SocketAddr,
    (connections, count): (usize, usize),
    expected: u16,
    next: NextRequest,
) -> Result<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let left = Rc::new(RefCell::new((count, next)));
        let mut tasks = JoinSet::new();
        let start = Instant::now();
        for _ in 0..connections {
            let left = Rc::clone(&left);
            tasks.spawn_local(async move {
                let mut connection = Connection::open(address).await?;
                let mut request = Vec::new();
                loop {
                    {
                        let (count, next) = &mut *left.borrow_mut();
                        let Some(fewer) = count.checked_sub(1) else { return Ok(()) };
                        *count = fewer;
                        next(&mut request);
                    }
                    let status = connection.call(&request).await?;
                    ensure!(status == expected, "unexpected answer: {}", connection.answer());
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.map_err(anyhow::Error::new).and_then(|result: Result<()>| result)?;
        }
        Ok(start.elapsed())
    })
}
