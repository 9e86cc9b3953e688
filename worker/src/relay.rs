//! The relay pushes the ids of due jobs to Redis. No other code pushes jobs.

use crate::context::Context;
use amana_postgres::{Error, Queue};
use amana_redis::Transport;
use std::collections::BTreeMap;
use tokio::sync::watch;
use tracing::{debug, warn};
use uuid::Uuid;

/// The ids that one read of the outbox returns.
const BATCH_MAX: i64 = 1_000;

/// A queue with this many ids gets no more: Redis has a bounded window, PostgreSQL the backlog.
const QUEUE_DEPTH_MAX: u64 = 20_000;

/// Pushes one batch and returns the number of due jobs.
///
/// Full queues are skipped: otherwise their backlog would fill every batch and starve the other queues. While Redis
/// is down no job is marked as pushed, so all due jobs are pushed as soon as it is back.
///
/// # Errors
/// [`Error::Store`] if the outbox cannot be read. The ids of a failed push are pushed again.
pub async fn relay_once(context: &Context, transport: &Transport) -> Result<usize, Error> {
    let Some(open) = queues_with_room(transport).await else { return Ok(0) };
    let due = context.store.due_jobs(&open, context.clock.now(), BATCH_MAX).await?;
    let count = due.len();
    let mut queues: BTreeMap<String, Vec<(Uuid, i64)>> = BTreeMap::new();
    for job in due {
        queues.entry(job.queue).or_default().push((job.id, job.due_at.timestamp_millis()));
    }
    for (queue, ids) in queues {
        if let Err(error) = transport.push(&queue, &ids).await {
            debug!(%queue, %error, count = ids.len(), "push failed; it will be repeated");
        }
    }
    Ok(count)
}

async fn queues_with_room(transport: &Transport) -> Option<Vec<&'static str>> {
    let names: Vec<_> = Queue::ALL.iter().map(|queue| queue.as_str()).collect();
    let depths = match transport.depths(&names).await {
        Ok(depths) => depths,
        Err(error) => {
            // The transport has logged a warning.
            debug!(%error, "Redis is unavailable; the jobs stay in the outbox");
            return None;
        }
    };
    let has_room = |(queue, depth)| {
        if depth < QUEUE_DEPTH_MAX {
            return Some(queue);
        }
        debug!(queue, depth, "queue is full; its jobs stay in the outbox");
        None
    };
    Some(names.into_iter().zip(depths).filter_map(has_room).collect())
}

/// Pushes batches until `stop` is set. A full batch is followed by the next one without a pause.
pub(crate) async fn run(context: Context, transport: Transport, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match relay_once(&context, &transport).await {
            Ok(count) if i64::try_from(count).is_ok_and(|count| count >= BATCH_MAX) => continue,
            Ok(_) => {}
            Err(error) if error.is_outage() => debug!(%error, "the outbox cannot be read"),
            Err(error) => {
                warn!(error = %crate::failure::describe(&error), "the outbox cannot be read");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(context.settings.relay_interval) => {}
            // If the sender is dropped, no stop signal can arrive any more.
            changed = stop.changed() => if changed.is_err() { break },
        }
    }
}
