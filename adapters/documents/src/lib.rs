//! Wallet statements as files: CSV and PDF.
//!
//! The crate only renders. The caller checks that the balances are consistent.
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

/// The owner of the statement.
#[derive(Debug, Clone)]
pub struct Holder {
    pub name: String,
    pub handle: Option<Handle>,
    /// The verified phone number, masked: `2547****5678`.
    pub number: Option<String>,
}

/// A statement and the details of its file.
#[derive(Debug, Clone)]
pub struct StatementFile {
    pub statement: Statement,
    pub holder: Holder,
    pub locale: Locale,
    pub made_at: DateTime<Utc>,
}

/// A bug or a lack of memory: no input of a caller leads to these errors.
#[derive(Debug, Error)]
pub enum DocumentError {
    #[error("the built-in font cannot be read")]
    Font,
    #[error("the document has too many pages for a PDF file")]
    Pages,
    #[error("cannot write a row of the statement")]
    Sheet(#[from] csv::Error),
    #[error("the CSV file is not valid UTF-8")]
    Encoding,
    #[error("the statement's balances are inconsistent")]
    Statement(#[from] StatementError),
}

impl StatementFile {
    /// Returns the CSV file (RFC 4180) with a header row, in UTF-8 with a byte order mark.
    ///
    /// # Errors
    /// [`DocumentError`] only if memory runs out.
    pub fn csv(&self) -> Result<String, DocumentError> {
        sheet::write(self)
    }

    /// # Errors
    /// [`DocumentError::Font`] or [`DocumentError::Pages`]; tests show that neither occurs.
    pub fn pdf(&self) -> Result<Vec<u8>, DocumentError> {
        paper::write(self)
    }

    /// Returns the file name without its extension.
    #[must_use]
    pub fn name(&self) -> String {
        let (from, to) = time::days(self.statement.period);
        format!("amana-statement-{}-{from}-{to}", self.statement.currency)
    }
}

#[cfg(test)]
mod tests;
