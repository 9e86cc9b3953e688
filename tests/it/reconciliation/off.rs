//! Without a statement address, reconciliation is disabled, which is no fault.

use amana_harness::{App, eventually};
use amana_postgres::Job;

/// Goal: no dead job needs a person. Method: a worker process without the address, and an old job.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_statement_nothing_is_reconciled_and_nothing_is_dead() {
    let app = App::builder().without_worker().start().await;
    let now = app.clock.now();
    app.store.enqueue_job(&Job::Reconcile { tick: 1 }, now, now).await.expect("a job");
    let mut worker = app.worker_process_with(&[
        ("MPESA_STATEMENT_URL", String::new()),
        ("AMANA_RECONCILE_EVERY_S", "1".to_owned()),
    ]);
    eventually("the old job and the schedule have run", || async {
        let done = "select count(*) from jobs where state = 'done' and kind = 'reconcile'";
        let scheduled = "select count(*) from jobs where kind = 'housekeep'";
        (app.database.number(done).await == 1 && app.database.number(scheduled).await > 0)
            .then_some(())
    })
    .await;
    worker.terminate();
    let log = worker.log();
    assert_eq!(log.matches("reconciliation is off").count(), 1, "{log}");
    assert!(!log.contains("ERROR"), "{log}");
    assert_eq!(app.database.number("select count(*) from jobs where kind = 'reconcile'").await, 1);
    app.assert_sound().await;
}
