//! The entry to the lanes. Transfers that arrive during a commit share the next commit; no transfer
//! waits for a timer.

use super::NewTransfer;
use super::lane::{self, Waiting};
use crate::clock::Clock;
use crate::error::{Error, StoreError};
use crate::idempotency::Outcome;
use crate::pool::{Store, WRITERS_MAX};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Several lanes, so that one works while another one waits for the disk. Each has a connection.
const LANES: usize = WRITERS_MAX as usize;

/// Limit of waiting requests per lane. Above it a call is refused at once, because its caller would
/// give up before its turn.
const WAITING_MAX: usize = 2_048;

/// Makes transfers. It is cheap to clone, and works until the last clone is dropped.
#[derive(Debug, Clone)]
pub struct TransferWriter {
    lanes: Arc<[mpsc::Sender<Waiting>]>,
}

impl TransferWriter {
    /// Starts the lanes on the current runtime.
    #[must_use]
    pub fn start(store: &Store, clock: &Clock) -> Self {
        let lanes = (0..LANES).map(|_| {
            let (sender, queue) = mpsc::channel(WAITING_MAX);
            tokio::spawn(lane::work(store.clone(), clock.clone(), queue));
            sender
        });
        Self { lanes: lanes.collect() }
    }

    /// Makes the transfer, or replays the answer stored under its key.
    ///
    /// # Errors
    /// [`Error::Busy`] if too many requests wait already. [`Error::Transfer`] and
    /// [`Error::Conflict`] for refusals. [`Error::Store`] if the outcome is unknown; repeating the
    /// same call tells it.
    pub async fn make(&self, request: NewTransfer) -> Result<Outcome, Error> {
        let (answer, fate) = oneshot::channel();
        // Keeps the transfers of one sender in order.
        let number = request.keyed.user.uuid().as_u128().checked_rem(self.lanes.len() as u128);
        let number = number.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let lane = self.lanes.get(number).ok_or(Error::Busy)?;
        lane.try_send(Waiting { request, answer }).map_err(|_full| Error::Busy)?;
        fate.await.unwrap_or(Err(Error::Store(StoreError::Batch)))
    }
}
