//! Through which API key a call comes: said around the whole call, once, so that no record can forget it.
//!
//! The person in whose name a key calls stays the actor of every audit record; `api_key` among its data tells that
//! it was a machine of theirs, and which.

use amana_domain::id::{ApiKeyId, OrganisationId, SessionId};
use serde_json::Value;
use std::future::Future;
use std::net::IpAddr;

const MEMBER: &str = "api_key";

/// The API key of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    pub key: ApiKeyId,
    /// The organisation to which the key belongs: the call reaches nothing but its deals.
    pub organisation: Option<OrganisationId>,
}

tokio::task_local! {
    static MACHINE: Option<Machine>;
    static SESSION: Option<SessionId>;
    static ADDRESS: Option<IpAddr>;
}

/// Carries out what a call does that came through this key; `None`: a person called.
pub async fn through_key<T>(machine: Option<Machine>, work: impl Future<Output = T>) -> T {
    MACHINE.scope(machine, work).await
}

/// The machine whose call is being handled. Whoever hands work to another task takes it along.
#[must_use]
pub fn current_machine() -> Option<Machine> {
    MACHINE.try_with(|machine| *machine).ok().flatten()
}

/// The key of the call that is being handled.
pub(crate) fn current_key() -> Option<ApiKeyId> {
    current_machine().map(|machine| machine.key)
}

/// The organisation beyond which the call that is being handled does not reach, if its key belongs to one.
pub(crate) fn current_organisation() -> Option<OrganisationId> {
    current_machine().and_then(|machine| machine.organisation)
}

/// Carries out a call of a client at this address: the one in front of all proxies that are trusted.
pub async fn from_address<T>(address: Option<IpAddr>, work: impl Future<Output = T>) -> T {
    ADDRESS.scope(address, work).await
}

/// The address of the client whose call is being handled. Whoever hands work to another task takes it along.
#[must_use]
pub fn current_address() -> Option<IpAddr> {
    ADDRESS.try_with(|address| *address).ok().flatten()
}

/// Carries out what somebody does in this session, so that what they sign thereby says so; `None`: a machine of theirs.
pub async fn in_session<T>(session: Option<SessionId>, work: impl Future<Output = T>) -> T {
    SESSION.scope(session, work).await
}

/// The session in which something is signed.
pub(crate) fn current_session() -> Option<SessionId> {
    SESSION.try_with(|session| *session).ok().flatten()
}

/// The data of an audit record, with the key.
pub(crate) fn noted(mut data: Value, key: Option<ApiKeyId>) -> Value {
    if let (Some(key), Some(members)) = (key, data.as_object_mut()) {
        members.insert(MEMBER.to_owned(), key.to_string().into());
    }
    data
}
