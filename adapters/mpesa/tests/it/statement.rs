//! Fetching the statement over HTTP.

use crate::listener::{Answer, Listener, say};
use crate::{mpesa, now};
use amana_mpesa::MpesaError;
use chrono::TimeDelta;

const HEADER: &str = "Short Code:,600123\nTime Period:,From 21-11-2026 06:16 To 21-11-2026 07:16\n\
Opening Balance:,0.00\nClosing Balance:,5.00\n\
Receipt No.,Completion Time,Transaction Status,Paid In,Withdrawn,Balance,A/C No.\n";

#[tokio::test]
async fn a_period_is_asked_for_and_read() {
    let listener = Listener::start(|_, _| {
        say(200, format!("{HEADER}UKL7AAAAA1,2026-11-21 07:00:00,Completed,5.00,,5.00,REF1\n"))
    })
    .await;
    let read = mpesa(&listener.url).statement(now() - TimeDelta::hours(1), now()).await.unwrap();
    assert_eq!(read.lines.len(), 1);
    assert_eq!(read.lines[0].reference.as_deref(), Some("REF1"));
    let target = &listener.calls()[0].target;
    assert_eq!(target, "/statement.csv?from=2026-11-21T03%3A16%3A00Z&to=2026-11-21T04%3A16%3A00Z");
    assert_eq!(listener.token_calls(), 0);
}

#[tokio::test]
async fn a_statement_that_is_not_whole_is_not_believed() {
    let scripts: [fn() -> Answer; 4] = [
        || Answer::Vanish,
        || Answer::CutOff(HEADER),
        || say(500, HEADER),
        || say(200, format!("{HEADER}{}", " ".repeat(17 * 1024 * 1024))),
    ];
    for script in scripts {
        let listener = Listener::start(move |_, _| script()).await;
        let error = mpesa(&listener.url).statement(now(), now()).await.unwrap_err();
        assert!(matches!(error, MpesaError::Unavailable { .. }), "{error:?}");
    }
    let listener = Listener::start(|_, _| say(200, "<html>log in</html>")).await;
    let error = mpesa(&listener.url).statement(now(), now()).await.unwrap_err();
    assert!(matches!(error, MpesaError::Statement(_)) && error.is_temporary(), "{error:?}");
    let said = error.to_string();
    let row = "row 1, Receipt No.: the header row is missing";
    assert_eq!(said, format!("the statement was rejected: {row}"));
}
