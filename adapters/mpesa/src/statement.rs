//! The statement of the organisation portal: a CSV file whose columns are found by name.

mod balance;
mod columns;
mod head;
mod table;

use amana_domain::reconciliation::StatementLine;
use chrono::{DateTime, SecondsFormat, Utc};
use std::time::Duration;
use thiserror::Error;

use crate::client::{Mpesa, read_bounded};
use crate::error::MpesaError;
use columns::Columns;
use head::Head;

const STATEMENT_BYTES_MAX: usize = 16 * 1024 * 1024;
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(120);

/// The completed transactions of one account, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub lines: Vec<StatementLine>,
}

/// The expected account and period of a statement.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The shortcode of the account.
    pub shortcode: &'a str,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

/// The reason why a whole file is rejected. A payment that is missing in the statement counts as failed, so an
/// unreadable row must not be skipped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("row {row}, {column}: {why}")]
pub struct StatementError {
    /// Counted from 1, as editors and spreadsheets do.
    pub row: usize,
    pub column: String,
    pub why: &'static str,
}

impl Mpesa {
    /// Whether an address for statements is configured.
    #[must_use]
    pub fn has_statement(&self) -> bool {
        self.config.statement_url.is_some()
    }

    /// Fetches the statement of all transactions completed between `from` and `to`.
    ///
    /// # Errors
    /// [`MpesaError`]; a repetition is always safe.
    pub async fn statement(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Statement, MpesaError> {
        let Some(mut url) = self.config.statement_url.clone() else {
            return Err(MpesaError::NotConfigured { what: "MPESA_STATEMENT_URL" });
        };
        url.query_pairs_mut()
            .append_pair("from", &from.to_rfc3339_opts(SecondsFormat::Secs, true))
            .append_pair("to", &to.to_rfc3339_opts(SecondsFormat::Secs, true));
        let Ok(response) = self.get(url).timeout(STATEMENT_TIMEOUT).send().await else {
            return Err(MpesaError::unavailable("cannot fetch the statement"));
        };
        if !response.status().is_success() {
            return Err(MpesaError::unavailable(
                "the server rejected the request for the statement",
            ));
        }
        let read = read_bounded(response, STATEMENT_BYTES_MAX).await;
        if !read.whole {
            return Err(MpesaError::unavailable("the statement is incomplete or too large"));
        }
        let shortcode = &self.config.shortcode;
        Ok(parse_statement(&read.bytes, &Asked { shortcode, from, to })?)
    }
}

/// Parses a complete statement of our account and of the requested period. Every row must have all columns, and the
/// balances must lead from the opening to the closing balance.
///
/// # Errors
/// [`StatementError`] names the first invalid row and column.
pub fn parse_statement(bytes: &[u8], asked: &Asked<'_>) -> Result<Statement, StatementError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let rows = table::rows(&text)?;
    let found = rows.iter().enumerate().find_map(|(at, row)| Some((at, Columns::find(row)?)));
    let (at, columns) = found.ok_or_else(|| StatementError {
        row: rows.last().map_or(1, |row| row.number),
        column: columns::RECEIPT.to_owned(),
        why: "the header row is missing",
    })?;
    let (above, below) = rows.split_at(at);
    // A reference that lost its last letters could match another payment.
    if let Some(last) = below.last().filter(|_| !text.ends_with('\n')) {
        let column = format!("column {}", last.cells.len());
        let why = "the last row is incomplete: the file is cut off";
        return Err(StatementError { row: last.number, column, why });
    }
    let head = Head::read(above, asked)?;
    let (mut lines, mut movements) = (vec![], vec![]);
    for row in columns.entries(below.get(1..).unwrap_or_default())? {
        if let Some((line, movement)) = columns.line(row)? {
            movements.push(movement);
            lines.extend(line);
        }
    }
    balance::check(&movements, head.opening, head.closing)?;
    Ok(Statement { lines })
}

#[cfg(test)]
mod tests;
