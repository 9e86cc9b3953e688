//! What every process keeps at hand because every request asks for it: read from the store again and again.

use crate::problem::ApiError;
use amana_postgres::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A server that has just started waits so long for the first answer.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// Where something is read from.
pub(crate) trait Source: Send + Sync + 'static {
    type Value: Send + Sync + 'static;
    /// For the log, in the plural.
    const NAME: &'static str;
    const EVERY: Duration;

    fn read(&self) -> impl Future<Output = Result<Self::Value, Error>> + Send;
}

/// What a source said last.
#[derive(Debug)]
pub(crate) struct Polled<S: Source> {
    source: S,
    latest: watch::Sender<Option<Arc<S::Value>>>,
}

impl<S: Source> Polled<S> {
    /// Reads for as long as anybody holds it.
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

    /// Reads now.
    ///
    /// # Errors
    /// What the source fails with.
    pub(crate) async fn read(&self) -> Result<(), Error> {
        let value = self.source.read().await?;
        self.latest.send_replace(Some(Arc::new(value)));
        Ok(())
    }

    /// # Errors
    /// `unavailable` if nothing was ever read.
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
