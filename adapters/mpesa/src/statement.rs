//! The statement of the organisation portal: a CSV for people, found by the names of its columns.

use amana_domain::reconciliation::{Flow, StatementLine};
use chrono::{DateTime, SecondsFormat, Utc};
use csv::StringRecord;
use std::time::Duration;
use thiserror::Error;

use crate::amount::{money, parse_grouped_minor};
use crate::client::{Mpesa, read_bounded};
use crate::eat::parse_statement_time;
use crate::error::MpesaError;

const STATEMENT_BYTES_MAX: usize = 16 * 1024 * 1024;
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(120);
const COMPLETED: &str = "completed";
/// Stands before our own id in the details of a payout.
const ORIGINATOR_MARK: &str = "original conversation id is ";
const TEXT_CHARACTERS_MAX: usize = 128;

/// The completed movements of one account, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub lines: Vec<StatementLine>,
}

/// Why a file cannot be believed as a whole. Its silence closes payments, so a line that cannot be
/// read is not skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StatementError {
    #[error("the statement has no line with the names of its columns")]
    NoHeader,
    #[error("entry {entry} below the columns' names has no usable {what}")]
    Entry { entry: usize, what: &'static str },
}

impl Mpesa {
    /// Whether an address for statements is configured.
    #[must_use]
    pub fn has_statement(&self) -> bool {
        self.config.statement_url.is_some()
    }

    /// The statement of everything that was completed from `from` until `to`.
    ///
    /// # Errors
    /// [`MpesaError`]; asking again is always safe.
    pub async fn statement(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Statement, MpesaError> {
        let Some(mut url) = self.config.statement_url.clone() else {
            return Err(MpesaError::NotConfigured { what: "the statement's address" });
        };
        url.query_pairs_mut()
            .append_pair("from", &from.to_rfc3339_opts(SecondsFormat::Secs, true))
            .append_pair("to", &to.to_rfc3339_opts(SecondsFormat::Secs, true));
        let Ok(response) = self.get(url).timeout(STATEMENT_TIMEOUT).send().await else {
            return Err(MpesaError::unavailable("the statement could not be fetched"));
        };
        if !response.status().is_success() {
            return Err(MpesaError::unavailable("the statement was refused"));
        }
        let read = read_bounded(response, STATEMENT_BYTES_MAX).await;
        if !read.whole {
            return Err(MpesaError::unavailable("the statement is cut off or too long"));
        }
        parse_statement(&read.bytes).map_err(|error| {
            tracing::warn!(%error, "a statement could not be read");
            MpesaError::Malformed { what: "a statement in an unknown shape", exchange: None }
        })
    }
}

/// # Errors
/// [`StatementError`] if the columns are not found, or a completed line cannot be read.
pub fn parse_statement(bytes: &[u8]) -> Result<Statement, StatementError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut columns: Option<Columns> = None;
    let mut lines = Vec::new();
    let mut entry = 0_usize;
    for record in reader.records() {
        // Text that was made valid above cannot fail in a flexible reader.
        let Ok(record) = record else { return Err(StatementError::NoHeader) };
        match &columns {
            None => columns = Columns::find(&record),
            Some(columns) => {
                entry = entry.saturating_add(1);
                let line = columns.line(&record);
                lines.extend(line.map_err(|what| StatementError::Entry { entry, what })?);
            }
        }
    }
    if columns.is_some() { Ok(Statement { lines }) } else { Err(StatementError::NoHeader) }
}

/// Where the columns are in this file.
struct Columns {
    receipt: usize,
    completed_at: usize,
    status: usize,
    paid_in: usize,
    withdrawn: usize,
    details: Option<usize>,
    balance: Option<usize>,
    account: Option<usize>,
}

impl Columns {
    fn find(record: &StringRecord) -> Option<Self> {
        let at = |name: &str| record.iter().position(|cell| cell.trim().eq_ignore_ascii_case(name));
        Some(Self {
            receipt: at("Receipt No.")?,
            completed_at: at("Completion Time")?,
            status: at("Transaction Status")?,
            paid_in: at("Paid In")?,
            withdrawn: at("Withdrawn")?,
            details: at("Details"),
            balance: at("Balance"),
            account: at("A/C No."),
        })
    }

    /// `None` for what moved nothing: lines that were not completed, totals, empty ones. The error is
    /// what cannot be read.
    fn line(&self, record: &StringRecord) -> Result<Option<StatementLine>, &'static str> {
        let cell = |at: usize| record.get(at).unwrap_or_default().trim();
        if cell(self.receipt).is_empty() || !cell(self.status).eq_ignore_ascii_case(COMPLETED) {
            return Ok(None);
        }
        let receipt = plain(cell(self.receipt)).ok_or("receipt")?.to_ascii_uppercase();
        let at = parse_statement_time(cell(self.completed_at)).ok_or("completion time")?;
        let paid_in = minor(cell(self.paid_in)).ok_or("amount paid in")?;
        // Withdrawals are written with and without a sign.
        let withdrawn =
            minor(cell(self.withdrawn)).and_then(i64::checked_abs).ok_or("amount withdrawn")?;
        let (flow, amount) = match (paid_in, withdrawn) {
            (0, 0) => return Ok(None),
            (paid_in, 0) => (Flow::In, paid_in),
            (0, withdrawn) => (Flow::Out, withdrawn),
            _ => return Err("direction"),
        };
        let amount = money(amount).ok_or("amount")?;
        let balance_minor = match self.balance.map(cell) {
            None | Some("") => None,
            Some(text) => Some(parse_grouped_minor(text).ok_or("balance")?),
        };
        let reference = match flow {
            Flow::In => self.account.map(cell).and_then(plain),
            Flow::Out => self.details.map(cell).and_then(originator),
        };
        let reference = reference.map(str::to_owned);
        Ok(Some(StatementLine { receipt, at, flow, amount, reference, balance_minor }))
    }
}

/// An empty cell is no movement.
fn minor(text: &str) -> Option<i64> {
    if text.is_empty() { Some(0) } else { parse_grouped_minor(text) }
}

/// Text that can be stored and compared.
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

#[cfg(test)]
mod tests;
