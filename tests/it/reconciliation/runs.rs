//! Reconciliation runs: on demand and by schedule, with payments in progress, and during a portal
//! outage.

use amana_harness::{App, AppBuilder, DealPlan, eventually};
use amana_worker::Settings;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

fn kes(minor: i64) -> Value {
    json!({ "amount": { "amount": minor, "currency": "KES" } })
}

/// After deals, deposits and withdrawals of every outcome, several within one second, everything
/// matches and the float equals the books.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_matches_after_a_mixed_run() {
    let app = App::start().await;
    let operator = app.operator().await;
    let plan = DealPlan { milestones: vec![70_050, 30_025], fee_payer: "buyer" };
    let funded = app.funded(&plan).await;
    app.complete(&funded).await;
    let person = &funded.seller;
    for minor in [10_000, 20_000, 30_000] {
        app.top_up(person, minor).await;
    }
    app.fault(&person.phone, "unregistered", 1).await;
    for (minor, end) in [(5_000, "failed"), (6_000, "succeeded"), (7_000, "succeeded")] {
        let paid = app.post(person, "/v1/withdrawals", kes(minor)).await.expect(202);
        app.wait_for_payment(person, paid["id"].as_str().expect("an id"), end).await;
    }
    // A statement ends with a whole second.
    app.clock.advance(TimeDelta::seconds(1));
    let run = app.reconcile_on_demand(&operator).await;
    let float = app.sandbox_get("/admin/organisation").await["float"].as_i64().expect("a number");
    assert_eq!(
        (&run["lines"], &run["matched"], &run["open_discrepancies"]),
        (&json!(6), &json!(6), &json!(0))
    );
    assert_eq!((&run["resolved"], &run["unclaimed"]), (&json!(0), &json!(0)));
    assert_eq!(run["provider_balance_minor"], float);
    assert_eq!(run["clearing_minor"], -float);
    assert_eq!(app.breaks(&operator).await, []);
    app.assert_sound().await;
}

/// Payments that settle between the creation of the statement and its processing are no
/// discrepancies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_under_way_raise_no_alarm() {
    let app = Arc::new(App::start().await);
    let operator = app.operator().await;
    let over = Arc::new(AtomicBool::new(false));
    let mut busy = tokio::task::JoinSet::new();
    for name in ["Amina", "Juma", "Zawadi"] {
        let (app, over) = (app.clone(), over.clone());
        busy.spawn(async move {
            let person = app.person(name).await;
            let mut count = 0;
            while !over.load(Ordering::Acquire) {
                app.top_up(&person, 10_000).await;
                app.post(&person, "/v1/withdrawals", kes(1_000)).await.expect(202);
                count += 1;
            }
            count
        });
    }
    for _ in 0..8 {
        let run = app.reconcile_on_demand(&operator).await;
        assert_eq!(run["open_discrepancies"], 0, "{run:#} {:?}", app.breaks(&operator).await);
    }
    over.store(true, Ordering::Release);
    let payments: i32 = busy.join_all().await.into_iter().sum();
    assert!(payments > 3, "{payments}");
    eventually("no payment is open", || async {
        let open =
            "select count(*) from payments where state not in ('succeeded', 'failed', 'held')";
        (app.database.number(open).await == 0).then_some(())
    })
    .await;
    let ever = "select count(*) from breaks";
    assert_eq!(app.database.number(ever).await, 0, "expected no discrepancy at any time");
    assert_eq!(app.reconcile_now().await.open_breaks, 0);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_are_listed_in_pages_newest_first() {
    let app = AppBuilder::default().without_worker().start().await;
    let operator = app.operator().await;
    let mut expected = vec![];
    for _ in 0..5 {
        expected.insert(0, json!(format!("run_{}", app.reconcile_now().await.id.simple())));
    }
    let (mut found, mut after) = (vec![], String::new());
    loop {
        let path = format!("/v1/operator/reconciliations?limit=2{after}");
        let page = app.get(&operator, &path).await.expect(200);
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= 2);
        found.extend(items.iter().map(|run| run["id"].clone()));
        match page["next_cursor"].as_str() {
            Some(cursor) => after = format!("&after={cursor}"),
            None => break,
        }
    }
    assert_eq!(found, expected);
}

/// A portal that is unavailable until the test sets the statement's address.
struct Portal {
    url: String,
    target: watch::Sender<Option<SocketAddr>>,
}

impl Portal {
    async fn closed() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (target, open) = watch::channel(None);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let target: Option<SocketAddr> = *open.borrow();
                tokio::spawn(async move {
                    match target {
                        Some(target) => {
                            let mut server = TcpStream::connect(target).await.expect("the sandbox");
                            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                        }
                        None => away(client).await,
                    }
                });
            }
        });
        Self { url: format!("http://{address}/portal/statement.csv"), target }
    }
}

async fn away(mut client: TcpStream) {
    let _ = client.read(&mut [0; 4096]).await;
    let answer =
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let _ = client.write_all(answer.as_bytes()).await;
}

/// While the statement is unavailable, the run waits and draws no conclusions. Afterwards the same
/// run completes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_without_its_statement_is_tried_again_and_loses_nothing() {
    let portal = Portal::closed().await;
    let app = AppBuilder::default().statement_url(&portal.url).without_worker().start().await;
    let (operator, person) = (app.operator().await, app.person("Amina").await);
    app.fault(&person.phone, "callback_lost", 1).await;
    let asked = app.post(&person, "/v1/wallet/deposits", kes(10_000)).await.expect(202);
    let payment = asked["id"].as_str().expect("an id");
    app.run_due_jobs().await;
    app.approve_prompt(&person.phone).await;
    app.clock.advance(TimeDelta::seconds(1));
    app.post(&operator, "/v1/operator/reconciliations", Value::Null).await.expect(202);
    app.run_due_jobs().await;
    let job = |column: &str| format!("select {column} from jobs where kind = 'reconcile'");
    assert_eq!(app.database.text(&job("state")).await.as_deref(), Some("queued"));
    let error = app.database.text(&job("last_error")).await.expect("an error");
    assert!(error.contains("statement"), "{error}");
    assert_eq!(app.database.number("select count(*) from reconciliation_runs").await, 0);
    app.wait_for_payment(&person, payment, "pending").await;
    let sandbox = app.sandbox_url.trim_start_matches("http://").parse().expect("an address");
    portal.target.send_replace(Some(sandbox));
    app.clock.advance(TimeDelta::seconds(2));
    app.run_due_jobs().await;
    app.wait_for_payment(&person, payment, "succeeded").await;
    assert_eq!(app.database.text(&job("state")).await.as_deref(), Some("done"));
    assert_eq!(app.database.number("select healed from reconciliation_runs").await, 1);
    app.assert_sound().await;
}

/// After an outage longer than the usual period of a statement, the next run begins where the last
/// one ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_in_during_a_long_outage_is_found_afterwards() {
    let app = AppBuilder::default().without_worker().start().await;
    app.reconcile_now().await;
    let receipt = app.pay_bill("254733000001", 12_300, "NOBODY").await;
    app.clock.advance(TimeDelta::days(5));
    let run = app.reconcile_now().await;
    assert_eq!((run.lines, run.unclaimed), (1, 1));
    assert_eq!(app.discrepancy_list().await, [format!("unclaimed {receipt}")]);
    app.assert_sound().await;
}

/// Two workers and three periods of one schedule: each period has one run, executed once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_fires_once_however_many_workers_there_are() {
    let settings = Settings {
        relay_interval: Duration::from_millis(20),
        reconcile_every: TimeDelta::hours(24),
        ..Settings::default()
    };
    let mut app = AppBuilder::default().settings(settings).start().await;
    app.add_worker();
    let periods = "select count(*) from jobs where kind = 'reconcile'";
    let over =
        "select count(*) from jobs where kind = 'reconcile' and state = 'done' and attempts = 1";
    for period in 1..=4 {
        eventually("the run of this period is done", || async {
            let all = app.database.number(periods).await;
            (all >= period && app.database.number(over).await == all).then_some(())
        })
        .await;
        if period < 4 {
            app.clock.advance(TimeDelta::hours(24));
        }
    }
    // Long enough for both workers to check the schedule again.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let runs = app.database.number("select count(*) from reconciliation_runs").await;
    assert_eq!(runs, app.database.number(periods).await);
    // One more if another period began meanwhile.
    assert!((4..=5).contains(&runs), "{runs}");
    app.assert_sound().await;
}
