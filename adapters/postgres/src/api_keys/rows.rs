//! Rows of keys: the owner's view, and the record that a presented key is verified against.

use crate::error::Error;
use crate::row::parse;
use crate::schema::api_keys;
use amana_domain::api_key::{KeyMode, Life, Scope};
use amana_domain::id::{ApiKeyId, OrganisationId, UserId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use std::collections::BTreeSet;
use uuid::Uuid;

/// A key without its digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyView {
    pub id: ApiKeyId,
    pub organisation: Option<OrganisationId>,
    pub name: String,
    pub mode: KeyMode,
    pub scopes: BTreeSet<Scope>,
    pub last_four: String,
    pub life: Life,
    pub created_at: DateTime<Utc>,
    /// At most one minute behind the latest use.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// The record that a presented key is verified against.
#[derive(Debug, Clone)]
pub struct ApiKeyRecord {
    pub id: ApiKeyId,
    /// The user for whom the key acts.
    pub user: UserId,
    pub organisation: Option<OrganisationId>,
    pub scopes: BTreeSet<Scope>,
    pub life: Life,
    pub digest: Vec<u8>,
    pub previous_digest: Option<Vec<u8>>,
    pub last_used_at: Option<DateTime<Utc>>,
}

#[derive(HasQuery)]
#[diesel(table_name = api_keys)]
pub(super) struct Row {
    id: Uuid,
    organisation_id: Option<Uuid>,
    name: String,
    mode: String,
    scopes: Vec<Option<String>>,
    last_four: String,
    created_at: DateTime<Utc>,
    issued_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    previous_until: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

#[derive(HasQuery)]
#[diesel(table_name = api_keys)]
pub(super) struct RecordRow {
    id: Uuid,
    user_id: Uuid,
    organisation_id: Option<Uuid>,
    scopes: Vec<Option<String>>,
    digest: Vec<u8>,
    previous_digest: Option<Vec<u8>>,
    issued_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    previous_until: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

fn scopes(stored: &[Option<String>]) -> Result<BTreeSet<Scope>, Error> {
    stored.iter().flatten().map(|text| parse(text)).collect()
}

impl TryFrom<Row> for ApiKeyView {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let Row { issued_at, expires_at, previous_until, revoked_at, .. } = row;
        Ok(Self {
            id: ApiKeyId::new(row.id),
            organisation: row.organisation_id.map(OrganisationId::new),
            mode: parse(&row.mode)?,
            scopes: scopes(&row.scopes)?,
            name: row.name,
            last_four: row.last_four,
            life: Life { issued_at, expires_at, previous_until, revoked_at },
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        })
    }
}

impl TryFrom<RecordRow> for ApiKeyRecord {
    type Error = Error;

    fn try_from(row: RecordRow) -> Result<Self, Error> {
        let RecordRow { issued_at, expires_at, previous_until, revoked_at, .. } = row;
        Ok(Self {
            id: ApiKeyId::new(row.id),
            user: UserId::new(row.user_id),
            organisation: row.organisation_id.map(OrganisationId::new),
            scopes: scopes(&row.scopes)?,
            life: Life { issued_at, expires_at, previous_until, revoked_at },
            digest: row.digest,
            previous_digest: row.previous_digest,
            last_used_at: row.last_used_at,
        })
    }
}
