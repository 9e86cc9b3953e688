//! One lane: takes the waiting requests, carries them out as one batch, answers, and continues with
//! those that arrived meanwhile.

use super::NewTransfer;
use super::batch::{self, Fate};
use crate::clock::Clock;
use crate::error::{Error, StoreError};
use crate::pool::Store;
use std::collections::{HashSet, VecDeque};
use std::error::Error as _;
use tokio::sync::{mpsc, oneshot};

/// Limit of one transaction. A larger batch would only increase latency.
pub(super) const BATCH_MAX: usize = 512;

/// A request, and the channel for its answer. It is carried out even if the caller has gone.
pub(super) struct Waiting {
    pub(super) request: NewTransfer,
    pub(super) answer: oneshot::Sender<Fate>,
}

/// Runs until all senders are dropped and every request is answered.
pub(super) async fn work(store: Store, clock: Clock, mut queue: mpsc::Receiver<Waiting>) {
    let mut waiting = VecDeque::new();
    loop {
        if waiting.is_empty() {
            let Some(first) = queue.recv().await else { return };
            waiting.push_back(first);
        }
        while waiting.len() < BATCH_MAX
            && let Ok(next) = queue.try_recv()
        {
            waiting.push_back(next);
        }
        let (store, clock, batch) = (store.clone(), clock.clone(), take_batch(&mut waiting));
        // Runs in its own task, so that a panic loses only the answers of its batch, and the lane
        // continues.
        let batch = tokio::spawn(async move { carry_out(&store, &clock, batch).await });
        if let Err(error) = batch.await {
            tracing::error!("a batch of transfers was aborted: {error}");
        }
    }
}

/// Takes a batch. A request with a key that is in the batch already waits for the next one, which
/// replays the answer.
fn take_batch(waiting: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let mut keys = HashSet::new();
    let (batch, again) = waiting.drain(..).partition(|one: &Waiting| {
        keys.insert((one.request.keyed.user, one.request.keyed.key.clone()))
    });
    *waiting = again;
    let batch: VecDeque<Waiting> = batch;
    batch.into()
}

/// Answers all requests. A batch that fails as a whole is split, until only the failing request
/// fails.
async fn carry_out(store: &Store, clock: &Clock, batch: Vec<Waiting>) {
    let mut open = vec![batch];
    while let Some(mut batch) = open.pop() {
        match attempt(store, clock, &batch).await {
            Ok(fates) => {
                for (one, fate) in batch.into_iter().zip(fates) {
                    // The caller may have gone.
                    let _ = one.answer.send(fate);
                }
            }
            Err(error) if batch.len() > 1 && !error.is_transient() => {
                let rest = batch.split_off(batch.len().div_euclid(2));
                open.extend([rest, batch]);
            }
            Err(error) => fail(batch, error),
        }
    }
}

async fn attempt(store: &Store, clock: &Clock, batch: &[Waiting]) -> Result<Vec<Fate>, Error> {
    let requests: Vec<&NewTransfer> = batch.iter().map(|one| &one.request).collect();
    let mut conn = store.writer().await?;
    batch::run(&mut conn, store.vault()?, &requests, clock.now()).await
}

/// Reports an unknown outcome: the commit may or may not have happened, and a repetition under the
/// same key tells.
fn fail(batch: Vec<Waiting>, error: Error) {
    let causes = error.source().map(ToString::to_string).unwrap_or_default();
    tracing::error!(transfers = batch.len(), causes, "a batch of transfers failed: {error}");
    let mut batch = batch.into_iter();
    if batch.len() == 1
        && let Some(one) = batch.next()
    {
        let _ = one.answer.send(Err(error));
        return;
    }
    for one in batch {
        let _ = one.answer.send(Err(Error::Store(StoreError::Batch)));
    }
}
