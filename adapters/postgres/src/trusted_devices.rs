//! Devices on which a person who has shown the second factor need not show it at the next log-ins. What a device
//! shows instead is a random number, of which only a digest is kept. It stands in for the second factor at a log-in
//! and for nothing else: never for the password, never at a step-up.

use crate::error::Error;
use crate::pool::Store;
use crate::schema::trusted_devices;
use crate::users::User;
use crate::{log, notifications};
use amana_domain::deal::Actor;
use amana_domain::event::AccessEvent;
use amana_domain::id::{TrustedDeviceId, UserId};
use amana_domain::notice::Template;
use amana_domain::session::{TRUST_TTL, TRUSTED_MAX};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What is kept of the number that a device shows.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceDigest(Vec<u8>);

impl DeviceDigest {
    /// Numbers are random and long, so a fast digest without a key is right for them.
    #[must_use]
    pub fn of(number: Uuid) -> Self {
        Self(Sha256::digest(number.as_bytes()).to_vec())
    }
}

impl std::fmt::Debug for DeviceDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceDigest")
    }
}

/// A device that is trusted.
#[derive(Debug, Clone, PartialEq, Eq, HasQuery)]
#[diesel(table_name = trusted_devices)]
pub struct TrustedDevice {
    pub id: Uuid,
    pub device_name: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// The device of this person with that number, if it is trusted still.
pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    user: UserId,
    digest: &DeviceDigest,
    now: DateTime<Utc>,
) -> Result<Option<Uuid>, Error> {
    Ok(trusted_devices::table
        .filter(trusted_devices::digest.eq(&digest.0))
        .filter(trusted_devices::user_id.eq(user.uuid()))
        .filter(trusted_devices::ended_at.is_null())
        .filter(trusted_devices::expires_at.gt(now))
        .select(trusted_devices::id)
        .first(conn)
        .await
        .optional()?)
}

/// Trusts a device of a person whose row is locked, and tells them.
pub(crate) async fn add(
    conn: &mut AsyncPgConnection,
    person: &User,
    (digest, name): (&DeviceDigest, &str),
    now: DateTime<Utc>,
) -> Result<Uuid, Error> {
    let user = person.id;
    let open: Vec<Uuid> = alive(user, now).select(trusted_devices::id).load(conn).await?;
    let too_many = open.get(TRUSTED_MAX.saturating_sub(1)..).unwrap_or_default();
    end(conn, too_many, Actor::System, now).await?;
    let id = Uuid::now_v7();
    diesel::insert_into(trusted_devices::table)
        .values((
            trusted_devices::id.eq(id),
            trusted_devices::user_id.eq(user.uuid()),
            trusted_devices::digest.eq(&digest.0),
            trusted_devices::device_name.eq(name),
            trusted_devices::created_at.eq(now),
            trusted_devices::expires_at.eq(now.checked_add_signed(TRUST_TTL).unwrap_or(now)),
        ))
        .execute(conn)
        .await?;
    let subject = TrustedDeviceId::new(id);
    let trusted = AccessEvent::DeviceTrusted { user };
    log::append(conn, now, Actor::User(user), subject, trusted).await?;
    let params = json!({ "device": name, "at": notifications::deadline_text(now) });
    notifications::enqueue(conn, person, Template::DeviceTrusted, params, now).await?;
    Ok(id)
}

/// Those of a person that are trusted, the newest first.
#[diesel::dsl::auto_type]
fn alive(user: UserId, now: DateTime<Utc>) -> _ {
    let user: Uuid = user.uuid();
    trusted_devices::table
        .filter(trusted_devices::user_id.eq(user))
        .filter(trusted_devices::ended_at.is_null())
        .filter(trusted_devices::expires_at.gt(now))
        .order((trusted_devices::created_at.desc(), trusted_devices::id.desc()))
}

/// Ends those of them that are not over, with a record for each.
pub(crate) async fn end(
    conn: &mut AsyncPgConnection,
    ids: &[Uuid],
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let open = trusted_devices::table
        .filter(trusted_devices::id.eq_any(ids))
        .filter(trusted_devices::ended_at.is_null());
    let ended: Vec<Uuid> = diesel::update(open)
        .set(trusted_devices::ended_at.eq(Some(now)))
        .returning(trusted_devices::id)
        .get_results(conn)
        .await?;
    for id in ended {
        let subject = TrustedDeviceId::new(id);
        log::append(conn, now, actor, subject, AccessEvent::DeviceRevoked {}).await?;
    }
    Ok(())
}

/// Ends all of a person: another password, another factor, or everywhere is to be signed out.
pub(crate) async fn end_all(
    conn: &mut AsyncPgConnection,
    user: UserId,
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let all: Vec<Uuid> = alive(user, now).select(trusted_devices::id).load(conn).await?;
    end(conn, &all, actor, now).await
}

impl Store {
    /// The device of this person with that number, if it is trusted still.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn trusted_device(
        &self,
        user: UserId,
        digest: &DeviceDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<TrustedDeviceId>, Error> {
        let found = find(&mut *self.connection().await?, user, digest, now).await?;
        Ok(found.map(TrustedDeviceId::new))
    }

    /// Those of a person that are trusted, the newest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn trusted_devices(
        &self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<TrustedDevice>, Error> {
        let mut conn = self.connection().await?;
        Ok(alive(user, now).select(TrustedDevice::as_select()).load(&mut conn).await?)
    }

    /// Trusts a device of the person no more; one that is over stays as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the person never had it.
    pub async fn revoke_trusted_device(
        &self,
        user: UserId,
        id: TrustedDeviceId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let own = trusted_devices::table
                .find(id.uuid())
                .filter(trusted_devices::user_id.eq(user.uuid()));
            let known: Option<Uuid> =
                own.select(trusted_devices::id).first(conn).await.optional()?;
            known.ok_or(Error::NotFound("device"))?;
            end(conn, &[id.uuid()], Actor::User(user), now).await
        })
        .await
    }
}
