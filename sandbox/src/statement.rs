//! The CSV export of the organisation portal's account statement.

use std::sync::Arc;

use poem::{
    IntoResponse, Response, handler,
    http::StatusCode,
    web::{Data, Query},
};
use serde::Deserialize;

use crate::{
    clock, money,
    settings::Settings,
    state::{Line, State},
    store::Store,
};

const TIME: &str = "%d-%m-%Y %H:%M:%S";
const COLUMNS: [&str; 13] = [
    "Receipt No.",
    "Completion Time",
    "Initiation Time",
    "Details",
    "Transaction Status",
    "Paid In",
    "Withdrawn",
    "Balance",
    "Balance Confirmed",
    "Reason Type",
    "Other Party Info",
    "Linked Transaction ID",
    "A/C No.",
];

/// A range of completion times, `[from, to)`, in RFC 3339.
#[derive(Deserialize)]
struct Period {
    from: Option<String>,
    to: Option<String>,
}

#[handler]
pub(crate) fn export(store: Data<&Arc<Store>>, period: Query<Period>) -> Response {
    let instant = |text: &Option<String>, default: i64| match text {
        Some(text) => clock::parse_rfc3339(text),
        None => Some(default),
    };
    let (Some(from_ms), Some(to_ms)) =
        (instant(&period.from, 0), instant(&period.to, clock::now_ms().saturating_add(1)))
    else {
        return StatusCode::BAD_REQUEST
            .with_body("from and to: use RFC 3339 times such as 2026-11-21T07:00:00Z\n")
            .into_response();
    };
    match store.read(|state| render(state, &store.settings, from_ms..to_ms)) {
        Ok(csv) => Response::builder()
            .content_type("text/csv; charset=utf-8")
            .header("Content-Disposition", "attachment; filename=\"statement.csv\"")
            .body(csv),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn render(
    state: &State,
    settings: &Settings,
    period: std::ops::Range<i64>,
) -> anyhow::Result<Vec<u8>> {
    let mut out = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    let lines: Vec<&Line> =
        state.statement.iter().filter(|line| period.contains(&line.completed_ms)).collect();
    let opening = opening_balance(state, period.start);
    let closing = lines.last().map_or(opening, |line| line.balance_cents);
    out.write_record(["Organization Name:", &settings.organisation])?;
    out.write_record(["Short Code:", &settings.credentials.short_code])?;
    out.write_record(["Account:", "Utility Account"])?;
    let (from, to) = (clock::eat_text(period.start, TIME), clock::eat_text(period.end, TIME));
    out.write_record(["Time Period:", &format!("From {from} To {to}")])?;
    out.write_record(["Opening Balance:", &money::grouped(opening)])?;
    out.write_record(["Closing Balance:", &money::grouped(closing)])?;
    out.write_record(COLUMNS)?;
    for line in lines.iter().rev() {
        out.write_record(columns(line))?;
    }
    Ok(out.into_inner().map_err(csv::IntoInnerError::into_error)?)
}

fn opening_balance(state: &State, from_ms: i64) -> i64 {
    let before = state.statement.iter().rev().find(|line| line.completed_ms < from_ms);
    before.map_or(state.core.opening_float_cents, |line| line.balance_cents)
}

fn columns(line: &Line) -> [String; 13] {
    let amount = money::grouped(line.amount_cents);
    let (paid_in, withdrawn) =
        if line.amount_cents < 0 { (String::new(), amount) } else { (amount, String::new()) };
    [
        line.receipt.clone(),
        clock::eat_text(line.completed_ms, TIME),
        clock::eat_text(line.initiated_ms, TIME),
        line.details.clone(),
        if line.completed { "Completed" } else { "Failed" }.to_owned(),
        paid_in,
        withdrawn,
        money::grouped(line.balance_cents),
        "TRUE".to_owned(),
        line.reason.clone(),
        line.other_party.clone(),
        String::new(),
        line.account.clone(),
    ]
}
