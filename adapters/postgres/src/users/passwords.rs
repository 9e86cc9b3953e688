//! Setting a password: by whoever knows the present one, or reads what goes to the person's address or number.

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

/// Nobody's: time-ordered ids are never zero.
const NOBODY: UserId = UserId::new(Uuid::nil());

impl Store {
    /// Sends a code to the address or number, if it names an account; to the other contact if the account's second
    /// factor is a message to this one. An unverified contact gets none of an account that has a verified one. Nothing
    /// tells the caller: neither that nobody has it, nor that the account is closed, nor that too many codes were sent.
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
            // Changed while we waited for the lock: the code would go to somebody else.
            if user.contact(vault, login.kind())?.as_ref() != Some(login) {
                return Ok(());
            }
            let to = if user.is_verified() {
                let kind =
                    FactorKind::reset_by(factors::active(conn, user.id).await?, login.kind());
                user.verified_contact(vault, kind)?
            } else {
                // Whoever typed the contact may have set up the factor, so it has no say.
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

    /// Whose password may be set by whoever told this code. The same is done for an address or number that
    /// nobody has.
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

    /// Sets another password by the proof of a contact, which is verified by that, and ends what others may have made:
    /// all sessions, trusted devices and API keys. If no contact was verified before, anybody may have typed the
    /// contact: then the second factor and an unverified other contact go too.
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

    /// Sets another password in the place of the one whose hash this was.
    ///
    /// # Errors
    /// [`Conflict::IncorrectPassword`] if it was replaced since its hash was read.
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

/// The kind of the contact that a code went to.
///
/// # Errors
/// [`CodeRefusal::Wrong`] if the person has it no more.
fn proven_kind(vault: &Vault, user: &User, proof: &Proof) -> Result<ContactKind, Error> {
    for kind in ContactKind::ALL {
        if user.contact(vault, *kind)?.is_some_and(|contact| proof.is_of(vault, user, &contact)) {
            return Ok(*kind);
        }
    }
    Err(CodeRefusal::Wrong.into())
}

/// In which way a password was replaced: what the audit calls it, and what the person is told.
struct Way {
    event: fn() -> UserEvent,
    template: Template,
}

const CHANGED: Way =
    Way { event: || UserEvent::PasswordChanged {}, template: Template::PasswordChanged };
const RESET: Way = Way { event: || UserEvent::PasswordReset {}, template: Template::PasswordReset };

/// The one place where a password is replaced. The person's row is locked.
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
    // Whoever had the old password is out.
    let why = (EndReason::PasswordChanged, Actor::User(user.id));
    sessions::end_all(conn, user.id, why, now).await?;
    trusted_devices::end_all(conn, user.id, Actor::User(user.id), now).await?;
    // To the contact of now: whoever set the password may be about to change that, too.
    if let Some(to) = user.reached_at(vault)? {
        notifications::enqueue_to(conn, vault, user, way.template, &to, None, now).await?;
    }
    log::append(conn, now, Actor::User(user.id), user.id, (way.event)()).await
}
