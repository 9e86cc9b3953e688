//! Verification of API keys, with a cache of one second.
//!
//! A busy machine costs one read per second. A revoked key is rejected everywhere within a second, and immediately on
//! the server that revoked it.

use super::text::ShownKey;
use crate::problem::{ApiError, Code};
use amana_domain::api_key::{KeyMode, Scope, Secret, is_use_due};
use amana_domain::id::{ApiKeyId, OrganisationId, UserId};
use amana_postgres::{ApiKeyRecord, Machine, Store};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tracing::Instrument;

const REMEMBERED_FOR: Duration = Duration::from_secs(1);

/// Maximum number of cached keys, a few MiB. A full cache is cleared.
const REMEMBERED_MAX: usize = 10_000;

/// Maximum number of concurrent lookups, so that made-up keys cannot occupy the connection pool.
const LOOKUPS_AT_ONCE: usize = 4;
const LOOKUP_MAX: Duration = Duration::from_secs(5);

/// Maximum number of concurrent writes of `last_used_at`. Further uses are skipped; a later use is stored.
const NOTES_AT_ONCE: usize = 2;

/// A verified key, carried by the request.
#[derive(Debug, Clone)]
pub(crate) struct GoodKey {
    record: Arc<ApiKeyRecord>,
}

impl GoodKey {
    /// Returns the user in whose name the key calls. This does not imply any permission.
    pub(crate) fn account(&self) -> UserId {
        self.record.user
    }

    pub(crate) fn organisation(&self) -> Option<OrganisationId> {
        self.record.organisation
    }

    pub(crate) fn machine(&self) -> Machine {
        Machine { key: self.record.id, organisation: self.record.organisation }
    }

    /// # Errors
    /// `insufficient_scope`, which names the scope.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), ApiError> {
        if self.organisation().is_some() && !scope.is_of_organisations() {
            return Err(ApiError::new(Code::InsufficientScope, OF_ORGANISATION));
        }
        if self.record.scopes.contains(&scope) {
            return Ok(());
        }
        let detail = format!(
            "this call needs the scope `{scope}`, which the API key lacks; create a key with it"
        );
        Err(ApiError::new(Code::InsufficientScope, detail))
    }
}

const OF_ORGANISATION: &str = "an organisation's key reaches only the organisation's deals; \
    use a personal key for this call";

struct Remembered {
    record: Arc<ApiKeyRecord>,
    read_at: Instant,
    is_use_noted: bool,
}

pub(crate) struct KeyRing {
    store: Store,
    mode: KeyMode,
    remembered: Mutex<HashMap<ApiKeyId, Remembered>>,
    lookups: Semaphore,
    notes: Arc<Semaphore>,
}

// Cached records must not reach the log.
impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRing").field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl KeyRing {
    pub(crate) fn new(store: Store, mode: KeyMode) -> Self {
        Self {
            store,
            mode,
            remembered: Mutex::default(),
            lookups: Semaphore::new(LOOKUPS_AT_ONCE),
            notes: Arc::new(Semaphore::new(NOTES_AT_ONCE)),
        }
    }

    pub(crate) const fn mode(&self) -> KeyMode {
        self.mode
    }

    /// # Errors
    /// `unauthorized`; the reason is given only for a correct secret. `unavailable` if the key cannot be read.
    pub(crate) async fn verify(&self, text: &str, now: DateTime<Utc>) -> Result<GoodKey, ApiError> {
        let shown = ShownKey::parse(text).ok_or_else(unknown)?;
        if shown.mode != self.mode {
            let detail =
                format!("this is a {} key; this service accepts {} keys", shown.mode, self.mode);
            return Err(ApiError::new(Code::Unauthorized, detail));
        }
        let record = self.record(shown.id).await?.ok_or_else(unknown)?;
        let secret = which(&shown, &record).ok_or_else(unknown)?;
        let admitted = record.life.admits(secret, now);
        admitted.map_err(|refusal| ApiError::new(Code::Unauthorized, refusal.to_string()))?;
        self.note_use(&record, now);
        Ok(GoodKey { record })
    }

    /// Drops a changed key from the cache.
    pub(crate) fn forget(&self, id: ApiKeyId) {
        self.remembered().remove(&id);
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<ApiKeyId, Remembered>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recall(&self, id: ApiKeyId) -> Option<Arc<ApiKeyRecord>> {
        let remembered = self.remembered();
        let fresh = remembered.get(&id).filter(|one| one.read_at.elapsed() < REMEMBERED_FOR);
        fresh.map(|one| Arc::clone(&one.record))
    }

    async fn record(&self, id: ApiKeyId) -> Result<Option<Arc<ApiKeyRecord>>, ApiError> {
        if let Some(record) = self.recall(id) {
            return Ok(Some(record));
        }
        let read = tokio::time::timeout(LOOKUP_MAX, self.look_up(id)).await;
        read.unwrap_or_else(|_| Err(ApiError::unavailable()))
    }

    async fn look_up(&self, id: ApiKeyId) -> Result<Option<Arc<ApiKeyRecord>>, ApiError> {
        let _turn = self.lookups.acquire().await.map_err(|_| ApiError::unavailable())?;
        // Another call may have read the key meanwhile.
        if let Some(record) = self.recall(id) {
            return Ok(Some(record));
        }
        let read_at = Instant::now();
        let Some(record) = self.store.api_key_record(id).await?.map(Arc::new) else {
            return Ok(None);
        };
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        let one = Remembered { record: Arc::clone(&record), read_at, is_use_noted: false };
        remembered.insert(id, one);
        Ok(Some(record))
    }

    /// Stores the use in the background; the response does not wait for it.
    fn note_use(&self, record: &ApiKeyRecord, now: DateTime<Utc>) {
        if !is_use_due(record.last_used_at, now) {
            return;
        }
        let mut remembered = self.remembered();
        let Some(one) = remembered.get_mut(&record.id).filter(|one| !one.is_use_noted) else {
            return;
        };
        let Ok(permit) = Arc::clone(&self.notes).try_acquire_owned() else { return };
        one.is_use_noted = true;
        let (store, id) = (self.store.clone(), record.id);
        let noted = async move {
            let _permit = permit;
            if let Err(error) = store.note_api_key_use(id, now).await {
                tracing::warn!("the last use of an API key was not stored: {error}");
            }
        };
        tokio::spawn(noted.in_current_span());
    }
}

/// Compares both digests in any case, so that the time does not show which one matches.
fn which(shown: &ShownKey, record: &ApiKeyRecord) -> Option<Secret> {
    let is_newest = shown.is_kept_as(&record.digest);
    let previous = record.previous_digest.as_deref().unwrap_or_default();
    let is_previous = shown.is_kept_as(previous);
    match (is_newest, is_previous) {
        (true, _) => Some(Secret::Newest),
        (false, true) => Some(Secret::Previous),
        (false, false) => None,
    }
}

fn unknown() -> ApiError {
    ApiError::new(Code::Unauthorized, "the API key is invalid; check that it is complete")
}
