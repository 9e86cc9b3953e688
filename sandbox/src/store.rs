//! The state behind one mutex, and the task that writes changes to disk. Changes that wait at the same time share one
//! write.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Notify, watch};

use crate::{credential::Authority, journal::Journal, settings::Settings, state::State};

/// The pause after a failed write.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) settings: Settings,
    pub(crate) authority: Authority,
    pub(crate) http: reqwest::Client,
    /// Wakes the scheduler when a task is added.
    pub(crate) wake: Notify,
    state: Mutex<State>,
    /// Counts changes; `written` has the count of the last write.
    version: AtomicU64,
    dirty: Notify,
    written: watch::Sender<u64>,
}

impl Store {
    pub(crate) fn open(
        settings: Settings,
        http: reqwest::Client,
    ) -> anyhow::Result<(Arc<Self>, Option<Journal>)> {
        let (journal, state) = match &settings.data {
            Some(dir) => {
                let (journal, state) = Journal::open(dir)?;
                (Some(journal), state)
            }
            None => (None, State::default()),
        };
        let authority = Authority::open(settings.data.as_deref())?;
        let store = Self {
            settings,
            authority,
            http,
            wake: Notify::new(),
            state: Mutex::new(state),
            version: AtomicU64::new(0),
            dirty: Notify::new(),
            written: watch::Sender::new(0),
        };
        let float_cents = store.settings.opening_float_cents;
        store.change(|state| {
            if !state.core.started {
                state.core.started = true;
                state.core.opening_float_cents = float_cents;
                state.core.float_cents = float_cents;
            }
        });
        Ok((Arc::new(store), journal))
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn change<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let done = act(&mut state);
        if self.settings.data.is_none() {
            state.forget_touched();
        }
        self.version.fetch_add(1, Ordering::SeqCst);
        drop(state);
        self.dirty.notify_one();
        self.wake.notify_one();
        done
    }

    /// Returns when all changes so far are on disk.
    pub(crate) async fn persisted(&self) {
        if self.settings.data.is_none() {
            return;
        }
        let wanted = self.version.load(Ordering::SeqCst);
        let mut written = self.written.subscribe();
        // Fails only at shutdown, when the writer has ended.
        let _ = written.wait_for(|version| *version >= wanted).await;
    }

    /// Writes changes until `stop` is set. The last write includes all changes.
    pub(crate) async fn keep_writing(
        self: Arc<Self>,
        journal: Option<Journal>,
        mut stop: watch::Receiver<bool>,
    ) {
        let Some(mut journal) = journal else { return };
        loop {
            let stopping = tokio::select! {
                () = self.dirty.notified() => false,
                _ = stop.wait_for(|stop| *stop) => true,
            };
            let store = Arc::clone(&self);
            let writing = tokio::task::spawn_blocking(move || {
                let result = store.write(&mut journal);
                (journal, result)
            });
            let result = match writing.await {
                Ok((back, result)) => {
                    journal = back;
                    result
                }
                Err(error) => {
                    tracing::error!(%error, "the writer failed");
                    return;
                }
            };
            if let Err(error) = &result {
                tracing::error!(error = format!("{error:#}"), "changes could not be written");
            }
            if stopping {
                return;
            }
            if result.is_err() {
                tokio::time::sleep(RETRY_PAUSE).await;
                self.dirty.notify_one();
            }
        }
    }

    fn write(&self, journal: &mut Journal) -> anyhow::Result<()> {
        let (version, page) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            (self.version.load(Ordering::SeqCst), journal.page(&mut state)?)
        };
        journal.write(&page)?;
        self.written.send_replace(version);
        Ok(())
    }
}
