//! A consumer's own connection to Redis: waits for ids, reconnects, returns ids.

use std::{pin::pin, sync::Arc, time::Duration};

use apalis_core::worker::context::WorkerContext;
use redis::{RedisError, RedisResult, aio::MultiplexedConnection, cmd};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    backoff::Backoff,
    transport::{Transport, TransportError},
};

/// The wait of one BZPOPMIN: short, so that a stop or a dead connection is noticed soon.
const BLOCK_SECONDS: u64 = 2;
/// Longer than the wait, so that an empty queue does not look like a dead connection.
const BLOCK_RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);
const _: () = assert!(BLOCK_SECONDS < BLOCK_RESPONSE_TIMEOUT.as_secs());
const GIVE_BACK_ATTEMPTS_MAX: u32 = 2;

/// An id taken from the queue, with its score.
#[derive(Debug)]
pub(crate) struct Popped {
    pub(crate) id: Uuid,
    score: f64,
}

/// Signals a running fetch to stop.
pub(crate) struct Stop {
    /// Closed when the consumer is closed or dropped.
    pub(crate) open: watch::Receiver<()>,
    /// Signals earlier than `open`: apalis closes the consumer only after the last running job.
    pub(crate) worker: WorkerContext,
}

impl Stop {
    fn is_set(&self) -> bool {
        self.worker.is_shutting_down() || self.open.has_changed().is_err()
    }

    async fn closed(&mut self) {
        while self.open.changed().await.is_ok() {}
    }
}

/// Not shared, because a blocking command delays all commands after it.
struct Line {
    connection: MultiplexedConnection,
    /// Absent if the server does not allow the query; then a stop waits until BZPOPMIN returns.
    client_id: Option<i64>,
}

pub(crate) struct Fetcher {
    transport: Transport,
    queue: Arc<str>,
    line: Option<Line>,
    backoff: Backoff,
}

impl Fetcher {
    pub(crate) fn new(transport: Transport, queue: Arc<str>) -> Self {
        Self { transport, queue, line: None, backoff: Backoff::default() }
    }

    /// Returns the next id, and waits through outages. Returns `None` after a stop.
    pub(crate) async fn next(&mut self, mut stop: Stop) -> Option<Popped> {
        while !stop.is_set() {
            match self.pop(&mut stop).await {
                Ok(Some(popped)) if stop.is_set() => {
                    self.give_back(&popped).await;
                    return None;
                }
                Ok(Some(popped)) => return Some(popped),
                Ok(None) => {}
                Err(error) => self.pause_after(&error, &mut stop).await,
            }
        }
        None
    }

    async fn pop(&mut self, stop: &mut Stop) -> RedisResult<Option<Popped>> {
        // Taken out, so that a connection is not reused after an error.
        let mut line = match self.line.take() {
            Some(line) => line,
            None => self.dial().await?,
        };
        let mut command = cmd("BZPOPMIN");
        command.arg(self.transport.key(&self.queue)).arg(BLOCK_SECONDS);
        let client_id = line.client_id;
        let reply = {
            let mut read =
                pin!(command.query_async::<Option<(String, String, f64)>>(&mut line.connection));
            tokio::select! {
                reply = &mut read => reply?,
                // Awaited even after a stop, because Redis may already have removed an id.
                () = stop.closed() => {
                    self.unblock(client_id).await;
                    read.await?
                }
            }
        };
        self.line = Some(line);
        self.backoff.reset();
        self.transport.outage().worked();
        Ok(reply.and_then(|(_key, member, score)| self.parse(&member, score)))
    }

    fn parse(&self, member: &str, score: f64) -> Option<Popped> {
        let id = Uuid::try_parse(member).ok();
        if id.is_none() {
            tracing::warn!(queue = %self.queue, "dropped a queue member that is not an id");
        }
        id.map(|id| Popped { id, score })
    }

    async fn dial(&self) -> RedisResult<Line> {
        let mut connection = self.transport.dedicated(BLOCK_RESPONSE_TIMEOUT).await?;
        let client_id = cmd("CLIENT").arg("ID").query_async(&mut connection).await.ok();
        Ok(Line { connection, client_id })
    }

    async fn unblock(&self, client_id: Option<i64>) {
        let Some(client_id) = client_id else { return };
        if let Err(error) = self.transport.unblock(client_id).await {
            log_failure(&self.queue, &error, "the blocking read could not be ended early");
        }
    }

    async fn pause_after(&mut self, error: &RedisError, stop: &mut Stop) {
        let delay = self.backoff.next_delay();
        self.transport.outage().failed(error);
        tracing::debug!(
            queue = %self.queue,
            failures = self.backoff.failures(),
            retry_in_ms = delay.as_millis(),
            error = %error,
            "queue {} cannot be read from Redis",
            self.queue,
        );
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = stop.closed() => {}
        }
    }

    /// Returns an id to the queue. If that fails, the relay pushes it again later.
    pub(crate) async fn give_back(&self, popped: &Popped) {
        let mut backoff = Backoff::default();
        while let Err(error) = self.transport.give_back(&self.queue, popped.id, popped.score).await
        {
            let delay = backoff.next_delay();
            if backoff.failures() >= GIVE_BACK_ATTEMPTS_MAX {
                log_failure(&self.queue, &error, "an id could not be returned to the queue");
                return;
            }
            tokio::time::sleep(delay).await;
        }
    }
}

// At debug level, because the transport has logged a warning about the outage.
fn log_failure(queue: &str, error: &TransportError, message: &str) {
    let source = std::error::Error::source(error).map(ToString::to_string);
    tracing::debug!(queue, error = %error, source, "{message}");
}
