//! The one mutex-guarded state and its snapshot on disk. Changes that wait for the disk together
//! share one snapshot.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Context;
use tokio::sync::{Notify, watch};

use crate::{credential::Authority, settings::Settings, state::State};

const SNAPSHOT: &str = "sandbox.json";

/// After a write that failed.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) settings: Settings,
    pub(crate) authority: Authority,
    pub(crate) http: reqwest::Client,
    /// Wakes the clockwork when something new is scheduled.
    pub(crate) wake: Notify,
    state: Mutex<State>,
    /// Counts changes; a snapshot carries the count it contains.
    version: AtomicU64,
    dirty: Notify,
    written: watch::Sender<u64>,
}

impl Store {
    pub(crate) fn open(settings: Settings, http: reqwest::Client) -> anyhow::Result<Arc<Self>> {
        let state = match &settings.data {
            Some(dir) => {
                fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
                load(&dir.join(SNAPSHOT))?
            }
            None => State::default(),
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
            if !state.started {
                state.started = true;
                state.opening_float_cents = float_cents;
                state.float_cents = float_cents;
            }
        });
        Ok(Arc::new(store))
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn change<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let done = act(&mut state);
        self.version.fetch_add(1, Ordering::SeqCst);
        drop(state);
        self.dirty.notify_one();
        self.wake.notify_one();
        done
    }

    /// Returns when every change made so far is in the snapshot file.
    pub(crate) async fn persisted(&self) {
        if self.settings.data.is_none() {
            return;
        }
        let wanted = self.version.load(Ordering::SeqCst);
        let mut written = self.written.subscribe();
        // An error means that the writer has ended, which it does only at shutdown.
        let _ = written.wait_for(|version| *version >= wanted).await;
    }

    /// Writes snapshots until told to stop; the last one contains everything.
    pub(crate) async fn keep_writing(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let Some(dir) = self.settings.data.clone() else { return };
        loop {
            let stopping = tokio::select! {
                () = self.dirty.notified() => false,
                _ = stop.wait_for(|stop| *stop) => true,
            };
            if let Err(error) = self.write_snapshot(&dir).await {
                tracing::error!(error = format!("{error:#}"), "snapshot not written");
            }
            if stopping {
                return;
            }
        }
    }

    async fn write_snapshot(&self, dir: &Path) -> anyhow::Result<()> {
        let (version, bytes) = {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            (self.version.load(Ordering::SeqCst), serde_json::to_vec(&*state)?)
        };
        let dir: PathBuf = dir.to_owned();
        tokio::task::spawn_blocking(move || replace(&dir.join(SNAPSHOT), &bytes)).await??;
        self.written.send_replace(version);
        Ok(())
    }
}

fn load(path: &Path) -> anyhow::Result<State> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
            format!(
                "{} is not a snapshot this version reads (move it away to start afresh)",
                path.display()
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::default()),
        Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
    }
}

/// A reader finds the old content or the new, never a part.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let next = path.with_extension("next");
    fs::write(&next, bytes).with_context(|| format!("write {}", next.display()))?;
    fs::rename(&next, path).with_context(|| format!("replace {}", path.display()))
}
