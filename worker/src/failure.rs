//! How an attempt of a job can end other than well.

use crate::backoff;
use amana_postgres::Error as StoreError;
use chrono::{DateTime, Utc};
use std::time::Duration;

#[derive(Debug)]
pub(crate) enum Failure {
    /// Try again: after `after`, or with the usual backoff.
    Retry { code: &'static str, why: String, after: Option<Duration> },
    /// Trying again cannot help: bury it and let a person look.
    Permanent { code: &'static str, why: String },
    /// The job is no longer ours: nothing may be settled.
    Abandoned,
}

impl Failure {
    /// `code` names the kind of failure in the log; `why` is for people.
    pub(crate) fn retry(code: &'static str, why: impl Into<String>) -> Self {
        Failure::Retry { code, why: why.into(), after: None }
    }

    /// Tries again at `until` at the latest, when somebody is to hear how it ended.
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
                Failure::permanent("not_found", format!("there is no such {what}"))
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
