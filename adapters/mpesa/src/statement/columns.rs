//! The rows of a statement. Columns are found by name.

use super::StatementError;
use super::balance::{BALANCE, Movement};
use super::table::Row;
use crate::amount::{money, parse_grouped_minor};
use crate::eat::parse_statement_time;
use amana_domain::reconciliation::{Flow, Nature, Payer, StatementLine};

pub(super) const RECEIPT: &str = "Receipt No.";
const COMPLETED_AT: &str = "Completion Time";
const STATUS: &str = "Transaction Status";
const PAID_IN: &str = "Paid In";
const WITHDRAWN: &str = "Withdrawn";

const COMPLETED: &str = "completed";
const TOTAL: &str = "total";
/// Some exports write this into empty cells.
const NOTHING: &str = "-";
/// Precedes our payment id in the details of a payout.
const ORIGINATOR_MARK: &str = "original conversation id is ";
const CHARGE: &str = "charge";
const SETTLEMENT: &str = "organization settle";
const TEXT_CHARACTERS_MAX: usize = 128;

/// The positions of the columns in this file, and their number.
pub(super) struct Columns {
    receipt: usize,
    completed_at: usize,
    status: usize,
    paid_in: usize,
    withdrawn: usize,
    balance: usize,
    details: Option<usize>,
    reason: Option<usize>,
    account: Option<usize>,
    other_party: Option<usize>,
    count: usize,
}

impl Columns {
    pub(super) fn find(row: &Row) -> Option<Self> {
        let cells = || row.cells.iter().map(|cell| cell.trim());
        let at = |name: &str| cells().position(|cell| cell.eq_ignore_ascii_case(name));
        Some(Self {
            receipt: at(RECEIPT)?,
            completed_at: at(COMPLETED_AT)?,
            status: at(STATUS)?,
            paid_in: at(PAID_IN)?,
            withdrawn: at(WITHDRAWN)?,
            balance: at(BALANCE)?,
            details: at("Details"),
            reason: at("Reason Type"),
            account: at("A/C No."),
            other_party: at("Other Party Info"),
            count: row.cells.len(),
        })
    }

    /// Returns the rows above the totals. Each must have as many cells as the header.
    pub(super) fn entries<'a>(&self, rows: &'a [Row]) -> Result<&'a [Row], StatementError> {
        let is_total = |row: &Row| {
            row.cell(self.receipt).is_empty() || row.cell(0).eq_ignore_ascii_case(TOTAL)
        };
        let end = rows.iter().position(is_total).unwrap_or(rows.len());
        let (entries, totals) = rows.split_at(end);
        if let Some(row) = totals.iter().find(|row| !is_total(row)) {
            return Err(wrong(row, RECEIPT, "there is a receipt below the totals"));
        }
        match entries.iter().find(|row| row.cells.len() != self.count) {
            Some(row) => {
                let column =
                    format!("column {}", row.cells.len().min(self.count).saturating_add(1));
                let why = "the row has not as many cells as the header";
                Err(StatementError { row: row.number, column, why })
            }
            None => Ok(entries),
        }
    }

    /// Parses a row. Returns `None` unless it was completed; a row of amount zero has no line.
    pub(super) fn line(
        &self,
        row: &Row,
    ) -> Result<Option<(Option<StatementLine>, Movement)>, StatementError> {
        if !row.cell(self.status).eq_ignore_ascii_case(COMPLETED) {
            return Ok(None);
        }
        let receipt =
            plain(row.cell(self.receipt)).ok_or_else(|| wrong(row, RECEIPT, "is not a receipt"))?;
        let at = parse_statement_time(row.cell(self.completed_at));
        let at = at.ok_or_else(|| wrong(row, COMPLETED_AT, "is not a time"))?;
        let (flow, minor) = self.moved(row)?;
        let balance_minor = parse_grouped_minor(row.cell(self.balance));
        let balance_minor = balance_minor.ok_or_else(|| wrong(row, BALANCE, "is not an amount"))?;
        let change_minor = match flow {
            Flow::In => minor,
            Flow::Out => minor.saturating_neg(),
        };
        let movement = Movement { row: row.number, at, change_minor, balance_minor };
        if minor == 0 {
            return Ok(Some((None, movement)));
        }
        let amount = money(minor).ok_or_else(|| wrong(row, PAID_IN, "is not an amount"))?;
        let cell = |at: Option<usize>| at.map(|at| row.cell(at));
        let reference = match flow {
            Flow::In => cell(self.account).and_then(plain),
            Flow::Out => cell(self.details).and_then(originator),
        };
        let payer = match flow {
            Flow::In => cell(self.other_party).and_then(plain),
            Flow::Out => None,
        };
        let line = StatementLine {
            receipt: receipt.to_ascii_uppercase(),
            at,
            flow,
            nature: self.nature(row, flow),
            amount,
            reference: reference.map(str::to_owned),
            payer: payer.map(Payer::new),
            balance_minor: Some(balance_minor),
        };
        Ok(Some((Some(line), movement)))
    }

    fn moved(&self, row: &Row) -> Result<(Flow, i64), StatementError> {
        let paid_in = minor(row.cell(self.paid_in)).filter(|minor| *minor >= 0);
        let paid_in = paid_in.ok_or_else(|| wrong(row, PAID_IN, "is not an amount"))?;
        // Exports write withdrawals with or without a sign.
        let withdrawn = minor(row.cell(self.withdrawn)).and_then(i64::checked_abs);
        let withdrawn = withdrawn.ok_or_else(|| wrong(row, WITHDRAWN, "is not an amount"))?;
        match (paid_in, withdrawn) {
            (paid_in, 0) => Ok((Flow::In, paid_in)),
            (0, withdrawn) => Ok((Flow::Out, withdrawn)),
            _ => Err(wrong(row, WITHDRAWN, "must be empty if money was paid in")),
        }
    }

    /// Reads the text before `to` and `from` only: names of customers follow them.
    fn nature(&self, row: &Row, flow: Flow) -> Nature {
        let told = [self.reason, self.details].into_iter().flatten().map(|at| row.cell(at));
        let told = told.into_iter().find(|cell| !cell.is_empty()).unwrap_or_default();
        let told = told.to_ascii_lowercase();
        let kind = told.split(" to ").next().and_then(|text| text.split(" from ").next());
        let kind = kind.unwrap_or_default();
        match flow {
            Flow::Out if kind.starts_with(SETTLEMENT) => Nature::Settlement,
            Flow::Out if kind.split_whitespace().any(|word| word.starts_with(CHARGE)) => {
                Nature::Charge
            }
            Flow::In | Flow::Out => Nature::Payment,
        }
    }
}

fn wrong(row: &Row, column: &str, why: &'static str) -> StatementError {
    StatementError { row: row.number, column: column.to_owned(), why }
}

/// An empty cell means zero.
fn minor(text: &str) -> Option<i64> {
    if text.is_empty() || text == NOTHING { Some(0) } else { parse_grouped_minor(text) }
}

/// Returns the text if it can be stored and compared.
fn plain(text: &str) -> Option<&str> {
    let sound =
        !text.is_empty() && text.len() <= TEXT_CHARACTERS_MAX && !text.contains(char::is_control);
    sound.then_some(text)
}

fn originator(details: &str) -> Option<&str> {
    let start = details.to_ascii_lowercase().find(ORIGINATOR_MARK)?;
    let rest = details.get(start.checked_add(ORIGINATOR_MARK.len())?..)?;
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
        .unwrap_or(rest.len());
    rest.get(..end).and_then(plain)
}
