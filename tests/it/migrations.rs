//! The schema: every constraint has a name of its own, and every migration can be reverted.

use amana_harness::Database;
use amana_postgres::Store;
use std::path::PathBuf;

/// Everything that migrations create, as PostgreSQL describes it.
const SCHEMA: &str = "select string_agg(line, chr(10) order by line) from (
    select format('column %s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default)
        from information_schema.columns where table_schema = 'public'
    union all select format('constraint %s %s', conname, pg_get_constraintdef(oid))
        from pg_constraint where connamespace = 'public'::regnamespace
    union all select indexdef from pg_indexes where schemaname = 'public'
    union all select pg_get_triggerdef(t.oid) from pg_trigger t where not tgisinternal
    union all select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace) s (line)";

/// Rows that migrations insert.
const RULES: &str =
    "select string_agg(risk_rules::text, chr(10) order by risk_rules::text) from risk_rules";

/// Lists up and down scripts of each migration, oldest first.
fn migrations() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the migrations")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    let read = |folder: &PathBuf, name| std::fs::read_to_string(folder.join(name)).expect("SQL");
    folders.iter().map(|folder| (read(folder, "up.sql"), read(folder, "down.sql"))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_migration_can_be_taken_back_and_made_again() {
    let database = Database::new().await;
    let (all, rules) = (migrations(), database.text(RULES).await.expect("rules"));
    // The schema below each migration, newest first. `up` must lead back to the one above it.
    let mut above = vec![database.text(SCHEMA).await];
    for (_, down) in all.iter().rev() {
        database.execute(down).await;
        above.push(database.text(SCHEMA).await);
    }
    above.pop();
    for (n, (up, _)) in all.iter().enumerate() {
        database.execute(up).await;
        assert_eq!(database.text(SCHEMA).await, above.pop().expect("a schema"), "after {n}");
    }
    assert_eq!(database.text(RULES).await.expect("rules"), rules);
    for (_, down) in all.iter().rev() {
        database.execute(down).await;
    }
    let left = "select count(*) from (
        select relname from pg_class where relnamespace = 'public'::regnamespace
            and relname !~ '^__diesel_schema_migrations'
        union all select proname from pg_proc where pronamespace = 'public'::regnamespace) t";
    assert_eq!(database.number(left).await, 0);
}

/// Code and tests identify constraints by name, so no constraint may have PostgreSQL's default
/// name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_constraint_is_named_after_its_table_and_its_law() {
    let database = Database::new().await;
    let unnamed = "select string_agg(conname, ', ') from pg_constraint c join pg_class t on t.oid = c.conrelid
        where connamespace = 'public'::regnamespace and contype <> 'n' and relname !~ '^__diesel' and not relispartition
        and (conname !~ ('^' || relname || '_[a-z_]+$') or conname ~ '_(check|excl|not_null)$'
            or (contype = 'u' and conname = relname || '_' || (
                select string_agg(attname, '_' order by n) from unnest(conkey) with ordinality k (attnum, n)
                join pg_attribute a on a.attrelid = conrelid and a.attnum = k.attnum) || '_key'))";
    assert_eq!(database.text(unnamed).await, None);
    let named = "select count(*) from pg_constraint where connamespace = 'public'::regnamespace";
    assert!(database.number(named).await > 60);
    let indexes = "select string_agg(indexname, ', ') from pg_indexes
        where schemaname = 'public' and indexname !~ ('^' || tablename || '_')";
    assert_eq!(database.text(indexes).await, None);
}

/// Several processes of a new version may start at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_migrate_at_the_same_time_do_not_collide() {
    let database = Database::new().await;
    let before = (database.text(SCHEMA).await, database.text(RULES).await);
    database.execute("drop schema public cascade; create schema public").await;
    let mut starting = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let url = database.url.clone();
        starting.spawn(async move { Store::migrate(&url).await });
    }
    while let Some(done) = starting.join_next().await {
        done.expect("no panic").expect("migrated");
    }
    assert_eq!((database.text(SCHEMA).await, database.text(RULES).await), before);
}
