//! The signing keys of access tokens, shared by all API processes.

use crate::error::Error;
use crate::log;
use crate::pool::Store;
use crate::schema::signing_keys;
use amana_domain::deal::Actor;
use amana_domain::event::OperationEvent;
use amana_domain::signing_key::{known_since, wanted};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

/// A key pair with the private half encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// The thumbprint of the public half.
    pub kid: String,
    pub public: Vec<u8>,
    pub private_sealed: Vec<u8>,
}

/// A key and the time from which it signs.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = signing_keys)]
pub struct SigningKey {
    pub kid: String,
    pub public: Vec<u8>,
    pub private_sealed: Vec<u8>,
    pub signs_from: DateTime<Utc>,
}

async fn all(conn: &mut AsyncPgConnection) -> Result<Vec<SigningKey>, Error> {
    Ok(SigningKey::query().order(signing_keys::signs_from).load(conn).await?)
}

fn times(keys: &[SigningKey]) -> Vec<DateTime<Utc>> {
    keys.iter().map(|key| key.signs_from).collect()
}

/// Serializes the creation of keys; readers do not wait.
async fn lock(conn: &mut AsyncPgConnection) -> Result<(), Error> {
    diesel::sql_query("lock table signing_keys in share row exclusive mode").execute(conn).await?;
    Ok(())
}

async fn add(
    conn: &mut AsyncPgConnection,
    pair: &KeyPair,
    signs_from: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::insert_into(signing_keys::table)
        .values((
            signing_keys::kid.eq(&pair.kid),
            signing_keys::public.eq(&pair.public),
            signing_keys::private_sealed.eq(&pair.private_sealed),
            signing_keys::created_at.eq(now),
            signing_keys::signs_from.eq(signs_from),
        ))
        .execute(conn)
        .await?;
    let created = OperationEvent::SigningKeyCreated { signs_from };
    log::append(conn, now, Actor::System, &pair.kid, created).await
}

async fn renew(
    conn: &mut AsyncPgConnection,
    make: impl FnOnce() -> Result<KeyPair, Error>,
    now: DateTime<Utc>,
) -> Result<Vec<SigningKey>, Error> {
    lock(conn).await?;
    // Another process may have added a key meanwhile.
    let times = times(&all(conn).await?);
    if let Some(signs_from) = wanted(&times, now) {
        add(conn, &make()?, signs_from, now).await?;
    }
    if let Some(since) = known_since(&times, now) {
        let over = signing_keys::table.filter(signing_keys::signs_from.lt(since));
        diesel::delete(over).execute(conn).await?;
    }
    all(conn).await
}

impl Store {
    /// Returns all current keys. Adds a new one first if it is due.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn signing_keys(
        &self,
        make: impl FnOnce() -> Result<KeyPair, Error> + Send,
        now: DateTime<Utc>,
    ) -> Result<Vec<SigningKey>, Error> {
        let mut conn = self.connection().await?;
        let mut keys = all(&mut conn).await?;
        if wanted(&times(&keys), now).is_some() {
            keys = conn.transaction(async |conn| renew(conn, make, now).await).await?;
        }
        let since = known_since(&times(&keys), now);
        keys.retain(|key| since.is_none_or(|since| since <= key.signs_from));
        Ok(keys)
    }

    /// Replaces all keys by a new one, which signs at once. Invalidates stolen keys and all access tokens, so that
    /// every client must refresh its session.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn replace_signing_keys(
        &self,
        pair: &KeyPair,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            lock(conn).await?;
            diesel::delete(signing_keys::table).execute(conn).await?;
            add(conn, pair, now, now).await
        })
        .await
    }
}
