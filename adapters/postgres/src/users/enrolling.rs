//! Registering: the person with their key, handle, first message and codes, in one transaction.

use super::{NewUser, User, load, note_verified};
use crate::error::{Conflict, Error};
use crate::pool::Store;
use crate::schema::{person_keys, users};
use crate::vault::{Column, Vault};
use crate::{audit, codes, handles, notifications};
use amana_domain::code::Purpose;
use amana_domain::contact::ContactKind;
use amana_domain::deal::Actor;
use amana_domain::handle::Handle;
use amana_domain::id::UserId;
use amana_domain::notice::Template;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

impl Store {
    /// # Errors
    /// [`Conflict::EmailTaken`], [`Conflict::PhoneTaken`] or [`Conflict::HandleTaken`].
    pub async fn register(&self, new: &NewUser, now: DateTime<Utc>) -> Result<User, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| enrol(conn, vault, new, None, now).await).await
    }
}

/// Registers somebody. What is proven to be theirs already gets no code.
///
/// # Errors
/// [`Conflict::EmailTaken`], [`Conflict::PhoneTaken`] or [`Conflict::HandleTaken`].
pub(crate) async fn enrol(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    new: &NewUser,
    proven: Option<ContactKind>,
    now: DateTime<Utc>,
) -> Result<User, Error> {
    let id = UserId::new(Uuid::now_v7());
    insert(conn, vault, (id, new), now).await?;
    if let Some(handle) = &new.handle {
        handles::take(conn, id, handle, now).await?;
    }
    if let Some(kind) = proven {
        note_verified(conn, id, kind, now).await?;
    }
    let handle = new.handle.as_ref().map(Handle::to_string);
    let data = json!({ "role": new.role.as_str(), "handle": handle });
    audit::record(conn, now, Actor::User(id), "user.registered", id, data).await?;
    let user = load(conn, id).await?;
    notifications::enqueue(conn, &user, Template::Welcome, json!({}), now).await?;
    for kind in ContactKind::ALL.iter().filter(|kind| proven != Some(**kind)) {
        let (purpose, contact) = (Purpose::verify(*kind), user.contact(vault, *kind)?);
        codes::send(conn, vault, &user, purpose, &contact, now).await?;
    }
    Ok(user)
}

async fn insert(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (id, new): (UserId, &NewUser),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let (key, wrapped) = vault.new_key(id)?;
    let (email, phone) = (new.email.expose().to_lowercase(), new.phone.as_str());
    diesel::insert_into(users::table)
        .values((
            users::id.eq(id.uuid()),
            users::name.eq(&new.name),
            users::email_sealed.eq(key.seal(Column::UserEmail, &email)?),
            users::email_digest.eq(vault.email(&email)),
            users::phone_sealed.eq(key.seal(Column::UserPhone, phone)?),
            users::phone_digest.eq(vault.phone(phone)),
            users::password_hash.eq(&new.password_hash),
            users::role.eq(new.role.as_str()),
            users::locale.eq(new.locale.as_str()),
            users::created_at.eq(now),
        ))
        .execute(conn)
        .await
        .map_err(taken)?;
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

/// What it means when somebody's address or number is another's already.
pub(super) fn taken(error: diesel::result::Error) -> Error {
    Error::from(error)
        .on_constraint("users_email_unique", Conflict::EmailTaken)
        .on_constraint("users_phone_unique", Conflict::PhoneTaken)
}
