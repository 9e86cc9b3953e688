//! Values cached in every process because every request needs them, refreshed from the store at intervals.

use crate::problem::ApiError;
use amana_postgres::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Maximum wait for the first value after the server starts.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// A source of a cached value.
pub(crate) trait Source: Send + Sync + 'static {
    type Value: Send + Sync + 'static;
    /// Name for the log, in the plural.
    const NAME: &'static str;
    const EVERY: Duration;

    fn read(&self) -> impl Future<Output = Result<Self::Value, Error>> + Send;
}

/// The latest value of a source.
#[derive(Debug)]
pub(crate) struct Polled<S: Source> {
    source: S,
    latest: watch::Sender<Option<Arc<S::Value>>>,
}

impl<S: Source> Polled<S> {
    /// Starts refreshing, until the last handle is dropped.
    pub(crate) fn start(source: S) -> Arc<Self> {
        let this = Arc::new(Self { source, latest: watch::Sender::new(None) });
        let reader = Arc::downgrade(&this);
        tokio::spawn(async move {
            while let Some(this) = reader.upgrade() {
                match this.read().await {
                    Ok(()) => {}
                    Err(error) if error.is_outage() => {
                        tracing::debug!("{} could not be read: {error}", S::NAME);
                    }
                    Err(error) => tracing::warn!("{} could not be read: {error}", S::NAME),
                }
                drop(this);
                tokio::time::sleep(S::EVERY).await;
            }
        });
        this
    }

    /// Refreshes the value now.
    ///
    /// # Errors
    /// The error of the source.
    pub(crate) async fn read(&self) -> Result<(), Error> {
        let value = self.source.read().await?;
        self.latest.send_replace(Some(Arc::new(value)));
        Ok(())
    }

    /// # Errors
    /// `unavailable` if no value was ever read.
    pub(crate) async fn get(&self) -> Result<Arc<S::Value>, ApiError> {
        if let Some(value) = self.latest.borrow().as_ref() {
            return Ok(Arc::clone(value));
        }
        let mut latest = self.latest.subscribe();
        let first = tokio::time::timeout(FIRST_WAIT, latest.wait_for(Option::is_some)).await;
        let value = first.ok().and_then(Result::ok).and_then(|value| value.clone());
        value.ok_or_else(ApiError::unavailable)
    }
}
