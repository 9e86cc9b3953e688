//! Statement files are accepted as a whole or rejected, and every kind of row has its entry.

use super::portal::{Portal, first_row, with_newest};
use crate::callbacks::{PRICE, Prompted, prompted};
use amana_harness::{App, Person, paid_prompt};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::time::Duration;

const NONE: [String; 0] = [];
/// Change to a file, and how the error names its place.
type Damage = (fn(String) -> String, &'static str);

const NEVER: Duration = Duration::from_secs(3_600);

async fn start(portal: &Portal) -> App {
    let app = App::builder().statement_url(&portal.url).callback_delay(NEVER).start().await;
    portal.stands_before(&app.sandbox_url);
    app
}

/// A payment without a callback, and a damaged statement that has it: the whole file is rejected,
/// and operators see row and column of the damage.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_statement_closes_nothing_and_names_row_and_column() {
    let portal = Portal::start().await;
    let app = App::builder()
        .statement_url(&portal.url)
        .callback_delay(NEVER)
        .without_worker()
        .start()
        .await;
    portal.stands_before(&app.sandbox_url);
    let (operator, amina) = (app.operator().await, app.person("Amina").await);
    let mut asked = vec![];
    // A phone can have one prompt at a time.
    for (minor, phone) in [(70_000, &*amina.phone), (150_000, "254711222333")] {
        asked.push(deposit(&app, &amina, phone, minor).await);
        // Within one second, either order of the rows would be valid.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    app.database.execute("delete from jobs where kind = 'poll_collection'").await;
    app.clock.advance(TimeDelta::minutes(11));
    let truncated = |export: String| {
        let lines: Vec<&str> = export.lines().collect();
        lines[..lines.len() - 1].iter().map(|line| format!("{line}\n")).collect::<String>()
    };
    let unclosed = |export: String| {
        let at = first_row(&export);
        format!("{}\"{}", &export[..at], &export[at..])
    };
    let reordered = |export: String| {
        let at = first_row(&export);
        let rows: Vec<&str> = export[at..].lines().rev().collect();
        let [oldest, newest] = rows[..] else { panic!("{export}") };
        let head = &export[..at];
        // Row times are swapped, so only the balances show the wrong order.
        let (new_time, old_time) = (time(newest), time(oldest));
        let (first, second) =
            (oldest.replace(old_time, new_time), newest.replace(new_time, old_time));
        format!("{head}{first}\n{second}\n")
    };
    let foreign = |export: String| export.replace("Short Code:,600977", "Short Code:,600978");
    let damages: [Damage; 4] = [
        (truncated, "row 8, Balance: does not follow"),
        (unclosed, "row 8, column 1: "),
        (reordered, ", Balance: does not follow"),
        (foreign, "row 2, Short Code: is not our shortcode"),
    ];
    for (damage, named) in damages {
        portal.changes(damage);
        app.clock.advance(TimeDelta::milliseconds(5));
        app.post(&operator, "/v1/operator/reconciliations", Value::Null).await.expect(202);
        app.run_due_jobs().await;
        let jobs = app.get(&operator, "/v1/operator/jobs?state=queued").await.expect(200);
        let jobs = jobs["items"].as_array().expect("jobs").clone();
        let run = jobs.iter().find(|job| job["kind"] == "reconcile").expect("the run");
        let error = run["last_error"].as_str().expect("an error");
        assert!(error.contains(named), "{error}");
        assert_eq!(app.database.number("select count(*) from reconciliation_runs").await, 0);
        for payment in &asked {
            app.wait_for_payment(&amina, payment, "pending").await;
        }
        app.database.execute("delete from jobs where kind = 'reconcile'").await;
    }
    assert_eq!(app.discrepancy_list().await, NONE);
    portal.changes(|export| export);
    let run = app.reconcile_now().await;
    assert_eq!((run.lines, run.healed, run.unclaimed, run.open_breaks), (2, 2, 0, 0));
    assert_eq!(app.balance(&amina).await, (220_000, 0));
    app.assert_sound().await;
}

fn time(row: &str) -> &str {
    row.split(',').nth(1).expect("a completion time")
}

/// Starts a deposit that is paid without a callback.
async fn deposit(app: &App, person: &Person, phone: &str, minor: i64) -> String {
    let body = json!({ "amount": { "amount": minor, "currency": "KES" }, "phone": phone });
    let asked = app.post(person, "/v1/wallet/deposits", body).await.expect(202);
    app.run_due_jobs().await;
    app.approve_prompt(phone).await;
    asked["id"].as_str().expect("an id").to_owned()
}

/// Creates a paid prompt. Returns it with its receipt; the test posts the callback.
async fn paid(app: &App) -> (Prompted, String) {
    let prompted = prompted(app).await;
    let phone = prompted.buyer().phone.clone();
    app.approve_prompt(&phone).await;
    let receipt = app.collections(&phone).await[0]["outcome"]["receipt"].clone();
    (prompted, receipt.as_str().expect("a receipt").to_owned())
}

/// The charge for a payment has the same receipt as the payment. It is booked once as a cost, and
/// the payment is not booked a second time as unclaimed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_statement_rows_with_one_receipt_are_a_payment_and_its_charge() {
    let portal = Portal::start().await;
    let app = start(&portal).await;
    let (prompted, receipt) = paid(&app).await;
    prompted.says(&app, &paid_prompt(&prompted.checkout, &receipt, PRICE)).await;
    app.wait_for_payment(prompted.buyer(), &prompted.payment, "succeeded").await;
    let charged = receipt.clone();
    portal.changes(move |export| {
        let time = time(&export[first_row(&export)..]).to_owned();
        let row = format!(
            "{charged},{time},{time},Pay Bill Charge,Completed,,-23.00,\"1,477.00\",TRUE,Pay Bill Charge,X,,"
        );
        with_newest(&export, &row, "1,477.00")
    });
    for _ in 0..2 {
        let run = app.reconcile_now().await;
        assert_eq!((run.lines, run.matched, run.unclaimed, run.open_breaks), (2, 1, 0, 0));
        assert_eq!((run.provider_balance_minor, run.clearing_minor), (Some(147_700), -147_700));
    }
    assert_eq!(app.entries(&format!("mpesa:{receipt}:charge")).await, 1);
    let proof = app.store.proof().await.expect("a proof");
    let sums = &proof.currencies[0];
    assert_eq!((sums.provider_costs_minor, sums.suspense_minor), (-2_300, 0));
    app.assert_sound().await;
}

/// A transfer to our bank leaves the total unchanged, and operators are told once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_goes_to_the_bank_is_listed_and_blocks_nothing() {
    let portal = Portal::start().await;
    let app = start(&portal).await;
    let (prompted, receipt) = paid(&app).await;
    prompted.says(&app, &paid_prompt(&prompted.checkout, &receipt, PRICE)).await;
    app.wait_for_payment(prompted.buyer(), &prompted.payment, "succeeded").await;
    portal.changes(|export| {
        let time = time(&export[first_row(&export)..]).to_owned();
        let row = format!(
            "UKU7SETTLE,{time},{time},Organization Settle to Bank,Completed,,-500.00,\"1,000.00\",TRUE,\
             Organization Settlement to Bank,,,"
        );
        with_newest(&export, &row, "1,000.00")
    });
    for _ in 0..2 {
        let run = app.reconcile_now().await;
        assert_eq!((run.provider_balance_minor, run.clearing_minor), (Some(100_000), -100_000));
        assert_eq!(app.discrepancy_list().await, ["settlement UKU7SETTLE"]);
    }
    let proof = app.store.proof().await.expect("a proof");
    assert_eq!((proof.holds(), proof.currencies[0].at_bank_minor), (true, 50_000));
    app.assert_sound().await;
}

/// A wrong file put a payment's money into suspense, and its callback credited it as well. The
/// correct file contains the payment, so the suspense entry is reversed and the discrepancy closed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_matched_payment_closes_its_discrepancies() {
    let portal = Portal::start().await;
    let app = start(&portal).await;
    let (prompted, receipt) = paid(&app).await;
    let reference = app.payment_column(&prompted.payment, "reference").await.expect("one");
    portal.changes(move |export| export.replace(&reference, "SOMETHING ELSE"));
    assert_eq!(app.reconcile_now().await.unclaimed, 1);
    assert_eq!(app.discrepancy_list().await, [format!("unclaimed {receipt}")]);
    prompted.says(&app, &paid_prompt(&prompted.checkout, &receipt, PRICE)).await;
    app.wait_for_payment(prompted.buyer(), &prompted.payment, "succeeded").await;
    portal.changes(|export| export);
    for _ in 0..2 {
        let run = app.reconcile_now().await;
        assert_eq!((run.matched, run.unclaimed, run.open_breaks), (1, 0, 0));
        assert_eq!((run.provider_balance_minor, run.clearing_minor), (Some(PRICE), -PRICE));
    }
    assert_eq!(app.entries(&format!("mpesa:{receipt}:suspense_reversed")).await, 1);
    let operator = app.operator().await;
    let items = app.get(&operator, "/v1/operator/suspense").await.expect(200)["items"].clone();
    assert!(items[0]["reversed_at"].is_string(), "{items:#}");
    let proof = app.store.proof().await.expect("a proof");
    assert_eq!(proof.currencies[0].suspense_minor, 0);
    app.assert_sound().await;
}
