//! The rows above the header: account, period, opening and closing balance.

use super::balance::Told;
use super::table::Row;
use super::{Asked, StatementError};
use crate::amount::parse_grouped_minor;
use crate::eat::parse_statement_time;
use chrono::{DateTime, TimeDelta, Utc};

/// Times may have no seconds.
const PRECISION: TimeDelta = TimeDelta::minutes(1);

const SHORTCODE: &str = "Short Code";
const PERIOD: &str = "Time Period";
const OPENING: &str = "Opening Balance";
const CLOSING: &str = "Closing Balance";

#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) opening: Told,
    pub(super) closing: Told,
}

impl Head {
    /// # Errors
    /// [`StatementError`] if account or period is missing or another one than expected.
    pub(super) fn read(rows: &[Row], asked: &Asked<'_>) -> Result<Self, StatementError> {
        let shortcode = named(rows, SHORTCODE)?;
        if shortcode.cell(1) != asked.shortcode {
            return Err(wrong(shortcode, SHORTCODE, "is not our shortcode"));
        }
        let period = named(rows, PERIOD)?;
        let (from, to) = period_of(period.cell(1))
            .ok_or_else(|| wrong(period, PERIOD, "must have two times"))?;
        let reaches =
            |to: DateTime<Utc>| to.checked_add_signed(PRECISION).is_none_or(|to| to >= asked.to);
        if from > asked.from || !reaches(to) {
            return Err(wrong(period, PERIOD, "does not cover the requested period"));
        }
        Ok(Self { opening: balance(rows, OPENING)?, closing: balance(rows, CLOSING)? })
    }
}

fn balance(rows: &[Row], name: &'static str) -> Result<Told, StatementError> {
    let row = named(rows, name)?;
    let minor = parse_grouped_minor(row.cell(1));
    let minor = minor.ok_or_else(|| wrong(row, name, "is not an amount"))?;
    Ok(Told { row: row.number, minor })
}

fn named<'a>(rows: &'a [Row], name: &'static str) -> Result<&'a Row, StatementError> {
    let is_named =
        |row: &&Row| row.cell(0).trim_end_matches(':').trim_end().eq_ignore_ascii_case(name);
    let missing = || StatementError {
        row: rows.last().map_or(1, |row| row.number),
        column: name.to_owned(),
        why: "is missing above the header",
    };
    rows.iter().find(is_named).ok_or_else(missing)
}

fn wrong(row: &Row, column: &str, why: &'static str) -> StatementError {
    StatementError { row: row.number, column: column.to_owned(), why }
}

/// Parses `From 21-11-2026 00:00:00 To 22-11-2026 00:00:00`, with any words between the times.
fn period_of(text: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut times = words.windows(2).filter_map(|pair| parse_statement_time(&pair.join(" ")));
    Some((times.next()?, times.next_back()?))
}
