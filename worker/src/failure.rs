//! The ways an attempt of a job can fail.

use crate::backoff;
use amana_postgres::Error as StoreError;
use chrono::{DateTime, Utc};
use std::time::Duration;

#[derive(Debug)]
pub(crate) enum Failure {
    /// Retries after `after`, or after the usual backoff.
    Retry { code: &'static str, why: String, after: Option<Duration> },
    /// A retry cannot help: the job fails for good and an operator must look at it.
    Permanent { code: &'static str, why: String },
    /// Another worker has the job: this one must not settle it.
    Abandoned,
}

impl Failure {
    /// `code` is stable and names the kind of failure in the log; `why` is a sentence.
    pub(crate) fn retry(code: &'static str, why: impl Into<String>) -> Self {
        Failure::Retry { code, why: why.into(), after: None }
    }

    /// Retries at `until` at the latest, because a user waits for the result until then.
    pub(crate) fn within(self, attempt: i32, until: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        match self {
            Failure::Retry { code, why, after } => {
                let left = until.signed_duration_since(now).to_std().unwrap_or_default();
                let after = after.unwrap_or_else(|| backoff::wait_after(attempt));
                Failure::Retry { code, why, after: Some(after.min(left)) }
            }
            other @ (Failure::Permanent { .. } | Failure::Abandoned) => other,
        }
    }

    pub(crate) fn permanent(code: &'static str, why: impl Into<String>) -> Self {
        Failure::Permanent { code, why: why.into() }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LeaseLost => Failure::Abandoned,
            StoreError::NotFound(what) => {
                Failure::permanent("not_found", format!("{what} not found"))
            }
            StoreError::Conflict(conflict) => Failure::retry(conflict.as_str(), conflict.as_str()),
            other if other.is_outage() => Failure::retry("database_unavailable", describe(&other)),
            other if other.is_transient() => Failure::retry("database_busy", describe(&other)),
            StoreError::Store(error) => Failure::retry("database_failed", describe(&error)),
            other => Failure::retry("refused", describe(&other)),
        }
    }
}

/// The whole chain of causes: `Display` alone never contains the source.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
