//! Retention: old rows are deleted in batches, and younger ones stay.

use amana_harness::App;
use amana_postgres::{Job, Old, PART_MAX};
use chrono::TimeDelta;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const SCHEMA: &str = include_str!("../../adapters/postgres/src/schema.rs");
const PAGE: &str = include_str!("../../docs/retention.md");

/// Tables with a deletion rule of their own, because files or users depend on their rows.
const BY_OTHER_RULES: [&str; 5] =
    ["api_keys", "callbacks", "kyc_documents", "sessions", "trusted_devices"];

/// Number of batches that the deletion needs.
const PARTS: i64 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_rows_are_deleted_in_bounded_parts() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let part = i64::try_from(PART_MAX).expect("a number");
    let rows = PARTS * part - 1;
    let keys = format!(
        "insert into idempotency_keys (user_id, key, operation, request_hash, created_at)
        select '{}', 'k-' || n, 'create_transfer', sha256('x'), now() from generate_series(1, {rows}) n",
        amina.uuid()
    );
    app.database.execute(&keys).await;
    let left = async || app.database.number("select count(*) from idempotency_keys").await;
    let now = app.clock.now();
    assert!(!app.store.remove_old(Old::IdempotencyKeys, now).await.expect("removed"));
    assert_eq!(left().await, rows, "expected no deletion of recent rows");
    let later = now + Old::IdempotencyKeys.kept() + TimeDelta::minutes(1);
    let mut parts = 1;
    while app.store.remove_old(Old::IdempotencyKeys, later).await.expect("removed") {
        assert_eq!(left().await, rows - parts * part);
        parts += 1;
    }
    assert_eq!((parts, left().await), (PARTS, 0));
}

/// Housekeeping deletes every kind of old row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn housekeeping_removes_every_kind_of_old_row() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    // Registration sends codes.
    app.newcomer("Neema").await;
    app.call_back("c", "0123456789abcdef0123456789abcdef", "{}").await;
    app.fault(&amina.phone, "approve", 1).await;
    let body = json!({ "amount": { "amount": 10_000, "currency": "KES" } });
    app.post(&amina, "/v1/wallet/deposits", body).await.expect(202);
    app.run_due_jobs().await;
    app.reconcile_now().await;
    app.check_ledger_now().await;
    let tables = "select string_agg(t, ' ' order by t) from (
        select 'exchanges' t where exists (select from exchanges)
        union all select 'idempotency_keys' where exists (select from idempotency_keys)
        union all select 'ledger_checks' where exists (select from ledger_checks)
        union all select 'notifications' where exists (select from notifications)
        union all select 'prompts' where exists (select from prompts)
        union all select 'counted_messages' where exists (select from counted_messages)
        union all select 'callback_strays' where exists (select from callback_strays)
        union all select 'callback_tokens' where exists (select from callback_tokens where payment_id is not null)
        union all select 'codes' where exists (select from codes)) t";
    let all = "callback_strays callback_tokens codes counted_messages exchanges idempotency_keys ledger_checks \
        notifications prompts";
    assert_eq!(app.database.text(tables).await.as_deref(), Some(all));
    let longest = Old::ALL.iter().map(|old| old.kept()).max().expect("some");
    // Remaining jobs create rows of their own.
    app.clock.advance(longest + TimeDelta::days(1));
    app.run_due_jobs().await;
    app.clock.advance(longest + TimeDelta::days(1));
    let now = app.clock.now();
    app.store.enqueue_job(&Job::Housekeep { tick: 1 }, now, now).await.expect("a job");
    app.run_due_jobs().await;
    assert_eq!(app.database.text(tables).await, None);
    // The newest run stays, because the next one starts from its end.
    assert_eq!(app.database.number("select count(*) from reconciliation_runs").await, 1);
    app.assert_sound().await;
}

/// Reads the lines of the page: table, days (if its rows are deleted), and reason.
fn lines() -> Vec<(&'static str, Option<i64>, &'static str)> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let table = cells[0].trim_matches('`');
        match cells[..] {
            [_, reason] => (table, None, reason),
            [_, days, reason] => (table, Some(days.parse().expect("days")), reason),
            _ => panic!("{line}"),
        }
    })
    .collect()
}

/// Every table needs a documented retention time and reason.
#[test]
fn no_table_grows_without_a_time_or_a_reason() {
    let tables: BTreeSet<&str> = SCHEMA
        .split("diesel::table! {")
        .skip(1)
        .map(|table| table.split_once('(').expect("a key").0.trim())
        .collect();
    assert!(tables.len() > 50, "{tables:?}");
    let lines = lines();
    let named: BTreeSet<&str> = lines.iter().map(|(table, ..)| *table).collect();
    assert_eq!(named, tables, "docs/retention.md has one line for each table");
    assert_eq!(named.len(), lines.len(), "expected one line per table");
    assert!(lines.iter().all(|(.., reason)| !reason.is_empty()));

    let said: BTreeMap<&str, i64> =
        lines.iter().filter_map(|(table, days, _)| Some((*table, (*days)?))).collect();
    let ours = Old::ALL.iter().map(|old| (old.table(), old.kept().num_days()));
    let others = BY_OTHER_RULES.into_iter().map(|table| (table, 90));
    assert_eq!(said, ours.chain(others).collect());
}
