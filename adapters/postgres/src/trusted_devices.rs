//! Trusted devices, on which a log-in requires no second factor. The device sends a random number; only its digest is
//! stored. It replaces the second factor at log-in only, never the password and never a step-up.

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

/// The stored digest of a device's number.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceDigest(Vec<u8>);

impl DeviceDigest {
    /// Computes a fast digest without a key, which suffices for long random numbers.
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

/// A trusted device.
#[derive(Debug, Clone, PartialEq, Eq, HasQuery)]
#[diesel(table_name = trusted_devices)]
pub struct TrustedDevice {
    pub id: Uuid,
    pub device_name: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Returns the user's trusted device with this number.
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

/// Trusts a device of a user whose row is locked, and notifies the user.
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

/// Returns the user's trusted devices, newest first.
#[diesel::dsl::auto_type]
fn alive(user: UserId, now: DateTime<Utc>) -> _ {
    let user: Uuid = user.uuid();
    trusted_devices::table
        .filter(trusted_devices::user_id.eq(user))
        .filter(trusted_devices::ended_at.is_null())
        .filter(trusted_devices::expires_at.gt(now))
        .order((trusted_devices::created_at.desc(), trusted_devices::id.desc()))
}

/// Revokes those of the devices that are not revoked yet, and records each.
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

/// Revokes all trusted devices of a user, after a change of password or factor, or when signing out everywhere.
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
    /// Returns the user's trusted device with this number.
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

    /// Returns the user's trusted devices, newest first.
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

    /// Revokes the trust in a device of the user. Does nothing if it has ended already.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the device was never the user's.
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
