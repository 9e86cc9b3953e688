//! API keys in responses.

use super::text;
use crate::wire::{Nullable, Timestamp, Wire};
use amana_domain::api_key::{KeyMode, KeyState, Scope};
use amana_domain::id::{ApiKeyId, OrganisationId};
use amana_postgres::ApiKeyView;
use chrono::{DateTime, Utc};
use poem_openapi::Object;
use secrecy::{ExposeSecret, SecretString};

/// An API key, without its secret.
#[derive(Debug, Object)]
#[oai(rename = "ApiKey")]
pub(crate) struct ApiKeyAnswer {
    id: Wire<ApiKeyId>,
    name: String,
    /// Organisation that owns the key; `null` for a personal key.
    organisation_id: Nullable<Wire<OrganisationId>>,
    state: Wire<KeyState>,
    mode: Wire<KeyMode>,
    /// First part of the key. It contains the id.
    prefix: String,
    /// Last four characters of the newest secret.
    last_four: String,
    scopes: Vec<Wire<Scope>>,
    created_at: Timestamp,
    /// Creation time of the newest secret.
    issued_at: Timestamp,
    expires_at: Timestamp,
    /// Expiry of the previous secret after a rotation; `null` if it is not valid.
    previous_until: Nullable<Timestamp>,
    /// Time of the last use, to the minute; `null` if the key was never used.
    last_used_at: Nullable<Timestamp>,
    revoked_at: Nullable<Timestamp>,
}

impl ApiKeyAnswer {
    pub(crate) fn of(key: ApiKeyView, now: DateTime<Utc>) -> Self {
        let previous_until = key.life.previous_until.filter(|until| now < *until);
        Self {
            id: key.id.into(),
            name: key.name,
            organisation_id: Nullable::of(key.organisation.map(Wire)),
            state: key.life.state(now).into(),
            mode: key.mode.into(),
            prefix: text::prefix(key.mode, key.id),
            last_four: key.last_four,
            scopes: key.scopes.into_iter().map(Wire).collect(),
            created_at: key.created_at.into(),
            issued_at: key.life.issued_at.into(),
            expires_at: key.life.expires_at.into(),
            previous_until: Nullable::of(previous_until),
            last_used_at: Nullable::of(key.last_used_at),
            revoked_at: Nullable::of(key.life.revoked_at),
        }
    }
}

/// An API key with its new secret, which is returned only once.
#[derive(Object)]
#[oai(rename = "ApiKeyWithSecret")]
pub(super) struct SecretAnswer {
    /// The whole key, to be sent as `Authorization: Bearer amana_live_…`. It cannot be retrieved again.
    secret: String,
    api_key: ApiKeyAnswer,
}

impl SecretAnswer {
    pub(super) fn of(secret: &SecretString, key: ApiKeyView, now: DateTime<Utc>) -> Self {
        Self { secret: secret.expose_secret().to_owned(), api_key: ApiKeyAnswer::of(key, now) }
    }
}
