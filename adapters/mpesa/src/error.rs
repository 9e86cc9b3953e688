//! Failures of requests. In all cases here, no money has moved.

use crate::exchange::Exchange;
use crate::statement::StatementError;
use thiserror::Error;

/// The messages contain no text of the provider, which is in the exchange.
#[derive(Debug, Error)]
pub enum MpesaError {
    /// Retry later, with backoff.
    #[error("M-Pesa is unavailable: {what}")]
    Unavailable { what: &'static str, exchange: Option<Box<Exchange>> },
    /// M-Pesa rejects our credentials or our access to this product. An operator must correct this; then a retry may
    /// succeed.
    #[error("M-Pesa rejected our credentials: {what}")]
    CredentialsRefused { what: &'static str, exchange: Option<Box<Exchange>> },
    /// A query that the provider rejects, or a response in an unknown format.
    #[error("M-Pesa's response cannot be used: {what}")]
    Malformed { what: &'static str, exchange: Option<Box<Exchange>> },
    /// A statement that is incomplete or of another account. None of its rows are used.
    #[error("the statement was rejected: {0}")]
    Statement(#[from] StatementError),
    /// The request violates a rule of the provider. It was not sent, and a retry cannot succeed.
    #[error("the request cannot be sent to M-Pesa: {what}")]
    Invalid { what: &'static str },
    #[error("M-Pesa: {what} is not configured")]
    NotConfigured { what: &'static str },
}

impl MpesaError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self {
            MpesaError::Unavailable { .. }
            | MpesaError::CredentialsRefused { .. }
            | MpesaError::Malformed { .. }
            | MpesaError::Statement(_) => true,
            MpesaError::Invalid { .. } | MpesaError::NotConfigured { .. } => false,
        }
    }

    /// Returns the exchange with the provider, if there was one.
    #[must_use]
    pub fn exchange(&self) -> Option<&Exchange> {
        match self {
            MpesaError::Unavailable { exchange, .. }
            | MpesaError::CredentialsRefused { exchange, .. }
            | MpesaError::Malformed { exchange, .. } => exchange.as_deref(),
            MpesaError::Statement(_)
            | MpesaError::Invalid { .. }
            | MpesaError::NotConfigured { .. } => None,
        }
    }

    pub(crate) const fn unavailable(what: &'static str) -> Self {
        MpesaError::Unavailable { what, exchange: None }
    }
}
