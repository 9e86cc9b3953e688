//! Callbacks from strangers are acknowledged and counted, but not stored. Callbacks from the
//! provider are kept for a limited time.

use crate::callbacks::{PRICE, callbacks_are, prompted, quiet_app};
use amana_api::EdgeConfig;
use amana_harness::{App, accepted, paid_prompt};
use amana_postgres::Job;
use chrono::TimeDelta;

/// As long as a valid token.
const UNKNOWN: &str = "0123456789abcdef0123456789abcdef";
const STRAYS: &str = "select coalesce(sum(count), 0)::bigint from callback_strays";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn junk_callbacks_leave_no_rows() {
    let app = App::builder().without_worker().start().await;
    let junk = "x".repeat(16 * 1024);
    for n in 0..700 {
        let (kind, token) =
            (["c", "p", "t", "b"][n % 4], if n % 2 == 0 { UNKNOWN } else { "junk" });
        let answer = app.call_back(kind, token, junk.clone()).await;
        assert_eq!(answer, (200, accepted()));
    }
    assert_eq!(app.database.number("select count(*) from callbacks").await, 0);
    assert_eq!(app.database.number("select count(*) from jobs").await, 0);
    let rows = app.database.number("select count(*) from callback_strays").await;
    assert!(rows <= 8, "{rows} rows: expected one per kind and day, on at most two days");
    let counted = app.database.number(STRAYS).await;
    assert_eq!(counted, 600, "expected no count of calls above the budget of an address");
    app.assert_sound().await;
}

/// The number of callbacks per payment is limited, so a known address cannot fill the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_payment_has_so_many_callbacks_at_most() {
    let app = quiet_app().await;
    let prompted = prompted(&app).await;
    for _ in 0..110 {
        let answer = app.call_back("c", &prompted.token, "junk").await;
        assert_eq!(answer, (200, accepted()));
    }
    callbacks_are(&app, "unreadable", 100).await;
    assert_eq!(app.database.number("select count(*) from callbacks").await, 100);
    assert_eq!(app.database.number(STRAYS).await, 10);
    app.assert_sound().await;
}

/// A genuine callback from outside the provider's networks counts as a stranger's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_from_other_networks_are_believed_by_nobody() {
    let networks = vec!["203.0.113.0/24".parse().expect("a network")];
    let edge = EdgeConfig { callback_networks: networks, ..EdgeConfig::unlimited() };
    let app = App::builder().edge(edge).start().await;
    let prompted = prompted(&app).await;
    prompted.says(&app, &paid_prompt(&prompted.checkout, "UKL7TRUE01", PRICE)).await;
    assert_eq!(app.database.number("select count(*) from callbacks").await, 0);
    assert_eq!(app.database.number(STRAYS).await, 1);
    assert_eq!(prompted.state(&app).await.as_deref(), Some("pending"));
    app.assert_sound().await;
}

/// Callback bodies about a user are sealed under the user's key. They are deleted after a month,
/// and their rows after three.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_of_callbacks_are_sealed_and_forgotten() {
    let app = quiet_app().await;
    let token = app.register_paybill().await;
    let prompted = prompted(&app).await;
    prompted.says(&app, &paid_prompt(&prompted.checkout, "UKL7TRUE01", PRICE)).await;
    callbacks_are(&app, "applied", 1).await;
    let reference = "select reference from deal_references";
    let reference = app.database.text(reference).await.expect("a reference");
    app.call_back_ok("b", &token, &amana_harness::paid_bill("UKL7BILL01", 100, &reference)).await;
    callbacks_are(&app, "applied", 2).await;
    app.call_back_ok("b", &token, &amana_harness::paid_bill("UKL7BILL02", 100, "GOATS")).await;
    callbacks_are(&app, "unmatched", 1).await;
    let (plain, sealed) =
        ("select count(body) from callbacks", "select count(body_sealed) from callbacks");
    assert_eq!((app.database.number(plain).await, app.database.number(sealed).await), (1, 2));
    for (days, rows) in [(31, 3), (60, 0)] {
        app.clock.advance(TimeDelta::days(days));
        let now = app.clock.now();
        app.store.enqueue_job(&Job::Housekeep { tick: -days }, now, now).await.expect("a job");
        let done =
            format!("select count(*) from jobs where key = 'housekeep:-{days}' and state = 'done'");
        amana_harness::eventually("housekeeping is done", || async {
            (app.database.number(&done).await == 1).then_some(())
        })
        .await;
        assert_eq!((app.database.number(plain).await, app.database.number(sealed).await), (0, 0));
        assert_eq!(app.database.number("select count(*) from callbacks").await, rows);
    }
}
