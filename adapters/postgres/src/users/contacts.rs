//! A user's contacts: verifying, adding and replacing them.

use super::claiming::{lock_to_claim, note_verified, taken_is_wrong, verify};
use super::{User, identity, load, lock_open};
use crate::codes::{self, CodeKey};
use crate::error::{Conflict, Error};
use crate::pool::Store;
use crate::schema::{notifications as sent, users};
use crate::vault::{Column, Vault};
use crate::{factors, log, notifications, trusted_devices};
use amana_domain::code::{Code, CodeRefusal, Purpose};
use amana_domain::contact::{Contact, ContactKind};
use amana_domain::deal::Actor;
use amana_domain::event::UserEvent;
use amana_domain::factor::FactorKind;
use amana_domain::id::UserId;
use amana_domain::notice::Template;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

/// Minimum time between two messages that tell a contact's owner about another account's attempt to use it.
const TOLD_EVERY: TimeDelta = TimeDelta::days(1);

impl Store {
    /// Sends the code that verifies an e-mail address or phone number, again.
    ///
    /// # Errors
    /// [`Conflict::AlreadyVerified`], [`CodeRefusal::TooMany`], or [`Error::NotFound`] if the account has no such
    /// contact.
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
            let contact = user.contact(vault, kind)?.ok_or(Error::NotFound("contact"))?;
            send_verification(conn, vault, &user, &contact, now).await
        })
        .await
    }

    /// # Errors
    /// [`CodeRefusal::Wrong`], also if another account has verified the contact.
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
            lock_to_claim(conn, user, kind, None).await?;
            let before = lock_open(conn, user).await?;
            codes::spend(conn, &proof, now).await?;
            // A contact change ends the codes of the old contact, so this should not happen; the check does not rely on
            // that.
            let contact = before.contact(vault, kind)?;
            if !contact.is_some_and(|contact| proof.is_of(vault, &before, &contact)) {
                return Err(CodeRefusal::Wrong.into());
            }
            verify(conn, user, kind, now).await.map_err(taken_is_wrong)?;
            load(conn, user).await
        })
        .await
    }

    /// Sends a code to the new contact and one to the verified contact that it replaces. Only a caller who has verified
    /// the new contact learns whether another account has it.
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
            if user.contact(vault, kind)?.as_ref() == Some(new) {
                return Err(Error::Conflict(Conflict::SameContact));
            }
            if let Some(old) = user.verified_contact(vault, kind)? {
                codes::send(conn, vault, &user, Purpose::leave(kind), &old, now).await?;
            }
            codes::send(conn, vault, &user, Purpose::change(kind), new, now).await
        })
        .await
    }

    /// Replaces a contact by the new one, or adds it. Replacing a verified contact requires the code sent to it as
    /// well. Pending payments keep their phone number.
    /// # Errors
    /// [`CodeRefusal::Wrong`] if either code is wrong, without telling which; [`Conflict::EmailTaken`] or
    /// [`Conflict::PhoneTaken`].
    pub async fn change_contact(
        &self,
        key: &CodeKey,
        user: UserId,
        (kind, old, new): (ContactKind, Option<Code>, Code),
        now: DateTime<Utc>,
    ) -> Result<User, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        let leave = (user, Purpose::leave(kind));
        let old = match old {
            Some(code) => {
                let proof = codes::attempt(&mut conn, key, leave, code, now).await?;
                Some(proof.ok_or(CodeRefusal::Wrong))
            }
            None => None,
        };
        let new = codes::attempt(&mut conn, key, (user, Purpose::change(kind)), new, now).await?;
        let (old, new) = (old.transpose()?, new.ok_or(CodeRefusal::Wrong)?);
        conn.transaction(async |conn| {
            let present = new.target(vault, &load(conn, user).await?, kind)?;
            let digest = identity::digest(vault, &present);
            lock_to_claim(conn, user, kind, Some(digest)).await?;
            let before = lock_open(conn, user).await?;
            let former = before.verified_contact(vault, kind)?;
            match (&former, &old) {
                (Some(_), Some(old)) => codes::spend(conn, old, now).await?,
                (Some(_), None) => return Err(CodeRefusal::Wrong.into()),
                (None, _) => {}
            }
            codes::spend(conn, &new, now).await?;
            replace(conn, vault, &before, &present).await?;
            note_verified(conn, user, kind, now).await?;
            codes::end_all(conn, user, now).await?;
            if factors::active(conn, user).await? == Some(FactorKind::Message(kind)) {
                // The message factor moves to the new contact, so it counts as another factor.
                trusted_devices::end_all(conn, user, Actor::User(user), now).await?;
            }
            tell_of_change(conn, vault, (&before, former.as_ref()), kind, now).await?;
            let from = former.map(|contact| contact.masked());
            let to = present.masked();
            let changed = UserEvent::ContactChanged { channel: kind, from, to };
            log::append(conn, now, Actor::User(user), user, changed).await?;
            load(conn, user).await
        })
        .await
    }
}

/// Reports a contact change to the replaced contact, or else to the user's other verified contact.
async fn tell_of_change(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (before, former): (&User, Option<&Contact>),
    kind: ContactKind,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let template = match kind {
        ContactKind::Email => Template::EmailChanged,
        ContactKind::Phone => Template::PhoneChanged,
    };
    let other = before.verified_contact(vault, kind.other())?;
    match former.or(other.as_ref()) {
        Some(to) => notifications::enqueue_to(conn, vault, before, template, to, None, now).await,
        None => Ok(()),
    }
}

/// Sends the code that verifies a contact. If another account has verified the contact, informs its owner instead. The
/// caller cannot tell the difference.
pub(super) async fn send_verification(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    user: &User,
    contact: &Contact,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let purpose = Purpose::verify(contact.kind());
    let digest = identity::digest(vault, contact);
    match identity::holder(conn, contact.kind(), &digest).await? {
        Some(owner) if owner != user.id => {
            codes::record(conn, vault, user, purpose, contact, now).await?;
            tell_owner(conn, vault, owner, contact, now).await
        }
        Some(_) | None => codes::send(conn, vault, user, purpose, contact, now).await,
    }
}

async fn tell_owner(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    owner: UserId,
    contact: &Contact,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let since = now.checked_sub_signed(TOLD_EVERY).unwrap_or(now);
    let lately = sent::table
        .filter(sent::user_id.eq(owner.uuid()))
        .filter(sent::template.eq(Template::AccountExists.as_str()))
        .filter(sent::created_at.gt(since));
    let owner = load(conn, owner).await?;
    if owner.closed_at.is_some() || diesel::select(exists(lately)).get_result(conn).await? {
        return Ok(());
    }
    let template = Template::AccountExists;
    notifications::enqueue_to(conn, vault, &owner, template, contact, None, now).await
}

async fn replace(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    user: &User,
    by: &Contact,
) -> Result<(), Error> {
    let (key, text, digest) = (user.key(vault)?, by.as_str(), identity::digest(vault, by));
    let user = diesel::update(users::table.find(user.id.uuid()));
    let replaced = match by {
        Contact::Email(_) => {
            let sealed = users::email_sealed.eq(key.seal(Column::UserEmail, text)?);
            user.set((sealed, users::email_digest.eq(digest))).execute(conn).await
        }
        Contact::Phone(_) => {
            let sealed = users::phone_sealed.eq(key.seal(Column::UserPhone, text)?);
            user.set((sealed, users::phone_digest.eq(digest))).execute(conn).await
        }
    };
    replaced.map_err(super::taken)?;
    Ok(())
}
