//! Real apalis workers on the transport: layers, monitor, duplicates, outage and shutdown.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use amana_redis::{JobId, Transport};
use apalis::prelude::{BoxDynError, Data, Monitor, MonitorError, WorkerBuilder, WorkerBuilderExt};
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

use crate::server::{QUEUE, STEP_LIMIT, Server, ids};

const CONCURRENCY: usize = 4;

/// Records the jobs of one test.
#[derive(Clone, Default)]
struct Record {
    started: Arc<Mutex<Vec<Uuid>>>,
    finished: Arc<Mutex<Vec<Uuid>>>,
    running: Arc<AtomicUsize>,
    running_max: Arc<AtomicUsize>,
    deaths: Arc<AtomicUsize>,
    work: Duration,
}

impl Record {
    fn lasting(work: Duration) -> Self {
        Self { work, ..Self::default() }
    }

    fn started(&self) -> Vec<Uuid> {
        self.started.lock().expect("lock").clone()
    }

    fn finished(&self) -> Vec<Uuid> {
        self.finished.lock().expect("lock").clone()
    }

    async fn until(&self, done: impl Fn(&Self) -> bool) {
        let since = Instant::now();
        while !done(self) {
            assert!(since.elapsed() < STEP_LIMIT, "started {:?}", self.started());
            sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn run(job: JobId, record: Data<Record>) -> Result<(), BoxDynError> {
    record.started.lock().expect("lock").push(job.0);
    record.running.fetch_add(1, Ordering::SeqCst);
    record.running_max.fetch_max(record.running.load(Ordering::SeqCst), Ordering::SeqCst);
    sleep(record.work).await;
    record.running.fetch_sub(1, Ordering::SeqCst);
    record.finished.lock().expect("lock").push(job.0);
    assert!(!job.0.is_max(), "a job that always panics");
    if job.0.is_nil() { Err("a job that always fails".into()) } else { Ok(()) }
}

/// A monitored worker with its stop signal.
struct Running {
    stop: oneshot::Sender<()>,
    monitor: JoinHandle<Result<(), MonitorError>>,
}

fn start(transport: &Transport, record: &Record) -> Running {
    let (stop, stopped) = oneshot::channel::<()>();
    let (transport, data, deaths) = (transport.clone(), record.clone(), record.deaths.clone());
    let monitor = Monitor::new()
        .register(move |restarts| {
            WorkerBuilder::new(format!("payments-{restarts}"))
                .backend(transport.consumer(QUEUE))
                .concurrency(CONCURRENCY)
                .timeout(Duration::from_secs(30))
                .catch_panic()
                .enable_tracing()
                .data(data.clone())
                .build(run)
        })
        .should_restart(move |_, _| {
            deaths.fetch_add(1, Ordering::SeqCst);
            true
        })
        .shutdown_timeout(Duration::from_secs(10));
    let signal = async move {
        let _ = stopped.await;
        Ok(())
    };
    Running { stop, monitor: tokio::spawn(monitor.run_with_signal(signal)) }
}

impl Running {
    async fn stop(self) -> Duration {
        let asked_at = Instant::now();
        self.stop.send(()).expect("the monitor ended early");
        let ended = timeout(STEP_LIMIT, self.monitor).await.expect("no end within the limit");
        ended.expect("join").expect("monitor");
        asked_at.elapsed()
    }
}

#[tokio::test]
async fn jobs_run_up_to_the_limit_at_once_and_a_bad_one_stops_nothing() {
    let server = Server::start();
    let transport = server.transport().await;
    let record = Record::lasting(Duration::from_millis(20));
    let worker = start(&transport, &record);
    let mut pushed = ids(60);
    pushed[7].0 = Uuid::nil();
    pushed[9].0 = Uuid::max();
    transport.push(QUEUE, &pushed).await.expect("push");
    record.until(|record| record.finished().len() == 60).await;
    let took = worker.stop().await;

    let mut ran = record.started();
    ran.sort_unstable();
    let mut expected: Vec<_> = pushed.iter().map(|(id, _)| *id).collect();
    expected.sort_unstable();
    assert_eq!(ran, expected);
    assert_eq!(record.running_max.load(Ordering::SeqCst), CONCURRENCY);
    assert_eq!(record.deaths.load(Ordering::SeqCst), 0);
    assert!(took < Duration::from_secs(1), "an idle worker took {took:?} to leave");
}

#[tokio::test]
async fn an_id_that_comes_again_while_it_runs_does_not_kill_the_worker() {
    let server = Server::start();
    let transport = server.transport().await;
    let record = Record::lasting(Duration::from_millis(500));
    let worker = start(&transport, &record);
    let pushed = ids(1);
    for times in 1..=3 {
        transport.push(QUEUE, &pushed).await.expect("push");
        record.until(|record| record.started().len() == times).await;
    }
    assert_eq!(record.running_max.load(Ordering::SeqCst), 3, "they ran at the same time");
    worker.stop().await;
    assert_eq!(record.finished(), vec![pushed[0].0; 3]);
    assert_eq!(record.deaths.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_stopping_worker_ends_its_jobs_and_leaves_the_rest_in_the_queue() {
    let server = Server::start();
    let transport = server.transport().await;
    let record = Record::lasting(Duration::from_secs(1));
    let worker = start(&transport, &record);
    transport.push(QUEUE, &ids(20)).await.expect("push");
    record.until(|record| record.started().len() == CONCURRENCY).await;
    let took = worker.stop().await;

    assert_eq!(record.started().len(), CONCURRENCY, "a stopped worker took more");
    assert_eq!(record.finished().len(), CONCURRENCY, "a running job was cut off");
    assert_eq!(transport.depth(QUEUE).await.expect("depth"), 16);
    assert!(took < Duration::from_secs(4), "took {took:?}");
}

#[tokio::test]
async fn a_worker_outlives_redis_without_a_restart() {
    let mut server = Server::start();
    let transport = server.transport().await;
    let record = Record::lasting(Duration::from_millis(1));
    let worker = start(&transport, &record);
    transport.push(QUEUE, &ids(5)).await.expect("push");
    record.until(|record| record.finished().len() == 5).await;

    server.kill();
    sleep(Duration::from_secs(2)).await;
    server.restart();
    let ready = server.transport().await;
    ready.push(QUEUE, &ids(5)).await.expect("push");
    record.until(|record| record.finished().len() == 10).await;
    worker.stop().await;
    assert_eq!(record.deaths.load(Ordering::SeqCst), 0);
}
