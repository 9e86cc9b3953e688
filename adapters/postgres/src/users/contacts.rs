//! A person's address and number: proving that they are theirs, and changing them.

use super::{User, load, lock_open};
use crate::codes::{self, CodeKey};
use crate::error::{Conflict, Error};
use crate::pool::Store;
use crate::schema::users;
use crate::vault::{Column, Vault};
use crate::{audit, deals, factors, notifications, trusted_devices};
use amana_domain::code::{Code, CodeRefusal, Purpose};
use amana_domain::contact::{Contact, ContactKind};
use amana_domain::deal::Actor;
use amana_domain::factor::FactorKind;
use amana_domain::id::UserId;
use amana_domain::notice::Template;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

impl Store {
    /// Sends the code that proves an address or number, again.
    ///
    /// # Errors
    /// [`Conflict::AlreadyVerified`], or [`CodeRefusal::TooMany`].
    pub async fn start_verification(
        &self,
        user: UserId,
        kind: ContactKind,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let user = lock_open(conn, user).await?;
            if user.verified_at(kind).is_some() {
                return Err(Error::Conflict(Conflict::AlreadyVerified));
            }
            let contact = user.contact(vault, kind)?;
            codes::send(conn, vault, &user, Purpose::verify(kind), &contact, now).await
        })
        .await
    }

    /// # Errors
    /// [`CodeRefusal::Wrong`].
    pub async fn verify_contact(
        &self,
        key: &CodeKey,
        user: UserId,
        (kind, told): (ContactKind, Code),
        now: DateTime<Utc>,
    ) -> Result<User, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        let purpose = (user, Purpose::verify(kind));
        let proof = codes::attempt(&mut conn, key, purpose, told, now).await?;
        let proof = proof.ok_or(CodeRefusal::Wrong)?;
        conn.transaction(async |conn| {
            let before = lock_open(conn, user).await?;
            codes::spend(conn, &proof, now).await?;
            // A change ends the codes for what it replaces, so this cannot be; it would be wrong to rely on it.
            if !proof.is_of(vault, &before, &before.contact(vault, kind)?) {
                return Err(CodeRefusal::Wrong.into());
            }
            note_verified(conn, user, kind, now).await?;
            let data = json!({ "channel": kind.as_str() });
            audit::record(conn, now, Actor::User(user), "user.verified", user, data).await?;
            load(conn, user).await
        })
        .await
    }

    /// Sends codes to what is to be replaced and to what is to replace it. Whether somebody else has that
    /// already is told to nobody who has not proven that it is theirs.
    ///
    /// # Errors
    /// [`CodeRefusal::TooMany`], or [`Conflict::SameContact`].
    pub async fn start_contact_change(
        &self,
        user: UserId,
        new: &Contact,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (kind, vault, mut conn) = (new.kind(), self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let user = lock_open(conn, user).await?;
            let old = user.contact(vault, kind)?;
            if old == *new {
                return Err(Error::Conflict(Conflict::SameContact));
            }
            codes::send(conn, vault, &user, Purpose::leave(kind), &old, now).await?;
            codes::send(conn, vault, &user, Purpose::change(kind), new, now).await
        })
        .await
    }

    /// Replaces an address or number by the one that the second code went to. Payments that are under way
    /// keep the number that they were made for.
    ///
    /// # Errors
    /// [`CodeRefusal::Wrong`] unless both codes are right, whichever is not; [`Conflict::EmailTaken`] or
    /// [`Conflict::PhoneTaken`].
    pub async fn change_contact(
        &self,
        key: &CodeKey,
        user: UserId,
        (kind, old, new): (ContactKind, Code, Code),
        now: DateTime<Utc>,
    ) -> Result<User, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        let (leave, change) = ((user, Purpose::leave(kind)), (user, Purpose::change(kind)));
        let old = codes::attempt(&mut conn, key, leave, old, now).await?;
        let new = codes::attempt(&mut conn, key, change, new, now).await?;
        let (old, new) = old.zip(new).ok_or(CodeRefusal::Wrong)?;
        conn.transaction(async |conn| {
            let before = lock_open(conn, user).await?;
            codes::spend(conn, &old, now).await?;
            codes::spend(conn, &new, now).await?;
            let former = before.contact(vault, kind)?;
            let present = new.target(vault, &before, kind)?;
            replace(conn, vault, &before, &present).await?;
            note_verified(conn, user, kind, now).await?;
            codes::end_all(conn, user, now).await?;
            if factors::active(conn, user).await? == Some(FactorKind::Message(kind)) {
                // The factor goes along, and so it is another one.
                trusted_devices::end_all(conn, user, Actor::User(user), now).await?;
            }
            let template = match kind {
                ContactKind::Email => Template::EmailChanged,
                ContactKind::Phone => Template::PhoneChanged,
            };
            notifications::enqueue_to(conn, vault, &before, template, &former, None, now).await?;
            let data = json!({ "channel": kind.as_str(), "from": former.masked(), "to": present.masked() });
            audit::record(conn, now, Actor::User(user), "user.contact_changed", user, data).await?;
            load(conn, user).await
        })
        .await
    }
}

/// Notes that it is the person's, and makes them the other side of the deals to which it was invited.
pub(crate) async fn note_verified(
    conn: &mut AsyncPgConnection,
    user: UserId,
    kind: ContactKind,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = diesel::update(users::table.find(user.uuid()));
    match kind {
        ContactKind::Email => row.set(users::email_verified_at.eq(Some(now))).execute(conn).await,
        ContactKind::Phone => row.set(users::phone_verified_at.eq(Some(now))).execute(conn).await,
    }?;
    deals::join_invited(conn, user, kind, now).await
}

async fn replace(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    user: &User,
    by: &Contact,
) -> Result<(), Error> {
    let (key, text) = (user.key(vault)?, by.as_str());
    let user = diesel::update(users::table.find(user.id.uuid()));
    let replaced = match by {
        Contact::Email(_) => {
            let sealed = users::email_sealed.eq(key.seal(Column::UserEmail, text)?);
            user.set((sealed, users::email_digest.eq(vault.email(text)))).execute(conn).await
        }
        Contact::Phone(_) => {
            let sealed = users::phone_sealed.eq(key.seal(Column::UserPhone, text)?);
            user.set((sealed, users::phone_digest.eq(vault.phone(text)))).execute(conn).await
        }
    };
    replaced.map_err(super::taken)?;
    Ok(())
}
