//! The door to the lanes. Transfers that come while others are being committed go together in the next
//! commit; nothing waits on a timer.

use super::NewTransfer;
use super::lane::{self, Waiting};
use crate::clock::Clock;
use crate::error::{Error, StoreError};
use crate::idempotency::Outcome;
use crate::pool::{Store, WRITERS_MAX};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// While one lane waits for the disk, another one works. Each has a connection.
const LANES: usize = WRITERS_MAX as usize;

/// The most that waits in one lane. Beyond it a call is refused at once: whoever waits longer than this
/// takes has given up.
const WAITING_MAX: usize = 2_048;

/// Makes transfers, cheap to clone. It works until the last clone is gone.
#[derive(Debug, Clone)]
pub struct TransferWriter {
    lanes: Arc<[mpsc::Sender<Waiting>]>,
}

impl TransferWriter {
    /// Starts the lanes on the present runtime.
    #[must_use]
    pub fn start(store: &Store, clock: &Clock) -> Self {
        let lanes = (0..LANES).map(|_| {
            let (sender, queue) = mpsc::channel(WAITING_MAX);
            tokio::spawn(lane::work(store.clone(), clock.clone(), queue));
            sender
        });
        Self { lanes: lanes.collect() }
    }

    /// Makes the transfer, or answers what was answered under its key.
    ///
    /// # Errors
    /// [`Error::Busy`] if too many wait already; [`Error::Transfer`] and [`Error::Conflict`] for refusals;
    /// [`Error::Store`] if it is not known whether it was made: the same call tells.
    pub async fn make(&self, request: NewTransfer) -> Result<Outcome, Error> {
        let (answer, fate) = oneshot::channel();
        // One person's transfers stay in order.
        let number = request.keyed.user.uuid().as_u128().checked_rem(self.lanes.len() as u128);
        let number = number.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let lane = self.lanes.get(number).ok_or(Error::Busy)?;
        lane.try_send(Waiting { request, answer }).map_err(|_full| Error::Busy)?;
        fate.await.unwrap_or(Err(Error::Store(StoreError::Batch)))
    }
}
