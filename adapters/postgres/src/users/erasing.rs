//! Erasure of a user: the account is closed under the rules of [`super::closing`], and its personal data is deleted.
//! The key is destroyed in the same transaction. Data sealed with it in other tables, in files and in backups can then
//! never be opened, except with a backup of the keys. Shared data remains: the ledger, deals, transfers and the audit
//! log, all of which identify the user by a random id.
//!
//! No farewell message is sent: the address would have to outlive the key.

use super::closing::{is_needed, lock_unless_busy, lock_wallet};
use super::load;
use crate::error::{Conflict, Error};
use crate::pool::Store;
use crate::schema::{
    api_keys as keys, codes, counted_messages, idempotency_keys, kyc_applications, kyc_documents,
    notifications, payment_evidence, payments, person_keys, prompts, second_factors,
    sessions as sessions_table, trusted_devices, users,
};
use crate::{api_keys, deals, invitations, log, sessions};
use amana_domain::deal::Actor;
use amana_domain::event::UserEvent;
use amana_domain::id::UserId;
use amana_domain::kyc::State;
use amana_domain::permission::UserRole;
use amana_domain::personal::ERASED_NAME;
use amana_domain::session::EndReason;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

/// Replaces a text that must not be null.
const FORGOTTEN: &str = "erased";

impl Store {
    /// Erases a user without money or open business, permanently. Repeating it changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Conflict::AccountInUse`] if the wallet is not empty, something is open, or the user is
    /// a staff member.
    pub async fn erase_user(&self, id: UserId, now: DateTime<Utc>) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            load(conn, id).await?;
            // Reviewers lock an application before its owner; the same order here prevents deadlocks.
            lock_applications(conn, id).await?;
            let is_empty = lock_wallet(conn, id, now).await?;
            let user = lock_unless_busy(conn, id).await?;
            if user.erased_at.is_some() {
                return Ok(());
            }
            if user.role != UserRole::User || !is_empty || is_needed(conn, id).await? {
                return Err(Error::Conflict(Conflict::AccountInUse));
            }
            forget_access(conn, id, now).await?;
            forget_documents(conn, id, now).await?;
            forget_messages(conn, id).await?;
            forget_digests(conn, id).await?;
            forget_invitations(conn, id, now).await?;
            forget_person(conn, id, now).await?;
            log::append(conn, now, Actor::User(id), id, UserEvent::Erased {}).await
        })
        .await
    }
}

/// Ends the user's invitations. Those to an unverified address remain, because it may belong to another person.
async fn forget_invitations(
    conn: &mut AsyncPgConnection,
    id: UserId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let email: Option<Option<Vec<u8>>> = users::table
        .find(id.uuid())
        .filter(users::email_verified_at.is_not_null())
        .select(users::email_digest)
        .first(conn)
        .await
        .optional()?;
    invitations::end_of_erased(conn, (id, email.flatten()), now).await
}

async fn lock_applications(conn: &mut AsyncPgConnection, id: UserId) -> Result<(), Error> {
    kyc_applications::table
        .filter(kyc_applications::user_id.eq(id.uuid()))
        .order(kyc_applications::id)
        .select(kyc_applications::id)
        .for_update()
        .load::<Uuid>(conn)
        .await?;
    Ok(())
}

/// Ends the user's sessions and deletes their credentials and devices.
async fn forget_access(
    conn: &mut AsyncPgConnection,
    id: UserId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sessions::end_all(conn, id, (EndReason::Revoked, Actor::User(id)), now).await?;
    diesel::update(sessions_table::table.filter(sessions_table::user_id.eq(id.uuid())))
        .set((
            sessions_table::device_name.eq(FORGOTTEN),
            sessions_table::address.eq(""),
            sessions_table::place.eq(None::<String>),
        ))
        .execute(conn)
        .await?;
    diesel::delete(trusted_devices::table.filter(trusted_devices::user_id.eq(id.uuid())))
        .execute(conn)
        .await?;
    api_keys::revoke_all(conn, id, (Actor::User(id), "account_closed"), now).await?;
    diesel::update(keys::table.filter(keys::user_id.eq(id.uuid())))
        .set(keys::name.eq(FORGOTTEN))
        .execute(conn)
        .await?;
    // Backup codes are deleted with the factor.
    diesel::delete(second_factors::table.find(id.uuid())).execute(conn).await?;
    diesel::delete(codes::table.filter(codes::user_id.eq(id.uuid()))).execute(conn).await?;
    Ok(())
}

/// Deletes the rows of documents. Housekeeping later removes the files, which can no longer be opened, as unknown
/// files.
async fn forget_documents(
    conn: &mut AsyncPgConnection,
    id: UserId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let own = kyc_applications::table.filter(kyc_applications::user_id.eq(id.uuid()));
    let documents = kyc_documents::table
        .filter(kyc_documents::application_id.eq_any(own.select(kyc_applications::id)));
    diesel::delete(documents).execute(conn).await?;
    let open = [State::Draft.as_str(), State::Submitted.as_str()];
    diesel::update(own.filter(kyc_applications::state.eq_any(open)))
        .set((
            kyc_applications::state.eq(State::Withdrawn.as_str()),
            kyc_applications::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    diesel::update(own.filter(kyc_applications::note.is_not_null()))
        .set(kyc_applications::note.eq(Some(FORGOTTEN)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Deletes digests of phone numbers and provider references, because their inputs could be guessed.
async fn forget_digests(conn: &mut AsyncPgConnection, id: UserId) -> Result<(), Error> {
    forget_counts(conn, id).await?;
    diesel::delete(prompts::table.filter(prompts::user_id.eq(id.uuid()))).execute(conn).await?;
    let own = payments::table.filter(payments::user_id.eq(id.uuid()));
    let said = payment_evidence::table
        .filter(payment_evidence::payment_id.eq_any(own.select(payments::id)));
    diesel::update(said)
        .set(payment_evidence::reference_digest.eq(None::<String>))
        .execute(conn)
        .await?;
    diesel::update(own)
        .set((
            payments::msisdn_digest.eq(None::<Vec<u8>>),
            payments::provider_reference_digest.eq(None::<Vec<u8>>),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Deletes the message counts of verified contacts. The counts of unverified contacts remain: otherwise an attacker
/// could register and erase accounts to send any number of messages to another person.
async fn forget_counts(conn: &mut AsyncPgConnection, id: UserId) -> Result<(), Error> {
    let row = users::table.find(id.uuid());
    let email: Option<Option<Vec<u8>>> = row
        .filter(users::email_verified_at.is_not_null())
        .select(users::email_digest)
        .first(conn)
        .await
        .optional()?;
    let phone: Option<Option<Vec<u8>>> = row
        .filter(users::phone_verified_at.is_not_null())
        .select(users::phone_digest)
        .first(conn)
        .await
        .optional()?;
    let own: Vec<Vec<u8>> = [email, phone].into_iter().flatten().flatten().collect();
    diesel::delete(counted_messages::table.filter(counted_messages::digest.eq_any(own)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Deletes contents of messages and stored responses, because both contain names.
async fn forget_messages(conn: &mut AsyncPgConnection, id: UserId) -> Result<(), Error> {
    diesel::update(notifications::table.filter(notifications::user_id.eq(id.uuid())))
        .set((
            notifications::params.eq(json!({})),
            notifications::address_sealed.eq(None::<Vec<u8>>),
        ))
        .execute(conn)
        .await?;
    deals::forget_labels(conn, id).await?;
    deals::forget_invited(conn, id).await?;
    let answers = idempotency_keys::table.filter(idempotency_keys::user_id.eq(id.uuid()));
    diesel::delete(answers).execute(conn).await?;
    Ok(())
}

/// Deletes the key first, because the schema requires it for erasure. The handle stays taken.
async fn forget_person(
    conn: &mut AsyncPgConnection,
    id: UserId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::delete(person_keys::table.find(id.uuid())).execute(conn).await?;
    let nothing = None::<Vec<u8>>;
    let contacts = (
        users::email_sealed.eq(&nothing),
        users::email_digest.eq(&nothing),
        users::phone_sealed.eq(&nothing),
        users::phone_digest.eq(&nothing),
        users::email_verified_at.eq(None::<DateTime<Utc>>),
        users::phone_verified_at.eq(None::<DateTime<Utc>>),
    );
    let handle =
        (users::handle.eq(None::<String>), users::handle_changed_at.eq(None::<DateTime<Utc>>));
    let open = users::table.find(id.uuid()).filter(users::closed_at.is_null());
    diesel::update(open).set(users::closed_at.eq(Some(now))).execute(conn).await?;
    diesel::update(users::table.find(id.uuid()))
        .set((
            contacts,
            handle,
            users::name.eq(ERASED_NAME),
            users::password_hash.eq(""),
            users::erased_at.eq(Some(now)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
