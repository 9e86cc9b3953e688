//! Killed workers, a Redis without its data, and a provider that fails or loses messages. In every
//! case the deal is funded once, or the money is in the buyer's wallet.

use amana::local::{Durability, Redis, Scratch};
use amana_harness::{App, DealPlan, Person, WorkerProcess, eventually};
use chrono::TimeDelta;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use serde_json::{Value, json};
use std::time::Duration;

/// The first poll is due ten seconds after the request.
const AFTER_FIRST_POLL: TimeDelta = TimeDelta::seconds(11);

/// Two people with an agreed deal that waits for payment.
pub(crate) struct Agreed {
    pub(crate) buyer: Person,
    pub(crate) deal: String,
}

pub(crate) async fn agreed(app: &App) -> Agreed {
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    Agreed { buyer, deal }
}

/// Creates a deal that the buyer has to pay for within the hour.
pub(crate) async fn agreed_for_an_hour(app: &App) -> Agreed {
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let body = json!({
        "title": "Two goats", "role": "seller", "counterparty": { "email": buyer.email },
        "currency": "KES", "terms": { "funding_hours": 1 },
        "milestones": [{ "title": "Both", "amount": { "amount": 150_000, "currency": "KES" } }],
    });
    let deal = app.post(&seller, "/v1/deals", body).await.expect(201);
    let deal = deal["id"].as_str().expect("an id").to_owned();
    app.post(&seller, &format!("/v1/deals/{deal}/propose"), Value::Null).await.expect(200);
    app.post(&buyer, &format!("/v1/deals/{deal}/agree"), json!({ "revision": 1 }))
        .await
        .expect(200);
    Agreed { buyer, deal }
}

/// Asserts that this payment funded the deal, with one prompt and one booking.
pub(crate) async fn assert_funded_once(app: &App, agreed: &Agreed, payment: &str) {
    let Agreed { buyer, deal, .. } = agreed;
    app.wait_for_deal(buyer, deal, "funded").await;
    app.wait_for_payment(buyer, payment, "succeeded").await;
    assert_eq!(app.entries(&format!("{payment}:deposit")).await, 1, "expected one deposit entry");
    assert_eq!(app.entries(&format!("{deal}:fund:1")).await, 1, "expected one funding entry");
    let taken = app.collections(&buyer.phone).await;
    let paid = taken.iter().filter(|one| one["outcome"]["result_code"] == "0").count();
    assert_eq!((taken.len(), paid), (1, 1), "expected one prompt: {taken:#?}");
    let funded = app.timeline(buyer, deal).await.iter().filter(|it| *it == "deal.funded").count();
    assert_eq!(funded, 1, "expected one funding event");
    assert_eq!(app.balance(buyer).await, (0, 0));
    app.assert_sound().await;
}

/// Blocks the storing of callbacks. The sandbox waits for it, and so does the caller of the sandbox
/// if the callback is sent before the answer.
pub(crate) struct HeldCallbacks(AsyncPgConnection);

/// Callbacks that wait to be stored. Housekeeping waits for the table too, but writes nothing new.
const WAITING: &str = "from pg_locks join pg_stat_activity using (pid)
    where relation = 'callbacks'::regclass and not granted and query ilike 'insert into%callbacks%'";

impl HeldCallbacks {
    pub(crate) async fn hold(app: &App) -> Self {
        let mut lock = app.database.connection().await;
        let hold = "begin; lock table callbacks in exclusive mode";
        lock.batch_execute(hold).await.expect("a lock");
        Self(lock)
    }

    pub(crate) async fn one_waits(&self, app: &App) {
        let waiting = format!("select count(*) {WAITING}");
        eventually("a callback waits to be stored", || async {
            (app.database.number(&waiting).await > 0).then_some(())
        })
        .await;
    }

    pub(crate) async fn let_go(mut self) {
        self.0.batch_execute("rollback").await.expect("the lock is free");
    }

    /// Drops the waiting callbacks; the provider does not send them again.
    pub(crate) async fn lose(self, app: &App) {
        app.database.execute(&format!("select pg_terminate_backend(pid) {WAITING}")).await;
        self.let_go().await;
    }
}

/// Starts a worker process and waits for its first reconciliation, so that none runs later in the
/// test.
pub(crate) async fn worker_process(app: &App) -> WorkerProcess {
    let runs = "select count(*) from reconciliation_runs";
    let before = app.database.number(runs).await;
    let worker = app.worker_process();
    eventually("the first reconciliation is done", || async {
        (app.database.number(runs).await > before).then_some(())
    })
    .await;
    worker
}

async fn stored_callbacks(app: &App, count: i64) {
    eventually("the callback is stored", || async {
        (app.database.number("select count(*) from callbacks").await == count).then_some(())
    })
    .await;
}

/// SIGKILL between prompt and callback, which arrives while no worker runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_killed_between_prompt_and_callback() {
    let app = App::builder().without_worker().start().await;
    let mut worker = worker_process(&app).await;
    let agreed = agreed(&app).await;
    let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
    app.wait_for_payment(&agreed.buyer, &payment, "pending").await;
    worker.kill();
    app.approve_prompt(&agreed.buyer.phone).await;
    stored_callbacks(&app, 1).await;
    let _next = app.worker_process();
    assert_funded_once(&app, &agreed, &payment).await;
}

/// SIGKILL after the request was sent and before its answer: the payer is not prompted a second
/// time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_killed_while_it_waits_for_the_answer() {
    let app = App::builder().without_worker().start().await;
    let agreed = agreed(&app).await;
    app.fault(&agreed.buyer.phone, "callback_before_answer", 1).await;
    let held = HeldCallbacks::hold(&app).await;
    let mut worker = worker_process(&app).await;
    let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
    held.one_waits(&app).await;
    worker.kill();
    assert_eq!(app.payment_column(&payment, "state").await.as_deref(), Some("submitting"));
    held.let_go().await;
    stored_callbacks(&app, 1).await;
    let _next = app.worker_process();
    assert_funded_once(&app, &agreed, &payment).await;
    assert_eq!(app.payment_column(&payment, "doubt").await, None);
}

/// SIGKILL with a lost callback too: the payment is unknown and not sent again, until the statement
/// has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_killed_while_it_waits_and_the_callback_lost() {
    let app = App::builder().without_worker().start().await;
    let agreed = agreed(&app).await;
    app.fault(&agreed.buyer.phone, "callback_before_answer", 1).await;
    let held = HeldCallbacks::hold(&app).await;
    let mut worker = worker_process(&app).await;
    let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
    held.one_waits(&app).await;
    worker.kill();
    held.lose(&app).await;
    let _next = app.worker_process();
    app.wait_for_payment(&agreed.buyer, &payment, "unknown").await;
    assert_eq!(app.reconcile_now().await.healed, 1);
    assert_funded_once(&app, &agreed, &payment).await;
}

/// FLUSHALL twice: while the prompt is open, and when Redis already has the id of the callback's
/// job.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_forgets_between_prompt_and_callback() {
    let scratch = Scratch::new().expect("a folder");
    let redis = Redis::start(&scratch.join("redis"), Durability::TestOnly).expect("Redis");
    let mut app = App::builder().redis(&redis.url()).start().await;
    let agreed = agreed(&app).await;
    let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
    app.wait_for_payment(&agreed.buyer, &payment, "pending").await;
    flush_all(&redis.url()).await;
    app.stop_worker().await;
    app.approve_prompt(&agreed.buyer.phone).await;
    stored_callbacks(&app, 1).await;
    amana_worker::relay_once(&app.context, &app.transport).await.expect("a relay");
    assert_eq!(app.transport.depth("callbacks").await.expect("Redis"), 1);
    flush_all(&redis.url()).await;
    assert_eq!(app.transport.depth("callbacks").await.expect("Redis"), 0);
    app.add_worker();
    assert_funded_once(&app, &agreed, &payment).await;
}

async fn flush_all(url: &str) {
    let client = redis::Client::open(url).expect("an address");
    let mut conn = client.get_multiplexed_async_connection().await.expect("Redis");
    let () = redis::cmd("FLUSHALL").query_async(&mut conn).await.expect("flushed");
}

/// A query reports the payment as paid; only the statement adds the receipt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_callback_is_found_by_polling() {
    let app = App::start().await;
    let agreed = agreed(&app).await;
    app.fault(&agreed.buyer.phone, "callback_lost", 1).await;
    let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
    app.approve_prompt(&agreed.buyer.phone).await;
    app.wait_for_payment(&agreed.buyer, &payment, "pending").await;
    app.clock.advance(AFTER_FIRST_POLL);
    assert_funded_once(&app, &agreed, &payment).await;
    assert_eq!(app.payment_column(&payment, "receipt").await, None);
    app.reconcile_now().await;
    let receipt = app.payment_column(&payment, "receipt").await;
    let told = app.collections(&agreed.buyer.phone).await[0]["outcome"]["receipt"].clone();
    assert_eq!(receipt.as_deref(), told.as_str());
    let run = app.reconcile_now().await;
    assert_eq!((run.matched, run.healed, run.open_breaks), (1, 0, 0));
    assert_funded_once(&app, &agreed, &payment).await;
}

/// Without an answer there is no id to query, and the callback takes an hour, so only the statement
/// knows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answer_and_callback_are_found_by_reconciliation() {
    let app = App::builder().callback_delay(Duration::from_secs(3_600)).start().await;
    let agreed = agreed(&app).await;
    let Agreed { buyer, deal, .. } = &agreed;
    app.fault(&buyer.phone, "answer_lost", 1).await;
    let payment = app.start_mpesa(buyer, deal).await;
    app.wait_for_payment(buyer, &payment, "unknown").await;
    assert_eq!(app.payment_column(&payment, "provider_reference_sealed").await, None);
    let again = json!({ "method": "mpesa" });
    let again = app.post(buyer, &format!("/v1/deals/{deal}/fund"), again).await;
    assert_eq!((again.status.as_u16(), again.problem()), (409, "payment_in_progress"));
    app.approve_prompt(&buyer.phone).await;
    let run = app.reconcile_now().await;
    assert_eq!((run.healed, run.unclaimed, run.open_breaks), (1, 0, 0));
    assert_funded_once(&app, &agreed, &payment).await;
    let run = app.reconcile_now().await;
    assert_eq!((run.matched, run.healed, run.open_breaks), (1, 0, 0));
    assert_funded_once(&app, &agreed, &payment).await;
}

/// Every fault of a paid prompt on the wire, each on its own phone, at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_on_the_wire_funds_once() {
    let app = App::start().await;
    let faults = [
        "answer_lost",
        "busy",
        "callback_before_answer",
        "callback_late",
        "callback_twice",
        "malformed_answer",
        "query_unsteady",
    ];
    let mut started = Vec::new();
    for fault in faults {
        let agreed = agreed(&app).await;
        app.fault(&agreed.buyer.phone, fault, 1).await;
        let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
        // The sandbox approves that prompt itself.
        if fault != "callback_before_answer" {
            app.approve_prompt(&agreed.buyer.phone).await;
        }
        started.push((agreed, payment));
    }
    for (agreed, payment) in &started {
        assert_funded_once(&app, agreed, payment).await;
    }
    let run = app.reconcile_now().await;
    assert_eq!(
        (run.healed, run.unclaimed, run.open_breaks),
        (0, 0, 0),
        "{:?}",
        app.discrepancy_list().await
    );
}

/// A callback that is not JSON is stored for operators; polling funds the deal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_callback_is_kept_and_polling_tells() {
    let app = App::start().await;
    let agreed = agreed(&app).await;
    app.fault(&agreed.buyer.phone, "malformed", 1).await;
    let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
    app.approve_prompt(&agreed.buyer.phone).await;
    let operator = app.operator().await;
    let listed = eventually("an unreadable callback is stored", || async {
        let found = app.get(&operator, "/v1/operator/callbacks?state=unreadable").await.expect(200);
        found["items"].get(0).cloned()
    })
    .await;
    assert_eq!(listed["payment_id"], payment.as_str());
    assert!(
        listed["note"].as_str().is_some_and(|note| note.contains("not a JSON object")),
        "{listed:#}"
    );
    app.clock.advance(AFTER_FIRST_POLL);
    assert_funded_once(&app, &agreed, &payment).await;
}

/// The deal shows that M-Pesa is unavailable, and continues by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provider_down_is_told_and_recovers_alone() {
    let app = App::start().await;
    let agreed = agreed(&app).await;
    app.provider_up(false).await;
    let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
    let told = wait_for_problem(&app, &agreed).await;
    let text = told["status_text"].as_str().expect("a text");
    assert!(text.contains("cannot be reached"), "{text}");
    app.provider_up(true).await;
    app.approve_prompt(&agreed.buyer.phone).await;
    assert_funded_once(&app, &agreed, &payment).await;
    let funded = app.get(&agreed.buyer, &format!("/v1/deals/{}", agreed.deal)).await.expect(200);
    assert_eq!(funded["payment"]["problem"], Value::Null);
}

async fn wait_for_problem(app: &App, agreed: &Agreed) -> Value {
    eventually("the deal shows the outage", || async {
        let found = app.get(&agreed.buyer, &format!("/v1/deals/{}", agreed.deal)).await.expect(200);
        (found["payment"]["problem"] == "provider_unavailable").then_some(found)
    })
    .await
}

/// The deal expires while the provider is unavailable, so its buyer is not prompted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provider_down_until_the_deal_expired_asks_nobody() {
    let app = App::start().await;
    let agreed = agreed_for_an_hour(&app).await;
    app.provider_up(false).await;
    let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
    wait_for_problem(&app, &agreed).await;
    app.clock.advance(TimeDelta::minutes(61));
    let buyer = app.logged_in_again(&agreed.buyer).await;
    app.wait_for_deal(&buyer, &agreed.deal, "expired").await;
    app.provider_up(true).await;
    let failed = app.wait_for_payment(&buyer, &payment, "failed").await;
    assert_eq!(failed["reason"], "never_happened");
    assert_eq!(app.collections(&buyer.phone).await, [] as [Value; 0]);
    app.assert_sound().await;
}

/// A 500 proves nothing, so the prompt is not sent again. Ten minutes later the statement has no
/// such payment, and the buyer can try again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_error_blocks_until_the_statement_is_silent() {
    let app = App::start().await;
    let agreed = agreed(&app).await;
    let Agreed { buyer, deal, .. } = &agreed;
    app.fault(&buyer.phone, "server_error", 1).await;
    let first = app.start_mpesa(buyer, deal).await;
    app.wait_for_payment(buyer, &first, "unknown").await;
    app.reconcile_now().await;
    app.wait_for_payment(buyer, &first, "unknown").await;
    app.clock.advance(TimeDelta::minutes(11));
    assert_eq!(app.reconcile_now().await.healed, 1);
    let failed = app.wait_for_payment(buyer, &first, "failed").await;
    assert_eq!(failed["reason"], "never_happened");
    let second = app.start_mpesa(buyer, deal).await;
    app.approve_prompt(&buyer.phone).await;
    assert_funded_once(&app, &agreed, &second).await;
    assert_eq!(app.entries(&format!("{first}:deposit")).await, 0);
}
