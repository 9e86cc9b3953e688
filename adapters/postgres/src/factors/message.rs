//! A second factor that is codes sent to the person, to an address or number that is known to be theirs. A code is
//! a one-time code like others: made of a random id, good for five minutes, five tries and one use.

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
    /// Makes codes that are sent to the person the second factor.
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

    /// Sends the person another code: to somebody who has shown the password, or is logged in.
    ///
    /// # Errors
    /// [`Conflict::ChallengeExpired`] if the password was replaced since, [`Error::NotFound`] if no code of the person
    /// is sent, [`Error::Code`] if too many were.
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

/// Sends a code to a person whose row is locked, and tells where it went.
///
/// # Errors
/// [`Error::Code`] if too many were; then nothing was changed, and the one before is good still.
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

/// Whether this is the code that was sent; then it is used up.
pub(super) async fn take(
    conn: &mut AsyncPgConnection,
    user: UserId,
    (key, told): (&CodeKey, Code),
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    // The try is counted in the transaction that counts the one at the factor, and committed with it.
    let proof = codes::attempt(conn, key, (user, Purpose::SecondFactor), told, now).await?;
    match proof {
        None => Ok(false),
        Some(proof) => codes::spend(conn, &proof, now).await.map(|()| true),
    }
}
