//! A second factor by codes sent to a verified contact. They are ordinary one-time codes: valid for five minutes, five
//! attempts and one use.

use super::{active, forget_begun, set_codes, tell};
use crate::codes::{self, CodeKey};
use crate::error::{Conflict, Error};
use crate::log;
use crate::pool::Store;
use crate::schema::second_factors;
use crate::users::{PasswordMark, User, lock_active, lock_open};
use crate::vault::Vault;
use amana_domain::code::{Code, Purpose};
use amana_domain::contact::{Contact, ContactKind};
use amana_domain::deal::Actor;
use amana_domain::event::AccessEvent;
use amana_domain::factor::FactorKind;
use amana_domain::id::UserId;
use amana_domain::notice::Template;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

impl Store {
    /// Enables a second factor by codes sent to a verified contact.
    ///
    /// # Errors
    /// [`Conflict::ChannelNotVerified`], [`Conflict::FactorActive`], or [`Error::Transfer`] if the account is closed or
    /// has no verified contact.
    pub async fn set_message_factor(
        &self,
        user: UserId,
        channel: ContactKind,
        digests: &[Vec<u8>],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let person = lock_active(conn, user).await?;
            if person.verified_at(channel).is_none() {
                return Err(Error::Conflict(Conflict::ChannelNotVerified));
            }
            forget_begun(conn, user).await?;
            let made = diesel::insert_into(second_factors::table)
                .values((
                    second_factors::user_id.eq(user.uuid()),
                    second_factors::channel.eq(Some(channel.as_str())),
                    second_factors::created_at.eq(now),
                    second_factors::confirmed_at.eq(Some(now)),
                ))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
            if made == 0 {
                return Err(Error::Conflict(Conflict::FactorActive));
            }
            set_codes(conn, user, digests).await?;
            let added = AccessEvent::FactorAdded { channel: Some(channel) };
            log::append(conn, now, Actor::User(user), user, added).await?;
            tell(conn, user, Template::FactorAdded, now).await
        })
        .await
    }

    /// Sends another code to a user who has shown the password or is logged in.
    ///
    /// # Errors
    /// [`Conflict::ChallengeExpired`] if the password was changed since, [`Error::NotFound`] if the user's factor is
    /// not a message, [`Error::Code`] if the limit of codes is reached.
    pub async fn send_factor_code(
        &self,
        user: UserId,
        password: Option<&PasswordMark>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let user = lock_open(conn, user).await?;
            if password.is_some_and(|shown| user.password_mark() != *shown) {
                return Err(Error::Conflict(Conflict::ChallengeExpired));
            }
            match active(conn, user.id).await? {
                Some(FactorKind::Message(channel)) => {
                    send_code(conn, vault, &user, channel, now).await.map(drop)
                }
                Some(FactorKind::App) | None => Err(Error::NotFound("second factor")),
            }
        })
        .await
    }
}

/// Sends a code to a user whose row is locked, and returns the contact.
///
/// # Errors
/// [`Error::Code`] if the limit is reached; then nothing has changed, and the previous code remains valid.
pub(crate) async fn send_code(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    user: &User,
    channel: ContactKind,
    now: DateTime<Utc>,
) -> Result<Contact, Error> {
    let to = user.verified_contact(vault, channel)?.ok_or(Error::NotFound("contact"))?;
    codes::send(conn, vault, user, Purpose::SecondFactor, &to, now).await?;
    Ok(to)
}

/// Verifies a sent code and marks it as used.
pub(super) async fn take(
    conn: &mut AsyncPgConnection,
    user: UserId,
    (key, told): (&CodeKey, Code),
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    // Counted in the same transaction as the attempt at the factor, which always commits.
    let proof = codes::attempt(conn, key, (user, Purpose::SecondFactor), told, now).await?;
    match proof {
        None => Ok(false),
        Some(proof) => codes::spend(conn, &proof, now).await.map(|()| true),
    }
}
