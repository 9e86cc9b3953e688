//! The database role of API and worker: it reads and writes rows, but cannot bypass the ledger's
//! rules.

use amana_harness::{Database, master_keys};
use amana_postgres::{Store, StoreError};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};

/// Returns the URL of a test's database for another role.
fn url_of(database: &Database, role: &str, password: &str) -> String {
    let (_, place) = database.url.split_once('@').expect("a user");
    format!("postgres://{role}:{password}@{place}")
}

/// Creates a database and lets the migration create the application role.
async fn granted(role: &str) -> (Database, String) {
    let database = Database::new().await;
    let url = url_of(&database, role, "karibu%40sesame");
    // Every migration grants, so the second one finds an existing role.
    for _ in 0..2 {
        Store::grant(&database.url, &url).await.expect("granted");
    }
    (database, url)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_role_can_do_nothing_but_read_and_write_rows() {
    let (database, url) = granted("amana_app_limits").await;
    let mut conn = AsyncPgConnection::establish(&url).await.expect("it may log in");
    for allowed in [
        "select count(*) from postings",
        "insert into events (tx, ordinal, at, kind, actor_kind, subject, audience, data)
            select tx, first, now(), 'a', 'system', 'b', 'audit', '{}' from events_reserve(1)",
        "begin; lock table fee_plans in share row exclusive mode; commit",
        "select pg_advisory_xact_lock(1)",
    ] {
        conn.batch_execute(allowed).await.unwrap_or_else(|error| panic!("{allowed}: {error}"));
    }
    for forbidden in [
        "truncate postings",
        "truncate events",
        "alter table postings disable trigger all",
        "alter table accounts disable trigger user",
        "alter table accounts add column x int",
        "drop table events",
        "drop trigger postings_append_only on postings",
        "create table t (n int)",
        "create temporary table accounts (n int)",
        "create schema s",
        "create function f() returns int language sql as 'select 1'",
        "create or replace function refuse_change() returns trigger language plpgsql as \
            'begin return new; end'",
        "set session_replication_role = replica",
        "alter role amana_app_limits superuser",
        "create role another",
        "set role amana",
        "delete from __diesel_schema_migrations",
        "copy events to program 'cat'",
    ] {
        let refused = conn.batch_execute(forbidden).await.expect_err(forbidden).to_string();
        let is_right = ["permission denied", "must be owner", "must be superuser"];
        assert!(is_right.iter().any(|it| refused.contains(it)), "{forbidden}: {refused}");
    }
    // Triggers apply to this role too.
    let change = "update events set kind = 'x'";
    let refused = conn.batch_execute(change).await.expect_err(change).to_string();
    assert!(!refused.contains("permission denied"), "{refused}");
    database.execute("create table later (id bigint generated always as identity)").await;
    conn.batch_execute("insert into later default values").await.expect("later tables too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_works_with_the_role() {
    let (database, url) = granted("amana_app_store").await;
    let store = Store::connect(&url, 2, &master_keys()).await.expect("a store");
    store.ping().await.expect("an answer");
    let check = store.check_ledger().await.expect("a check");
    assert!(check.first_wrong.is_none());
    let as_text = database.text("select rolsuper from pg_roles where rolname = 'amana_app_store'");
    assert_eq!(as_text.await.as_deref(), Some("false"));
    let refused = Store::migrate(&url).await.expect_err("no right to migrate");
    assert!(!refused.to_string().contains("sesame"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_or_a_superuser_is_no_application_role() {
    let database = Database::new().await;
    let refused = Store::grant(&database.url, &database.url).await.expect_err("the owner");
    assert!(matches!(refused, StoreError::AppRole(_)), "{refused:?}");
    database.execute("create role amana_app_super superuser login").await;
    let url = url_of(&database, "amana_app_super", "sesame");
    let refused = Store::grant(&database.url, &url).await.expect_err("a superuser");
    assert!(refused.to_string().contains("superuser"), "{refused}");
    let without_password = url_of(&database, "amana_app_none", "").replace(":@", "@");
    let refused = Store::grant(&database.url, &without_password).await.expect_err("no password");
    assert!(refused.to_string().contains("password"), "{refused}");
}

/// A role without grants gets a message that names the command to run, and not a missing relation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_without_rights_is_told_what_to_run() {
    let database = Database::new().await;
    database.execute("create role amana_app_bare login password 'sesame'").await;
    let url = url_of(&database, "amana_app_bare", "sesame");
    let refused = Store::connect(&url, 1, &master_keys()).await.expect_err("no rights");
    assert!(matches!(refused, StoreError::NoRights), "{refused:?}");
}
