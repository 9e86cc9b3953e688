//! Logging in: by the password, and the second factor of those who have one.
//!
//! The password is checked before the store is called, because that takes long. That it is the same still is
//! looked at under the lock of the person's row: whoever replaces it takes that lock too, and ends all sessions.

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

/// What a right password leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogIn {
    Opened(SessionView),
    /// The person has a second factor, which is to be shown first.
    FactorWanted {
        kind: FactorKind,
        /// Where a code was sent just now.
        sent_to: Option<Contact>,
    },
}

impl Store {
    /// Opens a session for somebody who has shown the person's password, unless a code is wanted too; on a trusted
    /// device none is. `None`: the password was replaced meanwhile.
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

    /// Opens a session for somebody who has shown the password before, and shows the second factor now. With a number
    /// for it, the device is trusted from now on.
    ///
    /// # Errors
    /// [`Conflict::ChallengeExpired`] if the password was replaced since, [`Error::Factor`], [`Error::NotFound`] if
    /// there is no factor, or [`Error::Transfer`] if the account is closed.
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
                    // The try counts: this is committed.
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

/// To those whose factor is a message. After too many there is none: an earlier one may be good still, and a backup
/// code always is.
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

/// The person, locked, if the password is the one that was shown. One log-in of a person at a time: so the bound
/// on the number of their sessions is exact, too.
async fn lock_with(
    conn: &mut AsyncPgConnection,
    user: UserId,
    password: &PasswordMark,
) -> Result<Option<User>, Error> {
    let user = lock_open(conn, user).await?;
    Ok(Some(user).filter(|user| user.password_mark() == *password))
}
