//! The second factor of a user: enrolment, confirmation, removal and backup codes.
//!
//! The store cannot reveal a factor: the TOTP secret is sealed and backup codes are digests, both with keys that the
//! store does not have. The caller therefore passes a function that reads the secret ([`Shown`]).

mod message;
mod present;

pub(crate) use message::send_code;
pub(crate) use present::{Stage, present};

use crate::codes::CodeKey;
use crate::error::{Conflict, Error};
use crate::pool::Store;
use crate::row::parse;
use crate::schema::{backup_codes, second_factors};
use crate::users::{load, require_active};
use crate::{log, notifications, sessions, trusted_devices};
use amana_domain::code::Code;
use amana_domain::deal::Actor;
use amana_domain::event::AccessEvent;
use amana_domain::factor::FactorKind;
use amana_domain::id::UserId;
use amana_domain::notice::Template;
use amana_domain::session::EndReason;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

/// Returns the time step of a valid code, given the sealed secret and the last used step.
pub type ReadCode = Box<dyn FnOnce(&[u8], Option<i64>) -> Result<Option<i64>, Unreadable> + Send>;

/// The secret was sealed with another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

/// A code as entered by the user.
pub enum Shown {
    /// Six digits, from the authenticator app or from a message, depending on the user's factor.
    Digits { read: ReadCode, told: Code, key: Box<CodeKey> },
    /// The digest of a backup code.
    Backup(Vec<u8>),
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shown")
    }
}

/// An active second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactorView {
    pub kind: FactorKind,
    pub since: DateTime<Utc>,
    pub backup_codes_remaining: i64,
}

/// Returns the kind of the user's active factor.
pub(crate) async fn active(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> Result<Option<FactorKind>, Error> {
    let found: Option<Option<String>> = second_factors::table
        .find(user.uuid())
        .filter(second_factors::confirmed_at.is_not_null())
        .select(second_factors::channel)
        .first(conn)
        .await
        .optional()?;
    found.map(kind).transpose()
}

fn kind(channel: Option<String>) -> Result<FactorKind, Error> {
    match channel {
        None => Ok(FactorKind::App),
        Some(channel) => Ok(FactorKind::Message(parse(&channel)?)),
    }
}

async fn codes_left(conn: &mut AsyncPgConnection, user: UserId) -> Result<i64, Error> {
    let of_user = backup_codes::table.filter(backup_codes::user_id.eq(user.uuid()));
    Ok(of_user.filter(backup_codes::used_at.is_null()).count().get_result(conn).await?)
}

async fn tell(
    conn: &mut AsyncPgConnection,
    user: UserId,
    template: Template,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let left = codes_left(conn, user).await?;
    let params = json!({ "at": notifications::deadline_text(now), "left": left.to_string() });
    let user = load(conn, user).await?;
    notifications::enqueue(conn, &user, template, params, now).await
}

/// Deletes a factor that was never confirmed.
async fn forget_begun(conn: &mut AsyncPgConnection, user: UserId) -> Result<(), Error> {
    let own = second_factors::table.find(user.uuid());
    diesel::delete(own.filter(second_factors::confirmed_at.is_null())).execute(conn).await?;
    Ok(())
}

/// Replaces all backup codes of the user.
async fn set_codes(
    conn: &mut AsyncPgConnection,
    user: UserId,
    digests: &[Vec<u8>],
) -> Result<(), Error> {
    let of_user = backup_codes::table.filter(backup_codes::user_id.eq(user.uuid()));
    diesel::delete(of_user).execute(conn).await?;
    let rows: Vec<_> = digests
        .iter()
        .map(|digest| (backup_codes::user_id.eq(user.uuid()), backup_codes::digest.eq(digest)))
        .collect();
    diesel::insert_into(backup_codes::table).values(rows).execute(conn).await?;
    Ok(())
}

/// Removes a lost second factor and ends all sessions, so that the user must log in again.
///
/// # Errors
/// [`Error::NotFound`] if no factor is active.
pub(crate) async fn remove_lost(
    conn: &mut AsyncPgConnection,
    user: UserId,
    by: UserId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    remove(conn, user, by, now).await?;
    sessions::end_all(conn, user, (EndReason::FactorRemoved, Actor::User(by)), now).await
}

/// Removes a factor, confirmed or not, that was added before the user had verified any contact.
pub(crate) async fn forget(
    conn: &mut AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    forget_begun(conn, user).await?;
    match remove(conn, user, user, now).await {
        Ok(()) | Err(Error::NotFound(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn remove(
    conn: &mut AsyncPgConnection,
    user: UserId,
    by: UserId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let active =
        second_factors::table.find(user.uuid()).filter(second_factors::confirmed_at.is_not_null());
    if diesel::delete(active).execute(conn).await? == 0 {
        return Err(Error::NotFound("second factor"));
    }
    trusted_devices::end_all(conn, user, Actor::User(by), now).await?;
    log::append(conn, now, Actor::User(by), user, AccessEvent::FactorRemoved {}).await
}

impl Store {
    /// Returns the user's active factor.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn second_factor(&self, user: UserId) -> Result<Option<FactorView>, Error> {
        let mut conn = self.connection().await?;
        let found: Option<(Option<DateTime<Utc>>, Option<String>)> = second_factors::table
            .find(user.uuid())
            .select((second_factors::confirmed_at, second_factors::channel))
            .first(&mut conn)
            .await
            .optional()?;
        let Some((Some(since), channel)) = found else { return Ok(None) };
        let backup_codes_remaining = codes_left(&mut conn, user).await?;
        Ok(Some(FactorView { kind: kind(channel)?, since, backup_codes_remaining }))
    }

    /// Stores a sealed secret until a code confirms it. Replaces an earlier unconfirmed one.
    ///
    /// # Errors
    /// [`Conflict::FactorActive`], or [`Error::Transfer`] if the account is closed.
    pub async fn begin_second_factor(
        &self,
        user: UserId,
        sealed: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            require_active(conn, user).await?;
            forget_begun(conn, user).await?;
            let begun = diesel::insert_into(second_factors::table)
                .values((
                    second_factors::user_id.eq(user.uuid()),
                    second_factors::secret.eq(sealed),
                    second_factors::created_at.eq(now),
                ))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
            if begun == 0 {
                return Err(Error::Conflict(Conflict::FactorActive));
            }
            let started = AccessEvent::FactorEnrolmentStarted {};
            log::append(conn, now, Actor::User(user), user, started).await
        })
        .await
    }

    /// Activates a factor after a code has shown that the user's app has the secret.
    ///
    /// # Errors
    /// [`Error::Factor`], or [`Error::NotFound`] if no enrolment was started.
    pub async fn confirm_second_factor(
        &self,
        user: UserId,
        shown: Shown,
        digests: &[Vec<u8>],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        let confirmed = conn
            .transaction(async |conn| {
                let proven = present(conn, user, shown, Stage::Begun, now).await?;
                if proven.is_err() {
                    // The attempt counts, so this transaction commits.
                    return Ok::<_, Error>(proven);
                }
                diesel::update(second_factors::table.find(user.uuid()))
                    .set(second_factors::confirmed_at.eq(Some(now)))
                    .execute(conn)
                    .await?;
                set_codes(conn, user, digests).await?;
                let added = AccessEvent::FactorAdded { channel: None };
                log::append(conn, now, Actor::User(user), user, added).await?;
                tell(conn, user, Template::FactorAdded, now).await?;
                Ok(proven)
            })
            .await?;
        confirmed.map_err(Error::Factor)
    }

    /// Replaces all backup codes.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no factor is active.
    pub async fn replace_backup_codes(
        &self,
        user: UserId,
        digests: &[Vec<u8>],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            // The lock ensures that concurrent calls do not leave a mixture of both sets of codes.
            let active = second_factors::table
                .find(user.uuid())
                .filter(second_factors::confirmed_at.is_not_null());
            let own: Option<uuid::Uuid> = active
                .select(second_factors::user_id)
                .for_no_key_update()
                .first(conn)
                .await
                .optional()?;
            own.ok_or(Error::NotFound("second factor"))?;
            set_codes(conn, user, digests).await?;
            let replaced = AccessEvent::BackupCodesReplaced {};
            log::append(conn, now, Actor::User(user), user, replaced).await
        })
        .await
    }

    /// Removes the factor and its backup codes.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no factor is active.
    pub async fn remove_second_factor(
        &self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            remove(conn, user, user, now).await?;
            tell(conn, user, Template::FactorRemoved, now).await
        })
        .await
    }
}
