//! How an attempt of a job can end other than well.

use amana_postgres::Error as StoreError;
use std::time::Duration;

#[derive(Debug)]
pub(crate) enum Failure {
    /// Try again: after `after`, or with the usual backoff.
    Retry { why: String, after: Option<Duration> },
    /// Trying again cannot help: bury it and let a person look.
    Permanent { why: String },
    /// The job is no longer ours: nothing may be settled.
    Abandoned,
}

impl Failure {
    pub(crate) fn retry(why: impl Into<String>) -> Self {
        Failure::Retry { why: why.into(), after: None }
    }

    pub(crate) fn permanent(why: impl Into<String>) -> Self {
        Failure::Permanent { why: why.into() }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LeaseLost => Failure::Abandoned,
            StoreError::NotFound(what) => Failure::permanent(format!("there is no such {what}")),
            other => Failure::retry(describe(&other)),
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
