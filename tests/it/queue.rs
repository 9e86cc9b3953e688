//! Queue faults within one process: slow jobs, second workers, lost leases, floods and Redis
//! outages. The effect of each job occurs once.

use amana::local::{Durability, Redis, Scratch};
use amana_harness::{App, eventually, settings};
use amana_postgres::{Error, Job};
use amana_worker::{Interruption, Probe, Settings};
use chrono::TimeDelta;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use uuid::Uuid;

const QUEUE: &str = "callbacks";
const KIND: &str = "apply_callback";
const HANDS: usize = 8;
/// Five batches of the relay, and more than two workers process in the ten seconds after which ids
/// are pushed again.
const FLOOD: i64 = 5_000;
const FLOOD_TIME_MAX: Duration = Duration::from_secs(180);

/// Observes the jobs of one test, and delays each.
#[derive(Clone, Default)]
struct Watch {
    lasting: Duration,
    begun: Arc<Mutex<BTreeMap<Uuid, u32>>>,
    running: Arc<AtomicUsize>,
    running_max: Arc<AtomicUsize>,
}

impl Watch {
    fn lasting(lasting: Duration) -> Self {
        Self { lasting, ..Self::default() }
    }

    fn probe(&self) -> Probe {
        let watch = self.clone();
        Arc::new(move |claim, step| {
            let watch = watch.clone();
            Box::pin(async move {
                if step == "claimed" && claim.job.kind() == KIND {
                    watch.pass(claim.id.uuid()).await;
                }
                None
            })
        })
    }

    async fn pass(&self, job: Uuid) {
        *self.begun.lock().expect("a watch").entry(job).or_default() += 1;
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.running_max.fetch_max(running, Ordering::SeqCst);
        tokio::time::sleep(self.lasting).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
    }

    fn begun(&self) -> usize {
        self.begun.lock().expect("a watch").values().map(|times| *times as usize).sum()
    }

    async fn until_running(&self, count: usize) {
        eventually("jobs are running", || async {
            (self.running.load(Ordering::SeqCst) == count).then_some(())
        })
        .await;
    }
}

/// Enqueues jobs with a countable effect: unreadable callbacks.
async fn enqueue_callbacks(app: &App, count: i64) {
    let sql = format!(
        "with stored as (
            insert into callbacks (id, provider, kind, body, size_bytes, remote, state, received_at)
            select gen_random_uuid(), 'mpesa', 'collection', 'not JSON', 8, '127.0.0.1', 'received', now()
            from generate_series(1, {count}) returning id)
        insert into jobs (id, queue, kind, payload, key, state, due_at, attempts_max, created_at)
        select gen_random_uuid(), '{QUEUE}', 'apply_callback',
            jsonb_build_object('kind', 'apply_callback', 'callback', id), 'apply_callback:' || id,
            'queued', now() - interval '1 second', 30, now()
        from stored"
    );
    app.database.execute(&sql).await;
}

async fn done(app: &App) -> i64 {
    app.database.number("select count(*) from callbacks where state = 'unreadable'").await
}

async fn until_done(app: &App, count: i64) {
    eventually("all jobs are done", || async { (done(app).await == count).then_some(()) }).await;
}

/// Asserts that each job started once and took effect.
async fn assert_each_once(app: &App, count: i64) {
    assert_eq!(done(app).await, count);
    let once = "select count(*) from jobs where kind = 'apply_callback' and state = 'done' and attempts = 1";
    assert_eq!(app.database.number(once).await, count, "expected one attempt per job");
    app.assert_sound().await;
}

async fn start(watch: &Watch, lease: Duration) -> App {
    let settings = Settings { lease, ..settings() };
    App::builder().probe(watch.probe()).settings(settings).start().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_worker_that_starts_repeats_nothing_that_runs() {
    let watch = Watch::lasting(Duration::from_millis(1_500));
    let mut app = start(&watch, Duration::from_secs(5)).await;
    enqueue_callbacks(&app, 6).await;
    watch.until_running(6).await;
    app.add_worker();
    app.add_worker();
    until_done(&app, 6).await;
    assert_eq!(watch.begun(), 6);
    assert_each_once(&app, 6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_longer_than_its_lease_is_begun_once() {
    let watch = Watch::lasting(Duration::from_secs(5));
    let mut app = start(&watch, Duration::from_secs(2)).await;
    app.add_worker();
    enqueue_callbacks(&app, 2).await;
    until_done(&app, 2).await;
    assert_eq!(watch.begun(), 2);
    assert_each_once(&app, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_jobs_than_hands_are_each_begun_once() {
    let watch = Watch::lasting(Duration::from_millis(600));
    let app = start(&watch, Duration::from_secs(5)).await;
    enqueue_callbacks(&app, 20).await;
    until_done(&app, 20).await;
    assert_eq!(watch.begun(), 20);
    let at_once = watch.running_max.load(Ordering::SeqCst);
    assert!((2..=HANDS).contains(&at_once), "{at_once} at once");
    assert_each_once(&app, 20).await;
}

/// A flood must neither block the queue nor run a job twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_due_jobs_are_done_once_each() {
    let relay_interval = Settings::default().relay_interval;
    let settings = Settings { lease: Duration::from_secs(30), relay_interval, ..settings() };
    let mut app = App::builder().settings(settings).start().await;
    app.add_worker();
    let began = Instant::now();
    enqueue_callbacks(&app, FLOOD).await;
    while done(&app).await < FLOOD {
        assert!(began.elapsed() < FLOOD_TIME_MAX, "only {} are done", done(&app).await);
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    println!("{FLOOD} jobs took {:?}", began.elapsed());
    assert_each_once(&app, FLOOD).await;
}

/// Undelivered messages must not delay payments.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_does_not_starve_the_others() {
    let app = App::builder().without_worker().start().await;
    let ids: Vec<(Uuid, i64)> = (0..20_000).map(|n| (Uuid::new_v4(), n)).collect();
    app.transport.push("notifications", &ids).await.expect("a push");
    app.person("Amina").await;
    enqueue_callbacks(&app, 1).await;
    let due = amana_worker::relay_once(&app.context, &app.transport).await.expect("a relay");
    assert_eq!(due, 1);
    assert_eq!(app.transport.depth(QUEUE).await.expect("a depth"), 1);
    let pushed = "select string_agg(distinct queue, ',') from jobs where pushed_at is not null";
    assert_eq!(app.database.text(pushed).await.as_deref(), Some(QUEUE));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_kills_its_worker_each_time_ends_dead() {
    let killer: Probe = Arc::new(|claim, _| {
        let kill = (claim.job.kind() == KIND).then_some(Interruption::Die);
        Box::pin(async move { kill })
    });
    let settings = Settings { lease: Duration::from_millis(200), ..settings() };
    let app = App::builder().probe(killer).settings(settings).start().await;
    enqueue_callbacks(&app, 1).await;
    app.database.execute("update jobs set attempts_max = 3 where kind = 'apply_callback'").await;
    eventually("the job is dead", || async {
        app.leases_end().await;
        let dead = "select count(*) from jobs where kind = 'apply_callback' and state = 'dead'";
        (app.database.number(dead).await == 1).then_some(())
    })
    .await;
    let job = app
        .database
        .text("select attempts || ' ' || last_error from jobs where state = 'dead'")
        .await;
    assert_eq!(job.as_deref(), Some("3 every worker that tried it was lost"));
    assert_eq!(done(&app).await, 0);
}

/// Stopping a worker takes a bounded time. A job that runs longer loses its lease, and another
/// worker takes it over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_outlasts_the_stop_is_taken_over() {
    let watch = Watch::lasting(Duration::from_secs(600));
    let shutdown_time_max = Duration::from_millis(500);
    let settings = Settings { lease: Duration::from_secs(1), shutdown_time_max, ..settings() };
    let mut app = App::builder().probe(watch.probe()).settings(settings).start().await;
    enqueue_callbacks(&app, 1).await;
    watch.until_running(1).await;
    let began = Instant::now();
    app.stop_worker().await;
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?} to stop", began.elapsed());
    assert_eq!(done(&app).await, 0);

    app.context.probe = None;
    app.add_worker();
    eventually("the job is taken over", || async {
        app.leases_end().await;
        (done(&app).await == 1).then_some(())
    })
    .await;
    assert_eq!(app.database.number("select max(attempts) from jobs").await, 2);
    app.assert_sound().await;
}

/// A worker that lost its lease without noticing cannot complete the job.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_without_the_lease_cannot_complete_the_job() {
    let app = App::builder().without_worker().start().await;
    enqueue_callbacks(&app, 1).await;
    let (store, now) = (&app.store, app.clock.now());
    let id: Uuid =
        app.database.text("select id from jobs").await.expect("a job").parse().expect("an id");
    let moment = Duration::from_millis(1);
    let stale = store.claim_job(id, moment, now).await.expect("a claim").expect("it is due");
    let minute = Duration::from_secs(60);
    let fresh = eventually("the lease has expired", || async {
        store.claim_job(id, minute, now).await.expect("a claim")
    })
    .await;
    assert_eq!((stale.attempt, fresh.attempt), (1, 2));

    assert!(!store.renew_lease(&stale, minute).await.expect("an answer"));
    assert!(matches!(store.finish_job(&stale, now).await, Err(Error::LeaseLost)));
    assert!(matches!(store.fail_job(&stale, "late", Some(now), now).await, Err(Error::LeaseLost)));
    let Job::ApplyCallback { callback } = fresh.job else { panic!("another job: {fresh:?}") };
    let callback = store.callback(callback).await.expect("the callback");
    let unreadable = || Err("not JSON".to_owned());
    let refused = store.apply_callback(&stale, &callback, unreadable(), now).await;
    assert!(matches!(refused, Err(Error::LeaseLost)), "{refused:?}");
    assert_eq!(done(&app).await, 0, "expected a rollback of the job's effect");

    assert!(store.renew_lease(&fresh, minute).await.expect("an answer"));
    store.apply_callback(&fresh, &callback, unreadable(), now).await.expect("applied");
    assert_eq!(done(&app).await, 1);
    app.assert_sound().await;
}

/// A private Redis that the test can break.
struct OwnRedis {
    redis: Redis,
    _scratch: Scratch,
}

impl OwnRedis {
    fn start() -> Self {
        tokio::task::block_in_place(|| {
            let scratch = Scratch::new().expect("a folder");
            let redis = Redis::start(&scratch.join("redis"), Durability::TestOnly).expect("Redis");
            Self { redis, _scratch: scratch }
        })
    }

    async fn app(&self, watch: &Watch) -> App {
        App::builder().redis(&self.redis.url()).probe(watch.probe()).start().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_killed_in_the_middle_and_comes_back() {
    let watch = Watch::lasting(Duration::from_millis(30));
    let mut own = OwnRedis::start();
    let app = own.app(&watch).await;
    enqueue_callbacks(&app, 200).await;
    eventually("some jobs are done", || async { (done(&app).await >= 40).then_some(()) }).await;
    own.redis.kill().expect("Redis is killed");
    enqueue_callbacks(&app, 50).await;
    // Long enough for every connection to notice.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(done(&app).await < 250, "expected unfinished jobs at the time of the outage");
    tokio::task::block_in_place(|| own.redis.restart()).expect("Redis comes back");
    until_done(&app, 250).await;
    assert_eq!(watch.begun(), 250);
    assert_each_once(&app, 250).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_forgets_everything_while_many_jobs_wait() {
    let watch = Watch::lasting(Duration::from_millis(30));
    let own = OwnRedis::start();
    let app = own.app(&watch).await;
    enqueue_callbacks(&app, 400).await;
    eventually("many ids are in Redis", || async {
        (app.transport.depth(QUEUE).await.expect("a depth") > 200).then_some(())
    })
    .await;
    let client = redis::Client::open(own.redis.url()).expect("an address");
    let mut connection = client.get_multiplexed_async_connection().await.expect("Redis");
    let () = redis::cmd("FLUSHALL").query_async(&mut connection).await.expect("FLUSHALL");
    assert!(done(&app).await < 400, "expected ids in Redis at the time of the flush");
    until_done(&app, 400).await;
    assert_eq!(watch.begun(), 400);
    assert_each_once(&app, 400).await;
}

/// Two workers and two concurrent calls of this test check the schedules at every tick.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tick_is_one_job_however_many_workers_run() {
    const TICKS: i64 = 30;
    let every = TimeDelta::minutes(5);
    let settings = Settings { reconcile_every: every, ..settings() };
    let mut app = App::builder().settings(settings).start().await;
    app.add_worker();
    for _ in 0..TICKS {
        let both = tokio::join!(
            amana_worker::schedule_once(&app.context),
            amana_worker::schedule_once(&app.context)
        );
        both.0.and(both.1).expect("schedules");
        app.clock.advance(every);
    }
    app.database.execute("update jobs set pushed_at = null where state = 'queued'").await;
    eventually("all ticks are done", || async {
        let open = "select count(*) from jobs where kind = 'reconcile' and state <> 'done'";
        (app.database.number(open).await == 0).then_some(())
    })
    .await;
    app.stop_worker().await;
    let jobs = app.database.number("select count(*) from jobs where kind = 'reconcile'").await;
    let ticks = app
        .database
        .number("select count(distinct payload->>'tick') from jobs where kind = 'reconcile'")
        .await;
    let runs = app.database.number("select count(*) from reconciliation_runs").await;
    assert_eq!((jobs, runs), (ticks, ticks));
    assert!((TICKS..=TICKS + 2).contains(&ticks), "{ticks} ticks");
    app.assert_sound().await;
}
