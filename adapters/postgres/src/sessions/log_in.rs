//! Log-in with password and, if the account has one, second factor.
//!
//! The password is verified before the store is called, because hashing is slow. The lock of the user's row then
//! ensures that the password is unchanged: a password change takes the same lock and ends all sessions.

use super::{Device, SessionView, open};
use crate::error::{Conflict, Error};
use crate::factors::{self, Shown, Stage};
use crate::pool::Store;
use crate::trusted_devices::{self, DeviceDigest};
use crate::users::{PasswordMark, User, lock_open};
use crate::vault::Vault;
use amana_domain::code::CodeRefusal;
use amana_domain::contact::Contact;
use amana_domain::factor::FactorKind;
use amana_domain::id::UserId;
use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};

/// The result of a correct password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogIn {
    Opened(SessionView),
    /// The second factor is required next.
    FactorWanted {
        kind: FactorKind,
        /// The contact to which a code was just sent.
        sent_to: Option<Contact>,
    },
}

impl Store {
    /// Opens a session after the password was verified, unless a second factor is required. A trusted device needs
    /// none. Returns `None` if the password was changed meanwhile.
    ///
    /// # Errors
    /// [`Error::Transfer`] if the account is closed.
    pub async fn log_in(
        &self,
        (user, password): (UserId, &PasswordMark),
        (device, trusted): (&Device, Option<&DeviceDigest>),
        now: DateTime<Utc>,
    ) -> Result<Option<LogIn>, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let Some(person) = lock_with(conn, user, password).await? else { return Ok(None) };
            let trusted = match trusted {
                Some(digest) => trusted_devices::find(conn, user, digest, now).await?,
                None => None,
            };
            if let Some(kind) = factors::active(conn, user).await?
                && trusted.is_none()
            {
                let sent_to = send_code(conn, vault, &person, kind, now).await?;
                return Ok(Some(LogIn::FactorWanted { kind, sent_to }));
            }
            Ok(Some(LogIn::Opened(open(conn, user, (device, trusted), now).await?)))
        })
        .await
    }

    /// Opens a session for a user who has shown the password before and shows the second factor now. With a device
    /// digest, the device becomes trusted.
    ///
    /// # Errors
    /// [`Conflict::ChallengeExpired`] if the password was changed since, [`Error::Factor`], [`Error::NotFound`] if
    /// there is no second factor, or [`Error::Transfer`] if the account is closed.
    pub async fn log_in_with_factor(
        &self,
        (user, password): (UserId, &PasswordMark),
        shown: Shown,
        (device, trust): (&Device, Option<&DeviceDigest>),
        now: DateTime<Utc>,
    ) -> Result<(User, SessionView), Error> {
        let mut conn = self.connection().await?;
        let opened = conn
            .transaction(async |conn| {
                let person = lock_with(conn, user, password).await?;
                let person = person.ok_or(Error::Conflict(Conflict::ChallengeExpired))?;
                let proven = factors::present(conn, user, shown, Stage::Active, now).await?;
                if let Err(refusal) = proven {
                    // The attempt counts, so this transaction commits.
                    return Ok::<_, Error>(Err(refusal));
                }
                let trusted = match trust {
                    Some(digest) => {
                        let device = (digest, device.name.as_str());
                        Some(trusted_devices::add(conn, &person, device, now).await?)
                    }
                    None => None,
                };
                Ok(Ok((person, open(conn, user, (device, trusted), now).await?)))
            })
            .await?;
        opened.map_err(Error::Factor)
    }
}

/// Sends a code if the second factor is a message. Sends none beyond the limit: an earlier code may still be valid, and
/// backup codes work.
async fn send_code(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    user: &User,
    kind: FactorKind,
    now: DateTime<Utc>,
) -> Result<Option<Contact>, Error> {
    match kind {
        FactorKind::App => Ok(None),
        FactorKind::Message(channel) => {
            match factors::send_code(conn, vault, user, channel, now).await {
                Ok(to) => Ok(Some(to)),
                Err(Error::Code(CodeRefusal::TooMany { .. })) => Ok(None),
                Err(error) => Err(error),
            }
        }
    }
}

/// Locks the user and returns them if the password is unchanged. The lock serializes a user's log-ins, so that the
/// limit of sessions is exact.
async fn lock_with(
    conn: &mut AsyncPgConnection,
    user: UserId,
    password: &PasswordMark,
) -> Result<Option<User>, Error> {
    let user = lock_open(conn, user).await?;
    Ok(Some(user).filter(|user| user.password_mark() == *password))
}
