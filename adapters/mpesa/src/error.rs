//! Why a request got no answer that counts. In every case here nothing has happened to any money.

use crate::exchange::Exchange;
use crate::statement::StatementError;
use thiserror::Error;

/// Texts are ours, never the provider's; what it said is in the exchange, to be stored.
#[derive(Debug, Error)]
pub enum MpesaError {
    /// Worth another attempt later, with backoff.
    #[error("M-Pesa is not available: {what}")]
    Unavailable { what: &'static str, exchange: Option<Box<Exchange>> },
    /// Our keys or our access to this product are not accepted; an operator must look, then it can
    /// be tried again.
    #[error("M-Pesa does not accept our credentials: {what}")]
    CredentialsRefused { what: &'static str, exchange: Option<Box<Exchange>> },
    /// A question that the provider refuses to answer, or answers in an unknown shape.
    #[error("M-Pesa's answer cannot be used: {what}")]
    Malformed { what: &'static str, exchange: Option<Box<Exchange>> },
    /// A statement that is not complete, or not ours; nothing of it is believed.
    #[error("the statement is not believed: {0}")]
    Statement(#[from] StatementError),
    /// The request breaks a rule of the provider; it was not sent and never can be.
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

    /// What was said, if anything was.
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
