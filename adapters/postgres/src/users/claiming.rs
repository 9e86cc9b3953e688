//! Verification of a contact: it becomes the user's, and every other account that typed it loses it.
//!
//! SQL enforces that a verified contact is unique. An account that loses its last contact this way is closed: it has
//! verified nothing, so it holds no money and takes part in nothing, and a log-in is no longer possible.

use super::User;
use crate::error::{Conflict, Error};
use crate::schema::users;
use crate::{api_keys, codes, deals, log, notifications, sessions};
use amana_domain::code::CodeRefusal;
use amana_domain::contact::ContactKind;
use amana_domain::deal::Actor;
use amana_domain::event::UserEvent;
use amana_domain::id::UserId;
use amana_domain::notice::Template;
use amana_domain::session::EndReason;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

/// Returns the other accounts that typed this contact and have not verified it.
async fn rivals(
    conn: &mut AsyncPgConnection,
    user: UserId,
    (kind, digest): (ContactKind, &[u8]),
) -> Result<Vec<Uuid>, Error> {
    let others = users::table.select(users::id).filter(users::id.ne(user.uuid())).into_boxed();
    let typed = match kind {
        ContactKind::Email => {
            others.filter(users::email_digest.eq(digest)).filter(users::email_verified_at.is_null())
        }
        ContactKind::Phone => {
            others.filter(users::phone_digest.eq(digest)).filter(users::phone_verified_at.is_null())
        }
    };
    Ok(typed.order(users::id).load(conn).await?)
}

async fn digest_of(
    conn: &mut AsyncPgConnection,
    user: UserId,
    kind: ContactKind,
) -> Result<Option<Vec<u8>>, Error> {
    let row = users::table.find(user.uuid());
    Ok(match kind {
        ContactKind::Email => row.select(users::email_digest).first(conn).await?,
        ContactKind::Phone => row.select(users::phone_digest).first(conn).await?,
    })
}

/// Locks the user who is about to verify a contact and all accounts that typed it, in the order of their ids. The order
/// prevents deadlocks between concurrent verifications of one contact. `None` stands for the account's current contact.
pub(crate) async fn lock_to_claim(
    conn: &mut AsyncPgConnection,
    user: UserId,
    kind: ContactKind,
    new: Option<Vec<u8>>,
) -> Result<(), Error> {
    let digest = match new {
        Some(digest) => Some(digest),
        None => digest_of(conn, user, kind).await?,
    };
    let mut ids = match digest {
        Some(digest) => rivals(conn, user, (kind, &digest)).await?,
        None => vec![],
    };
    ids.push(user.uuid());
    users::table
        .filter(users::id.eq_any(ids))
        .order(users::id)
        .select(users::id)
        .for_no_key_update()
        .load::<Uuid>(conn)
        .await?;
    Ok(())
}

/// Marks a contact as verified and removes it from all other accounts. Joins the user to the deals to which the contact
/// was invited. The first verified contact triggers the welcome message. The rows must be locked, see
/// [`lock_to_claim`].
///
/// # Errors
/// [`Conflict::EmailTaken`] or [`Conflict::PhoneTaken`] if another account has verified it.
pub(crate) async fn note_verified(
    conn: &mut AsyncPgConnection,
    user: UserId,
    kind: ContactKind,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = users::table.find(user.uuid());
    let was_verified: bool = row.select(users::is_verified).first(conn).await?;
    let row = diesel::update(row);
    match kind {
        ContactKind::Email => row.set(users::email_verified_at.eq(Some(now))).execute(conn).await,
        ContactKind::Phone => row.set(users::phone_verified_at.eq(Some(now))).execute(conn).await,
    }
    .map_err(super::taken)?;
    if let Some(digest) = digest_of(conn, user, kind).await? {
        for rival in rivals(conn, user, (kind, &digest)).await? {
            take(conn, UserId::new(rival), kind, now).await?;
        }
    }
    if !was_verified {
        let user = super::load(conn, user).await?;
        notifications::enqueue(conn, &user, Template::Welcome, json!({}), now).await?;
    }
    deals::join_invited(conn, user, kind, now).await
}

/// Verifies a contact of a user whose rows are locked, and records it.
///
/// # Errors
/// Those of [`note_verified`].
pub(crate) async fn verify(
    conn: &mut AsyncPgConnection,
    user: UserId,
    kind: ContactKind,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    note_verified(conn, user, kind, now).await?;
    log::append(conn, now, Actor::User(user), user, UserEvent::Verified { channel: kind }).await
}

/// Reports a code for a contact that another account has verified as wrong, so that guessing reveals nothing.
pub(super) fn taken_is_wrong(error: Error) -> Error {
    match error {
        Error::Conflict(Conflict::EmailTaken | Conflict::PhoneTaken) => CodeRefusal::Wrong.into(),
        other => other,
    }
}

/// Removes an unverified contact from an account, which is locked. Closes the account if it was the last contact.
pub(super) async fn take(
    conn: &mut AsyncPgConnection,
    user: UserId,
    kind: ContactKind,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let before: User = super::load(conn, user).await?;
    let is_last = !before.has(kind.other());
    if is_last && before.closed_at.is_none() {
        close(conn, user, now).await?;
    }
    let (row, nothing) = (diesel::update(users::table.find(user.uuid())), None::<Vec<u8>>);
    match kind {
        ContactKind::Email => {
            let both = (users::email_sealed.eq(&nothing), users::email_digest.eq(&nothing));
            row.set(both).execute(conn).await?
        }
        ContactKind::Phone => {
            let both = (users::phone_sealed.eq(&nothing), users::phone_digest.eq(&nothing));
            row.set(both).execute(conn).await?
        }
    };
    codes::end_all(conn, user, now).await?;
    let removed = UserEvent::ContactRemoved { channel: kind };
    log::append(conn, now, Actor::System, user, removed).await
}

async fn close(
    conn: &mut AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::update(users::table.find(user.uuid()))
        .set(users::closed_at.eq(Some(now)))
        .execute(conn)
        .await?;
    sessions::end_all(conn, user, (EndReason::Revoked, Actor::System), now).await?;
    api_keys::revoke_all(conn, user, (Actor::System, "account_closed"), now).await?;
    let closed = UserEvent::Closed { note: None, reason: Some("contact_removed".to_owned()) };
    log::append(conn, now, Actor::System, user, closed).await
}
