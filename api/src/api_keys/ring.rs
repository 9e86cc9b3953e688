//! Finding out whether a key is good: one read by its id, remembered for a second.
//!
//! So a machine that calls often costs one read a second, and a key that was revoked is refused within a second
//! everywhere, and at once where it was revoked.

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

/// So many keys are remembered at once, a few MiB; when there are more, all are read again.
const REMEMBERED_MAX: usize = 10_000;

/// So many are looked for at once: whoever makes keys up leaves the other connections to others.
const LOOKUPS_AT_ONCE: usize = 4;
const LOOKUP_MAX: Duration = Duration::from_secs(5);

/// So many uses are written down at once; what comes meanwhile is not: the next use will be.
const NOTES_AT_ONCE: usize = 2;

/// A key that is good, as the request in which it came carries it.
#[derive(Debug, Clone)]
pub(crate) struct GoodKey {
    record: Arc<ApiKeyRecord>,
}

impl GoodKey {
    /// In whose name it calls. This says nothing about what it may do.
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
    /// `scope_missing`, naming it.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), ApiError> {
        if self.organisation().is_some() && !scope.is_of_organisations() {
            return Err(ApiError::new(Code::ScopeMissing, OF_ORGANISATION));
        }
        if self.record.scopes.contains(&scope) {
            return Ok(());
        }
        let detail =
            format!("this API key does not have the scope `{scope}`, which this call needs");
        Err(ApiError::new(Code::ScopeMissing, detail))
    }
}

const OF_ORGANISATION: &str = "a key of an organisation reaches the deals of the organisation only; \
    for what is yours alone, use a key of your own";

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

// What is remembered is nobody's business.
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
    /// `unauthorized`: what is wrong with a key is told to those only who have a right secret of it.
    /// `unavailable` if it cannot be looked for.
    pub(crate) async fn verify(&self, text: &str, now: DateTime<Utc>) -> Result<GoodKey, ApiError> {
        let shown = ShownKey::parse(text).ok_or_else(unknown)?;
        if shown.mode != self.mode {
            let detail =
                format!("this is a {} key, and this service takes {} keys", shown.mode, self.mode);
            return Err(ApiError::new(Code::Unauthorized, detail));
        }
        let record = self.record(shown.id).await?.ok_or_else(unknown)?;
        let secret = which(&shown, &record).ok_or_else(unknown)?;
        let admitted = record.life.admits(secret, now);
        admitted.map_err(|refusal| ApiError::new(Code::Unauthorized, refusal.to_string()))?;
        self.note_use(&record, now);
        Ok(GoodKey { record })
    }

    /// A key that has changed is read again at its next call.
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
        // Somebody else may have read it while this call was waiting.
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

    /// Behind the answer, which does not wait for it.
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
                tracing::warn!("the use of an API key was not written down: {error}");
            }
        };
        tokio::spawn(noted.in_current_span());
    }
}

/// Both are compared, whichever it is.
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
    ApiError::new(Code::Unauthorized, "this is not a good API key")
}
