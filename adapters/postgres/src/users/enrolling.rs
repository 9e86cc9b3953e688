//! Registration: creates the user with key, handle and codes in one transaction.

use super::claiming::{lock_to_claim, note_verified};
use super::contacts::send_verification;
use super::{NewUser, User, load};
use crate::error::{Conflict, Error};
use crate::pool::Store;
use crate::schema::{person_keys, users};
use crate::vault::{Column, Vault};
use crate::{handles, log};
use amana_domain::contact::ContactKind;
use amana_domain::deal::Actor;
use amana_domain::event::UserEvent;
use amana_domain::handle::Handle;
use amana_domain::id::UserId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

impl Store {
    /// Registers a user and sends codes to verify the contacts.
    ///
    /// # Errors
    /// [`Conflict::HandleTaken`].
    pub async fn register(&self, new: &NewUser, now: DateTime<Utc>) -> Result<User, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| enrol(conn, vault, new, &[], now).await).await
    }

    /// Registers a user with contacts that count as verified at once. For the server's command line only.
    ///
    /// # Errors
    /// [`Conflict::EmailTaken`], [`Conflict::PhoneTaken`] or [`Conflict::HandleTaken`].
    pub async fn register_vouched(&self, new: &NewUser, now: DateTime<Utc>) -> Result<User, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| enrol(conn, vault, new, ContactKind::ALL, now).await).await
    }
}

/// Registers a user. Contacts in `proven` count as verified and get no code.
///
/// # Errors
/// [`Conflict::HandleTaken`]; [`Conflict::EmailTaken`] or [`Conflict::PhoneTaken`] for a contact in `proven`.
pub(crate) async fn enrol(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    new: &NewUser,
    proven: &[ContactKind],
    now: DateTime<Utc>,
) -> Result<User, Error> {
    let id = UserId::new(Uuid::now_v7());
    insert(conn, vault, (id, new), now).await?;
    if let Some(handle) = &new.handle {
        handles::take(conn, id, handle, now).await?;
    }
    let handle = new.handle.as_ref().map(Handle::to_string);
    let registered = UserEvent::Registered { role: new.role.as_str().to_owned(), handle };
    log::append(conn, now, Actor::User(id), id, registered).await?;
    let user = load(conn, id).await?;
    for kind in ContactKind::ALL {
        let Some(contact) = user.contact(vault, *kind)? else { continue };
        if proven.contains(kind) {
            lock_to_claim(conn, id, *kind, None).await?;
            note_verified(conn, id, *kind, now).await?;
        } else {
            send_verification(conn, vault, &user, &contact, now).await?;
        }
    }
    load(conn, id).await
}

async fn insert(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (id, new): (UserId, &NewUser),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let (key, wrapped) = vault.new_key(id)?;
    let email = new.email.as_ref().map(|email| email.expose().to_lowercase());
    let phone = new.phone.as_ref().map(|phone| phone.as_str());
    let sealed = |column, text: Option<&str>| text.map(|text| key.seal(column, text)).transpose();
    diesel::insert_into(users::table)
        .values((
            users::id.eq(id.uuid()),
            users::name.eq(&new.name),
            users::email_sealed.eq(sealed(Column::UserEmail, email.as_deref())?),
            users::email_digest.eq(email.as_deref().map(|email| vault.email(email))),
            users::phone_sealed.eq(sealed(Column::UserPhone, phone)?),
            users::phone_digest.eq(phone.map(|phone| vault.phone(phone))),
            users::password_hash.eq(&new.password_hash),
            users::role.eq(new.role.as_str()),
            users::locale.eq(new.locale.as_str()),
            users::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    diesel::insert_into(person_keys::table)
        .values((
            person_keys::user_id.eq(id.uuid()),
            person_keys::wrapped.eq(wrapped),
            person_keys::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Maps the unique constraints of verified contacts to conflicts.
pub(super) fn taken(error: diesel::result::Error) -> Error {
    Error::from(error)
        .on_constraint("users_email_unique", Conflict::EmailTaken)
        .on_constraint("users_phone_unique", Conflict::PhoneTaken)
}
