//! Files that people keep: the statement of a wallet as a sheet (CSV) and on paper (PDF).
//!
//! Values in, bytes out. Whether a statement adds up is decided before it comes here.
#![cfg_attr(
    test,
    expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails loudly")
)]

mod arabic;
mod file;
mod font;
mod line;
mod paper;
mod sheet;
mod time;
mod words;

use amana_domain::handle::Handle;
use amana_domain::notice::Locale;
use amana_domain::statement::{Statement, StatementError};
use chrono::{DateTime, Utc};
use thiserror::Error;

/// The person whose statement it is.
#[derive(Debug, Clone)]
pub struct Holder {
    pub name: String,
    pub handle: Option<Handle>,
    /// The verified number, masked: `2547****5678`.
    pub number: Option<String>,
}

/// A statement, and for whom it is made.
#[derive(Debug, Clone)]
pub struct StatementFile {
    pub statement: Statement,
    pub holder: Holder,
    pub locale: Locale,
    pub made_at: DateTime<Utc>,
}

/// Nothing that a caller does leads to it.
#[derive(Debug, Error)]
pub enum DocumentError {
    #[error("the font that is built in cannot be read")]
    Font,
    #[error("a document has more pages than a file can have")]
    Pages,
    #[error("a row could not be written")]
    Sheet(#[from] csv::Error),
    #[error("a sheet is not text")]
    Encoding,
    #[error("a statement does not add up")]
    Statement(#[from] StatementError),
}

impl StatementFile {
    /// Returns a sheet after RFC 4180 with a header row, in UTF-8 with a byte order mark.
    ///
    /// # Errors
    /// [`DocumentError`] only if memory is all that fails.
    pub fn csv(&self) -> Result<String, DocumentError> {
        sheet::write(self)
    }

    /// # Errors
    /// [`DocumentError::Font`] or [`DocumentError::Pages`], which the tests exclude.
    pub fn pdf(&self) -> Result<Vec<u8>, DocumentError> {
        paper::write(self)
    }

    /// How the file is called, without its ending.
    #[must_use]
    pub fn name(&self) -> String {
        let (from, to) = time::days(self.statement.period);
        format!("amana-statement-{}-{from}-{to}", self.statement.currency)
    }
}

#[cfg(test)]
mod tests;
