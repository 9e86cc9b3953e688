//! Worker processes that are killed, frozen or stopped in the middle of a job; its effect occurs
//! once.

use crate::job_cases::{BUYER_PHONE, Bench, Case, start_deposits};
use amana_harness::{App, Gate, WorkerProcess, eventually};
use amana_postgres::Job;
use serde_json::{Value, json};
use std::time::Duration;

const PAYOUT_PATH: &str = "/mpesa/b2c/";
const PROMPT_PATH: &str = "/mpesa/stkpush/v1/processrequest";

/// Concurrent jobs of the queue `payments` per worker process.
const HANDS: usize = 8;
const SECONDS_PER_DAY: i64 = 86_400;
const STOP_TIME_MAX: Duration = Duration::from_secs(10);

/// Starts a worker whose requests reach the provider, but which receives no answers.
fn worker_behind(app: &App, gate: &Gate) -> WorkerProcess {
    app.worker_process_with(&[("MPESA_BASE_URL", gate.url.clone())])
}

async fn provider_list(app: &App, list: &str) -> Vec<Value> {
    let answer = app.sandbox_get(&format!("/admin/{list}")).await;
    answer[list].as_array().expect("a list").clone()
}

async fn until_provider_has(app: &App, list: &str, count: usize) {
    eventually("the provider has the request", || async {
        (provider_list(app, list).await.len() >= count).then_some(())
    })
    .await;
}

/// Waits until another worker has taken the job over and completed it.
async fn until_taken_over(bench: &Bench) {
    eventually("the job is done by another worker", || async {
        bench.app.leases_end().await;
        let job = job(bench).await;
        (job.starts_with("done") && !job.starts_with("done after 1 ")).then_some(())
    })
    .await;
}

async fn job(bench: &Bench) -> String {
    let row = "concat_ws(' ', state, 'after', attempts, 'at', finished_at)";
    let sql = format!("select {row} from jobs where id = '{}'", bench.job);
    bench.app.database.text(&sql).await.expect("the job")
}

/// Disables reconciliation, which runs at worker start and would resolve the payment before the
/// repetition does.
async fn without_reconciliation(app: &App) {
    let now = app.clock.now();
    let today = now.timestamp() / SECONDS_PER_DAY;
    for tick in [today, today + 1] {
        app.store.enqueue_job(&Job::Reconcile { tick }, now, now).await.expect("a job");
    }
    let done = "update jobs set state = 'done', finished_at = now() where kind = 'reconcile'";
    app.database.execute(done).await;
}

/// Creates a payout that has reached the provider while its worker waits for the answer.
async fn payout_under_way() -> (Bench, Gate, WorkerProcess) {
    let bench = Bench::new(Case::SubmitPayout).await;
    without_reconciliation(&bench.app).await;
    let rule = json!({ "phone": BUYER_PHONE, "fault": "callback_lost", "only": "payout" });
    let status = bench.app.sandbox_send(reqwest::Method::POST, "/admin/faults", rule).await;
    assert!(status.is_success(), "{status}");
    let gate = Gate::before(&bench.app.sandbox_url, PAYOUT_PATH).await;
    let worker = worker_behind(&bench.app, &gate);
    until_provider_has(&bench.app, "payouts", 1).await;
    (bench, gate, worker)
}

/// Lets the provider's result arrive.
async fn result_arrives(app: &App) {
    let payout = provider_list(app, "payouts").await.remove(0);
    let id = payout["originator_conversation_id"].as_str().expect("an id");
    let path = format!("/admin/callbacks/{id}/resend");
    eventually("the payout has ended", || async {
        app.sandbox_send(reqwest::Method::POST, &path, Value::Null).await.is_success().then_some(())
    })
    .await;
    let paid = "select count(*) from payments where purpose = 'withdrawal' and state = 'succeeded'";
    eventually("the payout is paid", || async {
        (app.database.number(paid).await == 1).then_some(())
    })
    .await;
}

async fn assert_paid_once(app: &App) {
    assert_eq!(provider_list(app, "payouts").await.len(), 1, "payouts at the provider");
    let settled = "select count(*) from entries where kind = 'payout_settle'";
    assert_eq!(app.database.number(settled).await, 1);
    let events = app.sandbox_get("/admin/events").await.to_string();
    let repeated = events.contains("Duplicate OriginatorConversationID");
    assert!(repeated, "expected a repetition under the same id: {events}");
    app.assert_sound().await;
}

/// SIGKILL between sending a payout and its answer: the payout is sent again under the same id, and
/// paid once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_whose_worker_is_killed_is_paid_once() {
    let (bench, _gate, mut first) = payout_under_way().await;
    let _second = bench.app.worker_process();
    first.kill();
    until_taken_over(&bench).await;
    result_arrives(&bench.app).await;
    assert_paid_once(&bench.app).await;
}

/// SIGKILL between sending a collection and its answer: it is not sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_whose_worker_is_killed_is_not_sent_again() {
    let bench = Bench::new(Case::SubmitCollection).await;
    let app = &bench.app;
    let gate = Gate::before(&app.sandbox_url, PROMPT_PATH).await;
    let mut first = worker_behind(app, &gate);
    until_provider_has(app, "collections", 1).await;
    let _second = app.worker_process();
    first.kill();
    until_taken_over(&bench).await;
    assert_eq!(app.database.text("select state from payments").await.as_deref(), Some("unknown"));
    app.approve_prompt(BUYER_PHONE).await;
    let funded = "select count(*) from deals where state = 'funded'";
    eventually("the deal is funded", || async {
        (app.database.number(funded).await == 1).then_some(())
    })
    .await;
    assert_eq!(provider_list(app, "collections").await.len(), 1, "prompts");
    assert_eq!(app.database.number("select count(*) from entries where kind = 'fund'").await, 1);
    app.assert_sound().await;
}

/// SIGSTOP for longer than the lease; SIGCONT after another worker has completed the job.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_worker_that_wakes_up_changes_nothing() {
    let (bench, gate, mut first) = payout_under_way().await;
    first.freeze();
    let _second = bench.app.worker_process();
    until_taken_over(&bench).await;
    result_arrives(&bench.app).await;
    let before = job(&bench).await;
    gate.open();
    first.thaw();
    // The process ends only after its attempt has ended.
    tokio::task::block_in_place(|| first.terminate());
    assert_eq!(job(&bench).await, before, "expected no change by a worker without the lease");
    assert_paid_once(&bench.app).await;
}

/// SIGTERM while the worker is fully busy and more jobs wait: running jobs complete, and no other
/// one starts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_told_to_stop_ends_its_jobs_and_begins_no_other() {
    let waiting = 4;
    let app = App::builder().without_worker().start().await;
    start_deposits(&app, HANDS + waiting).await;
    let gate = Gate::before(&app.sandbox_url, PROMPT_PATH).await;
    let mut worker = worker_behind(&app, &gate);
    until_provider_has(&app, "collections", HANDS).await;
    let opening = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(500)).await;
        gate.open();
    });
    let took = tokio::task::block_in_place(|| worker.terminate());
    opening.await.expect("the gate opens");
    assert!(took < STOP_TIME_MAX, "it took {took:?} to stop");
    assert_eq!(provider_list(&app, "collections").await.len(), HANDS);
    let count = |condition: &str| {
        let sql =
            format!("select count(*) from jobs where kind = 'submit_collection' and {condition}");
        let database = app.database.clone();
        async move { usize::try_from(database.number(&sql).await).expect("a count") }
    };
    assert_eq!(
        count("state = 'done' and attempts = 1").await,
        HANDS,
        "expected the running jobs to end"
    );
    assert_eq!(
        count("state = 'queued' and attempts = 0").await,
        waiting,
        "expected the other jobs to stay queued"
    );
    assert_eq!(app.transport.depth("payments").await.expect("a depth"), waiting as u64);

    let _next = app.worker_process();
    until_provider_has(&app, "collections", HANDS + waiting).await;
    eventually("all jobs are done", || async {
        (count("state = 'done' and attempts = 1").await == HANDS + waiting).then_some(())
    })
    .await;
    app.assert_sound().await;
}
