//! One-time codes: sending, attempting, using. Sending and using require the lock of the user's row; attempting does
//! not.

mod key;

pub use key::CodeKey;

use crate::error::Error;
use crate::notifications;
use crate::schema::codes;
use crate::users::User;
use crate::vault::{Column, Vault};
use amana_domain::code::{Code, CodeRefusal, Purpose, SENT_LOOKED_AT, TRIES_MAX, TTL, may_send};
use amana_domain::contact::{Contact, ContactKind};
use amana_domain::id::UserId;
use amana_domain::notice;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// A correct code, which proves that the user can read messages to its target.
#[derive(Debug, Clone)]
pub struct Proof {
    id: Uuid,
    target_sealed: Vec<u8>,
    target_digest: Vec<u8>,
}

impl Proof {
    /// The contact that received the code.
    pub(crate) fn target(
        &self,
        vault: &Vault,
        user: &User,
        kind: ContactKind,
    ) -> Result<Contact, Error> {
        let text = user.key(vault)?.open(Column::CodeTarget, &self.target_sealed)?;
        Contact::stored(kind, text).map_err(Error::row)
    }

    pub(crate) fn is_of(&self, vault: &Vault, user: &User, contact: &Contact) -> bool {
        self.target_digest == vault.target(user.id, contact.as_str())
    }
}

/// Sends a new code, which replaces the user's open code for the same purpose.
///
/// # Errors
/// [`CodeRefusal::TooMany`].
pub(crate) async fn send(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    user: &User,
    purpose: Purpose,
    to: &Contact,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let id = record(conn, vault, user, purpose, to, now).await?;
    notifications::enqueue_to(conn, vault, user, notice::of_code(purpose), to, Some(id), now).await
}

/// Records a new code under the same rules, without sending it.
///
/// # Errors
/// [`CodeRefusal::TooMany`].
pub(crate) async fn record(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    user: &User,
    purpose: Purpose,
    to: &Contact,
    now: DateTime<Utc>,
) -> Result<Uuid, Error> {
    let digest = vault.target(user.id, to.as_str());
    let sent: Vec<DateTime<Utc>> = codes::table
        .filter(codes::user_id.eq(user.id.uuid()))
        .filter(codes::target_digest.eq(&digest))
        .select(codes::created_at)
        .order(codes::created_at.desc())
        .limit(SENT_LOOKED_AT)
        .load(conn)
        .await?;
    may_send(&sent, now)?;
    let replaced = codes::table
        .filter(codes::user_id.eq(user.id.uuid()))
        .filter(codes::purpose.eq(purpose.as_str()))
        .filter(codes::ended_at.is_null());
    diesel::update(replaced).set(codes::ended_at.eq(Some(now))).execute(conn).await?;
    // Version 4, because time-ordered ids would be partly predictable.
    let id = Uuid::new_v4();
    diesel::insert_into(codes::table)
        .values((
            codes::id.eq(id),
            codes::user_id.eq(user.id.uuid()),
            codes::purpose.eq(purpose.as_str()),
            codes::target_sealed.eq(user.key(vault)?.seal(Column::CodeTarget, to.as_str())?),
            codes::target_digest.eq(&digest),
            codes::created_at.eq(now),
            codes::expires_at.eq(now.checked_add_signed(TTL).unwrap_or(now)),
        ))
        .execute(conn)
        .await?;
    Ok(id)
}

/// Attempts a code; `None` if it is wrong. Must not run inside a transaction that may roll back, because every attempt
/// counts. The statement that finds the code also counts the attempt, before the comparison. So at most [`TRIES_MAX`]
/// attempts are compared, however many run concurrently.
#[expect(clippy::arithmetic_side_effects, reason = "the database adds")]
pub(crate) async fn attempt(
    conn: &mut AsyncPgConnection,
    key: &CodeKey,
    (user, purpose): (UserId, Purpose),
    told: Code,
    now: DateTime<Utc>,
) -> Result<Option<Proof>, Error> {
    let open = codes::table
        .filter(codes::user_id.eq(user.uuid()))
        .filter(codes::purpose.eq(purpose.as_str()))
        .filter(codes::ended_at.is_null())
        .filter(codes::expires_at.gt(now))
        .filter(codes::tries.lt(TRIES_MAX));
    let tried: Option<(Uuid, Vec<u8>, Vec<u8>)> = diesel::update(open)
        .set(codes::tries.eq(codes::tries + 1))
        .returning((codes::id, codes::target_sealed, codes::target_digest))
        .get_result(conn)
        .await
        .optional()?;
    let right = tried.filter(|(id, _, _)| key.code(*id) == told);
    Ok(right.map(|(id, target_sealed, target_digest)| Proof { id, target_sealed, target_digest }))
}

/// Marks a code as used, in the transaction that it authorizes.
///
/// # Errors
/// [`CodeRefusal::Wrong`] if it was used, replaced or ended since the attempt.
pub(crate) async fn spend(
    conn: &mut AsyncPgConnection,
    proof: &Proof,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let open = codes::table.find(proof.id).filter(codes::ended_at.is_null());
    let spent = diesel::update(open).set(codes::ended_at.eq(Some(now))).execute(conn).await?;
    if spent == 1 { Ok(()) } else { Err(CodeRefusal::Wrong.into()) }
}

/// Ends all codes of a user after a change of their contacts or credentials.
pub(crate) async fn end_all(
    conn: &mut AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let open =
        codes::table.filter(codes::user_id.eq(user.uuid())).filter(codes::ended_at.is_null());
    diesel::update(open).set(codes::ended_at.eq(Some(now))).execute(conn).await?;
    Ok(())
}

/// Returns whether a code is still valid and so worth sending.
pub(crate) async fn is_open(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let open = codes::table
        .find(id)
        .filter(codes::ended_at.is_null())
        .filter(codes::expires_at.gt(now))
        .select(codes::id);
    Ok(open.first::<Uuid>(conn).await.optional()?.is_some())
}
