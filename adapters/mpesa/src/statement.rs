//! The statement of the organisation portal: a CSV for people, found by the names of its columns.

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

/// The completed movements of one account, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub lines: Vec<StatementLine>,
}

/// Which statement was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Whose account it is.
    pub shortcode: &'a str,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

/// Why a file cannot be believed as a whole. Its silence closes payments, so a row that cannot be
/// read is not skipped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("row {row}, {column}: {why}")]
pub struct StatementError {
    /// As editors and spreadsheets count them, from 1.
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
        let shortcode = &self.config.shortcode;
        Ok(parse_statement(&read.bytes, &Asked { shortcode, from, to })?)
    }
}

/// Reads a statement that is complete: of our account and the time that was asked for, with every row as wide as the
/// columns' names, and with balances that lead from the opening one to the closing one.
///
/// # Errors
/// [`StatementError`] names the first row and column that cannot be believed.
pub fn parse_statement(bytes: &[u8], asked: &Asked<'_>) -> Result<Statement, StatementError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let rows = table::rows(&text)?;
    let found = rows.iter().enumerate().find_map(|(at, row)| Some((at, Columns::find(row)?)));
    let (at, columns) = found.ok_or_else(|| StatementError {
        row: rows.last().map_or(1, |row| row.number),
        column: columns::RECEIPT.to_owned(),
        why: "there is no row with the names of the columns",
    })?;
    let (above, below) = rows.split_at(at);
    // A reference that lost its last letters would look like anybody's.
    if let Some(last) = below.last().filter(|_| !text.ends_with('\n')) {
        let column = format!("column {}", last.cells.len());
        let why = "the row does not end: the file is cut off";
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
