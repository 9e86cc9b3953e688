//! The origin of the current call in a task-local: session or API key, client address, request id.
//!
//! The API sets it once around the whole call, so every event of the log has it.

use amana_domain::id::{ApiKeyId, OrganisationId, SessionId};
use std::future::Future;
use std::net::IpAddr;

/// The API key of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    pub key: ApiKeyId,
    /// The organisation to which the key belongs. The call can access only the deals of this organisation.
    pub organisation: Option<OrganisationId>,
}

/// The origin of a call. Empty for jobs.
#[derive(Debug, Clone, Default)]
pub struct CallContext {
    pub machine: Option<Machine>,
    pub session: Option<SessionId>,
    /// The client address in front of all trusted proxies.
    pub address: Option<IpAddr>,
    pub request_id: Option<String>,
}

tokio::task_local! {
    static CALL: CallContext;
}

/// Runs `work` as part of this call.
pub async fn in_call<T>(call: CallContext, work: impl Future<Output = T>) -> T {
    CALL.scope(call, work).await
}

/// Returns the current call. Work in another task does not inherit it and must carry it along.
#[must_use]
pub fn current_call() -> CallContext {
    CALL.try_with(Clone::clone).unwrap_or_default()
}

/// Returns the API key of the current call.
pub(crate) fn current_key() -> Option<ApiKeyId> {
    current_call().machine.map(|machine| machine.key)
}

/// Returns the organisation to which the current call is restricted.
pub(crate) fn current_organisation() -> Option<OrganisationId> {
    current_call().machine.and_then(|machine| machine.organisation)
}
