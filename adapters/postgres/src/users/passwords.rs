//! Setting a password: with the current one, or with a code sent to a contact of the user.

use super::claiming::{lock_to_claim, take, taken_is_wrong, verify};
use super::identity::find_login;
use super::{User, load, lock_open};
use crate::codes::{self, CodeKey, Proof};
use crate::error::{Conflict, Error};
use crate::pool::Store;
use crate::schema::users;
use crate::vault::Vault;
use crate::{api_keys, factors, log, notifications, sessions, trusted_devices};
use amana_domain::code::{Code, CodeRefusal, Purpose};
use amana_domain::contact::{Contact, ContactKind};
use amana_domain::deal::Actor;
use amana_domain::event::UserEvent;
use amana_domain::factor::FactorKind;
use amana_domain::id::UserId;
use amana_domain::notice::Template;
use amana_domain::session::EndReason;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// No user's id: time-ordered ids are never zero.
const NOBODY: UserId = UserId::new(Uuid::nil());

impl Store {
    /// Sends a code to the contact if it identifies an account, or to the other contact if this one receives the second
    /// factor. An unverified contact of an account that has a verified one gets no code. The caller cannot tell whether
    /// a code was sent: unknown contacts, closed accounts and exceeded limits look the same.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn start_password_reset(
        &self,
        login: &Contact,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        let sent = conn.transaction(async |conn| {
            let Some(found) = find_login(conn, vault, login).await? else { return Ok(()) };
            let user = lock_open(conn, found.id).await?;
            // The contact changed while this waited for the lock; the code would go to another person.
            if user.contact(vault, login.kind())?.as_ref() != Some(login) {
                return Ok(());
            }
            let to = if user.is_verified() {
                let kind =
                    FactorKind::reset_by(factors::active(conn, user.id).await?, login.kind());
                user.verified_contact(vault, kind)?
            } else {
                // The person who typed the contact may also have set up the second factor, so the factor does not
                // count.
                Some(login.clone())
            };
            let Some(to) = to else { return Ok(()) };
            codes::send(conn, vault, &user, Purpose::ResetPassword, &to, now).await
        });
        match sent.await {
            Err(Error::Code(_) | Error::Transfer(_)) => Ok(()),
            sent => sent,
        }
    }

    /// Verifies a code and returns the user whose password it may reset. An unknown contact takes the same steps, so
    /// that response reveals nothing.
    ///
    /// # Errors
    /// [`CodeRefusal::Wrong`].
    pub async fn prove_password_reset(
        &self,
        key: &CodeKey,
        (login, told): (&Contact, Code),
        now: DateTime<Utc>,
    ) -> Result<(User, Proof), Error> {
        let mut conn = self.connection().await?;
        let user = find_login(&mut conn, self.vault()?, login).await?;
        let user = user.map_or(NOBODY, |user| user.id);
        let purpose = (user, Purpose::ResetPassword);
        let proof = codes::attempt(&mut conn, key, purpose, told, now).await?;
        let proof = proof.ok_or(CodeRefusal::Wrong)?;
        Ok((load(&mut conn, user).await?, proof))
    }

    /// Resets the password with a verified code. Verifies the contact and ends all sessions, trusted devices and API
    /// keys, because others may have created them. If no contact was verified before, a stranger may have registered
    /// the account: then the second factor and an unverified other contact are removed too.
    ///
    /// # Errors
    /// [`CodeRefusal::Wrong`] if the code was used or replaced meanwhile, or another account has verified the contact.
    pub async fn reset_password(
        &self,
        user: UserId,
        proof: &Proof,
        hash: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let kind = proven_kind(vault, &load(conn, user).await?, proof)?;
            lock_to_claim(conn, user, kind, None).await?;
            let before = lock_open(conn, user).await?;
            codes::spend(conn, proof, now).await?;
            if proven_kind(vault, &before, proof)? != kind {
                return Err(CodeRefusal::Wrong.into());
            }
            if before.verified_at(kind).is_none() {
                verify(conn, user, kind, now).await.map_err(taken_is_wrong)?;
            }
            if !before.is_verified() {
                factors::forget(conn, user, now).await?;
                if before.has(kind.other()) {
                    take(conn, user, kind.other(), now).await?;
                }
            }
            let why = (Actor::User(user), "password_reset");
            api_keys::revoke_all(conn, user, why, now).await?;
            let user = load(conn, user).await?;
            replace(conn, vault, &user, (hash, &RESET), now).await
        })
        .await
    }

    /// Changes the password, given the hash of the current one.
    ///
    /// # Errors
    /// [`Conflict::IncorrectPassword`] if it was changed since its hash was read.
    pub async fn set_password(
        &self,
        user: UserId,
        (present, hash): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let user = lock_open(conn, user).await?;
            if user.password_hash != present {
                return Err(Error::Conflict(Conflict::IncorrectPassword));
            }
            replace(conn, vault, &user, (hash, &CHANGED), now).await
        })
        .await
    }
}

/// Returns the kind of the contact that received the code.
///
/// # Errors
/// [`CodeRefusal::Wrong`] if the user no longer has this contact.
fn proven_kind(vault: &Vault, user: &User, proof: &Proof) -> Result<ContactKind, Error> {
    for kind in ContactKind::ALL {
        if user.contact(vault, *kind)?.is_some_and(|contact| proof.is_of(vault, user, &contact)) {
            return Ok(*kind);
        }
    }
    Err(CodeRefusal::Wrong.into())
}

/// The audit event and the message for a way of changing a password.
struct Way {
    event: fn() -> UserEvent,
    template: Template,
}

const CHANGED: Way =
    Way { event: || UserEvent::PasswordChanged {}, template: Template::PasswordChanged };
const RESET: Way = Way { event: || UserEvent::PasswordReset {}, template: Template::PasswordReset };

/// Replaces the password; no other function does. The user's row must be locked.
async fn replace(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    user: &User,
    (hash, way): (&str, &Way),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::update(users::table.find(user.id.uuid()))
        .set(users::password_hash.eq(hash))
        .execute(conn)
        .await?;
    codes::end_all(conn, user.id, now).await?;
    // Ends all access that the old password gave.
    let why = (EndReason::PasswordChanged, Actor::User(user.id));
    sessions::end_all(conn, user.id, why, now).await?;
    trusted_devices::end_all(conn, user.id, Actor::User(user.id), now).await?;
    // Sent to the present contact, because the person who set the password may change the contact next.
    if let Some(to) = user.reached_at(vault)? {
        notifications::enqueue_to(conn, vault, user, way.template, &to, None, now).await?;
    }
    log::append(conn, now, Actor::User(user.id), user.id, (way.event)()).await
}
