//! Setting a password: by whoever knows the present one, or reads what goes to the person's address or number.

use super::{User, lock_open};
use crate::codes::{self, CodeKey, Proof};
use crate::error::{Conflict, Error};
use crate::pool::Store;
use crate::schema::users;
use crate::vault::Vault;
use crate::{audit, factors, notifications, sessions, trusted_devices};
use amana_domain::code::{Code, CodeRefusal, Purpose};
use amana_domain::contact::{Contact, ContactKind};
use amana_domain::deal::Actor;
use amana_domain::factor::FactorKind;
use amana_domain::id::UserId;
use amana_domain::notice::Template;
use amana_domain::session::EndReason;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

/// Nobody's: time-ordered ids are never zero.
const NOBODY: UserId = UserId::new(Uuid::nil());

impl Store {
    /// Sends a code to whoever has this address or number, if anybody has; by the other way if the person's second
    /// factor comes by this one. Nothing tells the caller: neither
    /// that nobody has it, nor that the account is closed, nor that too many codes were sent.
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
            let Some(id) = find(conn, vault, login).await? else { return Ok(()) };
            let user = lock_open(conn, id).await?;
            // Changed while we waited for the lock: the code would go to somebody else.
            if user.contact(vault, login.kind())? != *login {
                return Ok(());
            }
            let kind = FactorKind::reset_by(factors::active(conn, id).await?, login.kind());
            let to = user.contact(vault, kind)?;
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
        let user = find(&mut conn, self.vault()?, login).await?.unwrap_or(NOBODY);
        let purpose = (user, Purpose::ResetPassword);
        let proof = codes::attempt(&mut conn, key, purpose, told, now).await?;
        let proof = proof.ok_or(CodeRefusal::Wrong)?;
        Ok((super::load(&mut conn, user).await?, proof))
    }

    /// # Errors
    /// [`CodeRefusal::Wrong`] if the code was used or replaced meanwhile.
    pub async fn reset_password(
        &self,
        user: UserId,
        proof: &Proof,
        hash: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let user = lock_open(conn, user).await?;
            codes::spend(conn, proof, now).await?;
            replace(conn, vault, &user, (hash, "user.password_reset"), now).await
        })
        .await
    }

    /// Sets another password in the place of the one whose hash this was.
    ///
    /// # Errors
    /// [`Conflict::PasswordWrong`] if it was replaced since its hash was read.
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
                return Err(Error::Conflict(Conflict::PasswordWrong));
            }
            replace(conn, vault, &user, (hash, "user.password_changed"), now).await
        })
        .await
    }
}

async fn find(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    login: &Contact,
) -> Result<Option<UserId>, Error> {
    let all = users::table.select(users::id).into_boxed();
    let query = match login {
        Contact::Email(email) => all.filter(users::email_digest.eq(vault.email(email))),
        Contact::Phone(phone) => all.filter(users::phone_digest.eq(vault.phone(phone.as_str()))),
    };
    let found: Option<Uuid> = query.first(conn).await.optional()?;
    Ok(found.map(UserId::new))
}

/// The one place where a password is replaced. The person's row is locked.
async fn replace(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    user: &User,
    (hash, action): (&str, &'static str),
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
    // To the address of now: whoever set the password may be about to change that, too.
    let (template, address) = (Template::PasswordChanged, user.contact(vault, ContactKind::Email)?);
    notifications::enqueue_to(conn, vault, user, template, &address, None, now).await?;
    audit::record(conn, now, Actor::User(user.id), action, user.id, json!({})).await
}
