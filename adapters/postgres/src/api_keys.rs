//! API keys: creation, rotation, revocation, lists, and the record that a presented key is verified against.
//!
//! Secrets are stored as digests only. The lock order is organisation, user, keys.

mod of_organisations;
mod rows;

pub(crate) use of_organisations::end_beyond;

pub use rows::{ApiKeyRecord, ApiKeyView};

use crate::error::{Conflict, Error};
use crate::page::Page;
use crate::pool::Store;
use crate::schema::api_keys;
use crate::users::{User, lock_active, lock_open};
use crate::{log, notifications};
use amana_domain::api_key::{KEYS_MAX, KeyMode, KeyRefusal, Life, Scope, USE_NOTED_EVERY};
use amana_domain::deal::Actor;
use amana_domain::event::AccessEvent;
use amana_domain::id::{ApiKeyId, OrganisationId, UserId};
use amana_domain::notice::Template;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{Eq, Filter};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use rows::{RecordRow, Row};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Most keys that one call removes. The next call continues.
const FORGET_MAX: i64 = 1_000;

/// The stored part of a secret. The secret itself is shown once and not stored.
#[derive(Debug, Clone)]
pub struct KeptSecret {
    /// The mode of the service that issued the secret.
    pub mode: KeyMode,
    /// SHA-256 of the whole key.
    pub digest: Vec<u8>,
    pub last_four: String,
}

#[derive(Debug, Clone)]
pub struct NewApiKey {
    pub id: ApiKeyId,
    pub name: String,
    /// The owning organisation; `None` for a user's own key.
    pub organisation: Option<OrganisationId>,
    pub scopes: BTreeSet<Scope>,
    pub lasts: TimeDelta,
    pub secret: KeptSecret,
}

/// Selects the keys that a user created, including organisation keys.
fn own(user: UserId) -> Filter<api_keys::table, Eq<api_keys::user_id, Uuid>> {
    api_keys::table.filter(api_keys::user_id.eq(user.uuid()))
}

async fn view(conn: &mut AsyncPgConnection, id: ApiKeyId) -> Result<ApiKeyView, Error> {
    Row::query().filter(api_keys::id.eq(id.uuid())).first(conn).await?.try_into()
}

/// Locks a key of the user.
async fn lock(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: ApiKeyId,
) -> Result<ApiKeyView, Error> {
    let row: Option<Row> = Row::query()
        .filter(api_keys::id.eq(id.uuid()))
        .filter(api_keys::user_id.eq(user.uuid()))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    row.ok_or(Error::NotFound("API key"))?.try_into()
}

/// Checks the bound on active keys. The caller has locked the user's row, so the bound is exact.
async fn require_room(
    conn: &mut AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let active = own(user).filter(api_keys::revoked_at.is_null());
    let active = active.filter(api_keys::expires_at.gt(now));
    let count: i64 = active.count().get_result(conn).await?;
    if count < KEYS_MAX { Ok(()) } else { Err(Error::Conflict(Conflict::TooManyApiKeys)) }
}

async fn insert(
    conn: &mut AsyncPgConnection,
    user: UserId,
    new: &NewApiKey,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let life = Life::begin(new.lasts, now);
    let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
    diesel::insert_into(api_keys::table)
        .values((
            api_keys::id.eq(new.id.uuid()),
            api_keys::user_id.eq(user.uuid()),
            api_keys::organisation_id.eq(new.organisation.map(OrganisationId::uuid)),
            api_keys::name.eq(&new.name),
            api_keys::mode.eq(new.secret.mode.as_str()),
            api_keys::scopes.eq(&scopes),
            api_keys::digest.eq(&new.secret.digest),
            api_keys::last_four.eq(&new.secret.last_four),
            api_keys::created_at.eq(now),
            api_keys::issued_at.eq(life.issued_at),
            api_keys::expires_at.eq(life.expires_at),
        ))
        .execute(conn)
        .await?;
    // The name is free text and may contain personal data, so the event does not contain it.
    let created = AccessEvent::ApiKeyCreated {
        mode: new.secret.mode.as_str().to_owned(),
        scopes: scopes.into_iter().map(str::to_owned).collect(),
        expires_at: life.expires_at,
    };
    log::append(conn, now, Actor::User(user), new.id, created).await
}

/// Stores the new secret. The former one becomes the previous secret if it stays valid for a while.
async fn replace(
    conn: &mut AsyncPgConnection,
    id: ApiKeyId,
    (life, secret): (Life, &KeptSecret),
) -> Result<(), Error> {
    let row = api_keys::table.find(id.uuid());
    let newest: Vec<u8> = row.select(api_keys::digest).first(conn).await?;
    let previous = life.previous_until.map(|_| newest);
    diesel::update(row)
        .set((
            api_keys::mode.eq(secret.mode.as_str()),
            api_keys::digest.eq(&secret.digest),
            api_keys::last_four.eq(&secret.last_four),
            api_keys::issued_at.eq(life.issued_at),
            api_keys::expires_at.eq(life.expires_at),
            api_keys::previous_digest.eq(previous),
            api_keys::previous_until.eq(life.previous_until),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn tell(
    conn: &mut AsyncPgConnection,
    user: &User,
    template: Template,
    name: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let params = json!({ "key": name, "at": notifications::deadline_text(now) });
    notifications::enqueue(conn, user, template, params, now).await
}

/// Revokes the keys that are not revoked yet, with one event per key.
async fn revoke(
    conn: &mut AsyncPgConnection,
    ids: &[Uuid],
    (actor, reason): (Actor, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let open = api_keys::table.filter(api_keys::id.eq_any(ids));
    let revoked: Vec<Uuid> = diesel::update(open.filter(api_keys::revoked_at.is_null()))
        .set(api_keys::revoked_at.eq(Some(now)))
        .returning(api_keys::id)
        .get_results(conn)
        .await?;
    for id in revoked {
        let revoked = AccessEvent::ApiKeyRevoked { reason: reason.to_owned() };
        log::append(conn, now, actor, ApiKeyId::new(id), revoked).await?;
    }
    Ok(())
}

/// Revokes all keys of a user, organisation keys too. The caller has locked the user's row.
pub(crate) async fn revoke_all(
    conn: &mut AsyncPgConnection,
    user: UserId,
    why: (Actor, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let open = own(user).filter(api_keys::revoked_at.is_null());
    let ids: Vec<Uuid> =
        open.select(api_keys::id).order(api_keys::id).for_update().load(conn).await?;
    revoke(conn, &ids, why, now).await
}

fn over(_: KeyRefusal) -> Error {
    Error::Conflict(Conflict::ApiKeyRevoked)
}

impl Store {
    /// Creates a key for the user, or for an organisation if the user's rank allows it. Notifies the user.
    ///
    /// # Errors
    /// [`Conflict::TooManyApiKeys`], [`Conflict::UnknownOrganisation`], [`Error::Organisation`] if the rank is too
    /// low, or [`Error::Transfer`] if the account may not act.
    pub async fn create_api_key(
        &self,
        user: UserId,
        new: &NewApiKey,
        now: DateTime<Utc>,
    ) -> Result<ApiKeyView, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            if let Some(organisation) = new.organisation {
                of_organisations::lock(conn, user, organisation).await?;
            }
            let person = lock_active(conn, user).await?;
            require_room(conn, user, now).await?;
            insert(conn, user, new, now).await?;
            tell(conn, &person, Template::ApiKeyCreated, &new.name, now).await?;
            view(conn, new.id).await
        })
        .await
    }

    /// Gives a key a new secret. The former one stays valid for `overlap`. Notifies the user.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Conflict::ApiKeyRevoked`], or [`Error::Transfer`] if the account is closed.
    pub async fn rotate_api_key(
        &self,
        (user, id): (UserId, ApiKeyId),
        secret: &KeptSecret,
        overlap: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<ApiKeyView, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let person = lock_open(conn, user).await?;
            let key = lock(conn, user, id).await?;
            let life = key.life.rotated(overlap, now).map_err(over)?;
            replace(conn, id, (life, secret)).await?;
            let rotated = AccessEvent::ApiKeyRotated {
                previous_until: life.previous_until,
                expires_at: life.expires_at,
            };
            log::append(conn, now, Actor::User(user), id, rotated).await?;
            tell(conn, &person, Template::ApiKeyRotated, &key.name, now).await?;
            view(conn, id).await
        })
        .await
    }

    /// Revokes a key with all its secrets. A revoked key does not change.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the user has no such key.
    pub async fn revoke_api_key(
        &self,
        user: UserId,
        id: ApiKeyId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            lock(conn, user, id).await?;
            revoke(conn, &[id.uuid()], (Actor::User(user), "revoked"), now).await
        })
        .await
    }

    /// Returns the keys of a user, also revoked and expired ones, newest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn api_keys(
        &self,
        user: UserId,
        after: Option<ApiKeyId>,
        limit: i64,
    ) -> Result<Page<ApiKeyView>, Error> {
        let mut conn = self.connection().await?;
        let mut query = Row::query().filter(api_keys::user_id.eq(user.uuid())).into_boxed();
        if let Some(after) = after {
            query = query.filter(api_keys::id.lt(after.uuid()));
        }
        let rows: Vec<Row> = query
            .order(api_keys::id.desc())
            .limit(Page::<Row>::fetch(limit))
            .load(&mut conn)
            .await?;
        Page::cut(rows, limit).try_map(ApiKeyView::try_from)
    }

    /// # Errors
    /// [`Error::NotFound`] if the user has no such key.
    pub async fn api_key(&self, user: UserId, id: ApiKeyId) -> Result<ApiKeyView, Error> {
        let mut conn = self.connection().await?;
        let row: Option<Row> = Row::query()
            .filter(api_keys::id.eq(id.uuid()))
            .filter(api_keys::user_id.eq(user.uuid()))
            .first(&mut conn)
            .await
            .optional()?;
        row.ok_or(Error::NotFound("API key"))?.try_into()
    }

    /// Returns the record that a presented key is verified against. The caller verifies secret and expiry.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn api_key_record(&self, id: ApiKeyId) -> Result<Option<ApiKeyRecord>, Error> {
        let mut conn = self.connection().await?;
        let row: Option<RecordRow> = RecordRow::query()
            .filter(api_keys::id.eq(id.uuid()))
            .first(&mut conn)
            .await
            .optional()?;
        row.map(ApiKeyRecord::try_from).transpose()
    }

    /// Deletes a part of the keys that ended before `before`. Their events stay in the log.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn forget_api_keys(&self, before: DateTime<Utc>) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        let over = api_keys::revoked_at.lt(before).or(api_keys::expires_at.lt(before));
        let ids = api_keys::table.filter(over).order(api_keys::id);
        let ids: Vec<Uuid> = ids.select(api_keys::id).limit(FORGET_MAX).load(&mut conn).await?;
        let gone = api_keys::table.filter(api_keys::id.eq_any(ids));
        diesel::delete(gone).execute(&mut conn).await?;
        Ok(())
    }

    /// Stores the last use of a key, unless the stored one is less than [`USE_NOTED_EVERY`] old.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn note_api_key_use(&self, id: ApiKeyId, now: DateTime<Utc>) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        let before = now.checked_sub_signed(USE_NOTED_EVERY).unwrap_or(now);
        let is_due = api_keys::last_used_at.is_null().or(api_keys::last_used_at.le(before));
        diesel::update(api_keys::table.find(id.uuid()).filter(is_due))
            .set(api_keys::last_used_at.eq(Some(now)))
            .execute(&mut conn)
            .await?;
        Ok(())
    }
}
