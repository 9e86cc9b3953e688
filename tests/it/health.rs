//! Readiness, service information, and the overview for a person on call.

use amana::local::{Durability, Redis, Scratch};
use amana_harness::{App, DealPlan, Person, SUPPORT_CONTACT, eventually};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

const HEALTH: &str = "/v1/operator/health";

async fn health(app: &App, operator: &Person) -> Value {
    app.get(operator, HEALTH).await.expect(200)
}

fn queue(health: &Value, name: &str) -> Value {
    let queues = health["queues"].as_array().expect("queues");
    let found = queues.iter().find(|queue| queue["queue"] == name);
    found.unwrap_or_else(|| panic!("no queue {name}: {health:#}")).clone()
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().expect("a time").parse().expect("a time")
}

/// Inserts a job that no worker handles, due some seconds ago.
async fn insert_job(app: &App, queue: &str, state: &str, due_s_ago: i64) {
    let over = if state == "dead" { "now()" } else { "null" };
    let lease = if state == "running" { "now() + interval '1 hour'" } else { "null" };
    let sql = format!(
        "insert into jobs (id, queue, kind, payload, key, state, due_at, attempts_max, created_at, finished_at,
            lease_until)
        values (gen_random_uuid(), '{queue}', 'expire_hold', '{{}}', gen_random_uuid()::text, '{state}',
            now() - interval '{due_s_ago} seconds', 30, now(), {over}, {lease})"
    );
    app.database.execute(&sql).await;
}

/// One failed part does not hide the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_names_every_part_that_fails() {
    let scratch = Scratch::new().expect("a folder");
    let mut redis = Redis::start(&scratch.join("redis"), Durability::TestOnly).expect("Redis");
    let app = App::builder().without_worker().redis(&redis.url()).start().await;
    let get = async |path: &str| app.send(Method::GET, path, None, None, None).await;
    redis.kill().expect("killed");
    app.database.set_reachable(false).await;
    let ready = get("/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.problem()), (503, "unavailable"));
    let detail = "the database does not answer; Redis does not answer";
    assert_eq!(ready.body["detail"], detail, "{:#}", ready.body);
    assert_eq!(get("/livez").await.expect(200)["status"], "ok");
    app.database.set_reachable(true).await;
    redis.restart().expect("restarted");
    eventually("the API is ready again", || async {
        get("/readyz").await.status.is_success().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_schema_is_not_ready() {
    let app = App::builder().without_worker().start().await;
    let newest = "select max(version) from __diesel_schema_migrations";
    let newest = app.database.text(newest).await.expect("a migration");
    let ready = async || app.send(Method::GET, "/readyz", None, None, None).await;
    ready().await.expect(200);
    let sql = format!("delete from __diesel_schema_migrations where version = '{newest}'");
    app.database.execute(&sql).await;
    let answer = ready().await;
    assert_eq!(answer.status, 503);
    assert!(answer.body["detail"].to_string().contains("amana migrate"), "{:#}", answer.body);
    // A newer schema is no fault: it was migrated for the version that is rolled out next.
    let sql = format!(
        "insert into __diesel_schema_migrations (version) values ('{newest}'), ('29991231235959')"
    );
    app.database.execute(&sql).await;
    ready().await.expect(200);
    app.database.execute("drop table __diesel_schema_migrations").await;
    assert_eq!(ready().await.status, 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_facts_of_the_service_need_no_log_in_and_no_server() {
    let app = App::builder().without_worker().start().await;
    app.database.set_reachable(false).await;
    let facts = app.send(Method::GET, "/v1/service", None, None, None).await.expect(200);
    let skew = time(&facts["time"]) - app.clock.now();
    assert!(skew.abs() < TimeDelta::minutes(1), "{facts:#}");
    assert_eq!(
        facts,
        json!({
            "mode": "test",
            "version": env!("CARGO_PKG_VERSION"),
            "commit": null,
            "currencies": ["KES"],
            "support_contact": SUPPORT_CONTACT,
            "time": facts["time"],
        })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_tell_what_waits_runs_and_died() {
    let app = App::builder().without_worker().start().await;
    let operator = app.operator().await;
    // Registration sends e-mails.
    app.database.execute("delete from jobs").await;
    let calm = health(&app, &operator).await;
    let empty = json!({
        "queue": "timers", "due": 0, "age_s": null, "running": 0, "dead": 0, "last_died_at": null,
        "redis_depth": 0,
    });
    assert_eq!(queue(&calm, "timers"), empty);
    for (state, due_s_ago) in
        [("queued", 7_200), ("queued", 10), ("queued", -3_600), ("running", 60), ("dead", 60)]
    {
        insert_job(&app, "timers", state, due_s_ago).await;
    }
    amana_worker::relay_once(&app.context, &app.transport).await.expect("a relay");
    let busy = health(&app, &operator).await;
    let timers = queue(&busy, "timers");
    let counts = ["due", "running", "dead", "redis_depth"].map(|name| timers[name].as_i64());
    assert_eq!(counts, [2, 1, 1, 2].map(Some), "{timers:#}");
    let age_s = timers["age_s"].as_i64().expect("an age");
    assert!((7_200..7_260).contains(&age_s), "{timers:#}");
    assert!(timers["last_died_at"].is_string(), "{timers:#}");
    assert_eq!(queue(&busy, "payments")["due"], 0);
    app.database.execute("delete from jobs where state = 'dead'").await;
    assert_eq!(queue(&health(&app, &operator).await, "timers")["dead"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process_tells_its_own_figures() {
    let app = App::builder().without_worker().start().await;
    let operator = app.operator().await;
    let health = health(&app, &operator).await;
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert!(time(&health["started_at"]) <= Utc::now(), "{health:#}");
    assert!(health["uptime_s"].as_u64().is_some_and(|s| s < 600), "{health:#}");
    assert!(health["memory_bytes"].as_u64().is_none_or(|b| b > 1_000_000), "{health:#}");
    assert_eq!(health["sockets"], json!({ "open": 0, "max": 10_000 }));
    let pools = &health["database"];
    assert_eq!((&pools["requests"]["max"], &pools["transfers"]["max"]), (&json!(12), &json!(2)));
    let (size, idle) = (&pools["requests"]["size"], &pools["requests"]["idle"]);
    assert!(size.as_u64() > Some(0) && idle.as_u64() <= size.as_u64(), "{pools:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_the_page_says_so() {
    let scratch = Scratch::new().expect("a folder");
    let mut redis = Redis::start(&scratch.join("redis"), Durability::TestOnly).expect("Redis");
    let app = App::builder().without_worker().redis(&redis.url()).start().await;
    let operator = app.operator().await;
    redis.kill().expect("killed");
    assert_eq!(queue(&health(&app, &operator).await, "payments")["redis_depth"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reconciliation_and_ledger_tell_how_they_went() {
    let app = App::start().await;
    let operator = app.operator().await;
    app.clock.advance(TimeDelta::seconds(1));
    app.reconcile_on_demand(&operator).await;
    let found = health(&app, &operator).await;
    assert_eq!(found["reconciliation"]["outcome"], "matched", "{found:#}");
    assert_eq!(found["reconciliation"]["open_discrepancies"], 0);
    assert_eq!(found["ledger"]["is_consistent"], true);
    let matched_at = time(&found["reconciliation"]["last_at"]);

    let opened = "insert into breaks (id, kind, subject, detail, opened_at, last_seen_at)
        values (gen_random_uuid(), 'trust_equation', 'an account', 'by hand', now(), now())";
    app.database.execute(opened).await;
    app.reconcile_on_demand(&operator).await;
    let found = health(&app, &operator).await;
    assert_eq!(found["reconciliation"]["outcome"], "discrepancies", "{found:#}");
    assert_eq!(found["reconciliation"]["open_discrepancies"], 1);
    assert_eq!(found["ledger"]["is_consistent"], false);
    assert!(time(&found["reconciliation"]["last_at"]) > matched_at);

    app.clock.advance(TimeDelta::seconds(1));
    let dies = format!(
        "update jobs set state = 'dead', last_error = 'by hand', finished_at = '{}' where kind = 'reconcile'",
        app.clock.now().to_rfc3339()
    );
    app.database.execute(&dies).await;
    let found = health(&app, &operator).await;
    assert_eq!(found["reconciliation"]["outcome"], "failed", "{found:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn providers_tell_successes_failures_and_unknown_payments() {
    let app = App::builder().without_worker().start().await;
    let operator = app.operator().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let provider = async || health(&app, &operator).await["providers"][0].clone();
    let untried = json!({
        "provider": "mpesa", "last_success_at": null, "last_failure_at": null, "unknown_payments": 0,
        "oldest_unknown_age_s": null,
    });
    assert_eq!(provider().await, untried);
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    let payment = app.start_mpesa(&buyer, &deal).await;
    app.provider_up(false).await;
    app.run_due_jobs().await;
    let failing = provider().await;
    assert!(failing["last_failure_at"].is_string(), "{failing:#}");
    assert_eq!(failing["last_success_at"], Value::Null);
    app.provider_up(true).await;
    app.clock.advance(TimeDelta::minutes(1));
    app.run_due_jobs().await;
    let working = provider().await;
    assert!(time(&working["last_success_at"]) > time(&working["last_failure_at"]), "{working:#}");

    let lost = format!("update payments set state = 'unknown' where id = '{}'", &payment[4..]);
    app.database.execute(&lost).await;
    app.clock.advance(TimeDelta::minutes(10));
    let found = provider().await;
    assert_eq!(found["unknown_payments"], 1, "{found:#}");
    assert!(found["oldest_unknown_age_s"].as_i64().is_some_and(|s| s >= 600), "{found:#}");
}
