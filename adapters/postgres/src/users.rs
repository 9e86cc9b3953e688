//! Users: registration and look-up.

mod adopting;
mod claiming;
mod closing;
mod contacts;
mod enrolling;
mod erasing;
mod exporting;
mod freezing;
mod held;
mod identity;
mod managing;
mod passwords;
mod profile;
mod roles;
mod tiers;

pub(crate) use claiming::{lock_to_claim, verify};
pub(crate) use enrolling::enrol;
use enrolling::taken;
pub use exporting::{SentNotice, SessionRecord, TakenHandle};
pub(crate) use freezing::{moves_money_out, require_thawed};
pub use held::Contacts;
use held::Held;
pub(crate) use identity::{digest, find_payee, holder};
pub use managing::UserQuery;
pub use profile::ProfileChange;
pub(crate) use roles::put_in_role;
pub(crate) use tiers::put_on_tier;

use crate::error::Error;
use crate::handles;
use crate::people::PersonView;
use crate::pool::Store;
use crate::row::parse;
use crate::schema::{person_keys, users};
use amana_domain::contact::ContactKind;
use amana_domain::handle::Handle;
use amana_domain::id::UserId;
use amana_domain::notice::Locale;
use amana_domain::permission::UserRole;
use amana_domain::personal::Personal;
use amana_domain::phone::Msisdn;
use amana_domain::transfer::TransferRefusal;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

#[derive(Clone)]
pub struct NewUser {
    pub name: String,
    /// In lower case. At least one of the two contacts is present.
    pub email: Option<Personal<String>>,
    pub phone: Option<Msisdn>,
    pub password_hash: String,
    pub role: UserRole,
    pub locale: Locale,
    pub handle: Option<Handle>,
}

#[derive(Clone)]
pub struct User {
    pub id: UserId,
    pub name: String,
    pub(crate) held: Option<Held>,
    pub password_hash: String,
    pub role: UserRole,
    pub locale: Locale,
    pub handle: Option<Handle>,
    pub tier: String,
    pub created_at: DateTime<Utc>,
    /// Since this time, the user can neither log in nor send nor receive.
    pub closed_at: Option<DateTime<Utc>>,
    /// Since this time, no money leaves the account.
    pub frozen_at: Option<DateTime<Utc>>,
    /// An e-mail address identifies the user only after verification.
    pub email_verified_at: Option<DateTime<Utc>>,
    /// A phone number identifies the user only after verification.
    pub phone_verified_at: Option<DateTime<Utc>>,
    /// Since this time, no personal data of the user is stored.
    pub erased_at: Option<DateTime<Utc>>,
}

/// Identifies a password without revealing it. Shows only whether the password is unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordMark(String);

/// This many bytes of the digest suffice to tell two password hashes apart.
const MARK_BYTES: usize = 8;

impl PasswordMark {
    /// Restores a mark from its text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    fn of(hash: &str) -> Self {
        let digest = Sha256::digest(hash);
        Self(hex::encode(digest.get(..MARK_BYTES).unwrap_or(&digest)))
    }
}

impl std::fmt::Display for PasswordMark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl User {
    #[must_use]
    pub fn password_mark(&self) -> PasswordMark {
        PasswordMark::of(&self.password_hash)
    }

    pub(crate) const fn verified_at(&self, kind: ContactKind) -> Option<DateTime<Utc>> {
        match kind {
            ContactKind::Email => self.email_verified_at,
            ContactKind::Phone => self.phone_verified_at,
        }
    }

    /// Returns whether the account has a verified contact. Most operations require one.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        self.email_verified_at.is_some() || self.phone_verified_at.is_some()
    }
}

impl std::fmt::Debug for NewUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewUser").field("role", &self.role).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

#[derive(HasQuery)]
#[diesel(table_name = users)]
struct Row {
    id: Uuid,
    name: String,
    email_sealed: Option<Vec<u8>>,
    phone_sealed: Option<Vec<u8>>,
    #[diesel(select_expression = key_of_person())]
    key_wrapped: Option<Vec<u8>>,
    password_hash: String,
    role: String,
    locale: String,
    handle: Option<String>,
    tier: String,
    created_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    frozen_at: Option<DateTime<Utc>>,
    email_verified_at: Option<DateTime<Utc>>,
    phone_verified_at: Option<DateTime<Utc>>,
    erased_at: Option<DateTime<Utc>>,
}

/// The wrapped key is loaded with the row, so that opening sealed data needs no further query.
#[diesel::dsl::auto_type]
fn key_of_person() -> _ {
    let of_person = person_keys::table.filter(person_keys::user_id.eq(users::id));
    of_person.select(person_keys::wrapped).single_value()
}

impl TryFrom<Row> for User {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let (email, phone) = (row.email_sealed, row.phone_sealed);
        let held = row.key_wrapped.map(|key| Held { key, email, phone });
        Ok(User {
            id: UserId::new(row.id),
            name: row.name,
            held,
            password_hash: row.password_hash,
            role: parse(&row.role)?,
            locale: parse(&row.locale)?,
            handle: handles::read(row.handle)?,
            tier: row.tier,
            created_at: row.created_at,
            closed_at: row.closed_at,
            frozen_at: row.frozen_at,
            email_verified_at: row.email_verified_at,
            phone_verified_at: row.phone_verified_at,
            erased_at: row.erased_at,
        })
    }
}

pub(crate) async fn load(conn: &mut AsyncPgConnection, id: UserId) -> Result<User, Error> {
    let row = Row::query().filter(users::id.eq(id.uuid())).first(conn).await.optional()?;
    row.ok_or(Error::NotFound("user"))?.try_into()
}

/// Loads these users, each once.
pub(crate) async fn load_all(
    mut conn: &AsyncPgConnection,
    ids: &BTreeSet<UserId>,
) -> Result<BTreeMap<UserId, User>, Error> {
    let wanted = users::id.eq_any(ids.iter().map(|id| id.uuid()));
    let rows: Vec<Row> = Row::query().filter(wanted).load(&mut conn).await?;
    let user = |row: Row| User::try_from(row).map(|user| (user.id, user));
    rows.into_iter().map(user).collect()
}

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Active,
    /// Active, but no money leaves the account.
    Frozen,
    /// No contact is verified.
    Unverified,
    Closed,
}

impl Standing {
    const fn of(
        closed_at: Option<DateTime<Utc>>,
        frozen_at: Option<DateTime<Utc>>,
        is_verified: bool,
    ) -> Self {
        match (closed_at, is_verified, frozen_at) {
            (Some(_), _, _) => Self::Closed,
            (None, false, _) => Self::Unverified,
            (None, true, Some(_)) => Self::Frozen,
            (None, true, None) => Self::Active,
        }
    }

    /// # Errors
    /// [`TransferRefusal::SenderClosed`] or [`TransferRefusal::SenderUnverified`].
    pub(crate) fn require_active(self) -> Result<(), Error> {
        match self {
            Self::Active | Self::Frozen => Ok(()),
            Self::Unverified => Err(TransferRefusal::SenderUnverified.into()),
            Self::Closed => Err(TransferRefusal::SenderClosed.into()),
        }
    }
}

/// Returns the account's standing and prevents its closure until this transaction ends.
pub(crate) async fn standing(mut conn: &AsyncPgConnection, id: UserId) -> Result<Standing, Error> {
    type Found = (Option<DateTime<Utc>>, Option<DateTime<Utc>>, bool);
    let found: Option<Found> = users::table
        .find(id.uuid())
        .select((users::closed_at, users::frozen_at, users::is_verified))
        .for_key_share()
        .first(&mut conn)
        .await
        .optional()?;
    let (closed_at, frozen_at, is_verified) = found.ok_or(Error::NotFound("user"))?;
    Ok(Standing::of(closed_at, frozen_at, is_verified))
}

/// Returns whether the account is open and prevents its closure until this transaction ends.
pub(crate) async fn is_open(conn: &AsyncPgConnection, id: UserId) -> Result<bool, Error> {
    Ok(standing(conn, id).await? != Standing::Closed)
}

/// Verifies that the account is open and has a verified contact. Every use case that starts something calls this or
/// [`lock_active`].
///
/// # Errors
/// [`TransferRefusal::SenderClosed`] or [`TransferRefusal::SenderUnverified`].
pub(crate) async fn require_active(conn: &AsyncPgConnection, id: UserId) -> Result<(), Error> {
    standing(conn, id).await?.require_active()
}

/// Verifies that the account is open. Used by operations that an unverified user needs in order to verify a contact.
///
/// # Errors
/// [`TransferRefusal::SenderClosed`] if the account is closed.
pub(crate) async fn require_open(conn: &AsyncPgConnection, id: UserId) -> Result<(), Error> {
    if is_open(conn, id).await? { Ok(()) } else { Err(TransferRefusal::SenderClosed.into()) }
}

/// Combines [`lock_open`] and [`require_active`].
///
/// # Errors
/// [`TransferRefusal::SenderClosed`] or [`TransferRefusal::SenderUnverified`].
pub(crate) async fn lock_active(conn: &mut AsyncPgConnection, id: UserId) -> Result<User, Error> {
    let user = lock_open(conn, id).await?;
    Standing::of(user.closed_at, user.frozen_at, user.is_verified()).require_active()?;
    Ok(user)
}

/// Locks the user against changes and closure until this transaction ends. New rows may still refer to the user.
///
/// # Errors
/// [`TransferRefusal::SenderClosed`] if the account is closed.
pub(crate) async fn lock_open(conn: &mut AsyncPgConnection, id: UserId) -> Result<User, Error> {
    let row: Option<Row> = Row::query()
        .filter(users::id.eq(id.uuid()))
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    let user = User::try_from(row.ok_or(Error::NotFound("user"))?)?;
    if user.closed_at.is_none() { Ok(user) } else { Err(TransferRefusal::SenderClosed.into()) }
}

/// Returns the public view of these users.
pub(crate) async fn people(
    mut conn: &AsyncPgConnection,
    ids: &BTreeSet<UserId>,
) -> Result<BTreeMap<UserId, PersonView>, Error> {
    let rows: Vec<(Uuid, String, Option<String>)> = users::table
        .filter(users::id.eq_any(ids.iter().map(|id| id.uuid())))
        .select((users::id, users::name, users::handle))
        .load(&mut conn)
        .await?;
    let view = |(id, name, handle): (Uuid, String, Option<String>)| {
        let id = UserId::new(id);
        Ok((id, PersonView { id, name, handle: handles::read(handle)? }))
    };
    rows.into_iter().map(view).collect()
}

/// Returns which of these users have closed their account, and prevents changes until this transaction ends.
pub(crate) async fn lock_closed(
    conn: &mut AsyncPgConnection,
    ids: &[UserId],
) -> Result<BTreeSet<UserId>, Error> {
    let rows: Vec<(Uuid, Option<DateTime<Utc>>)> = users::table
        .filter(users::id.eq_any(ids.iter().map(|id| id.uuid())))
        .select((users::id, users::closed_at))
        .order(users::id)
        .for_share()
        .load(conn)
        .await?;
    let closed = rows.into_iter().filter(|(_, closed_at)| closed_at.is_some());
    Ok(closed.map(|(id, _)| UserId::new(id)).collect())
}

/// Returns which of these users have closed their account, without a lock.
pub(crate) async fn closed(
    conn: &mut AsyncPgConnection,
    ids: &[UserId],
) -> Result<BTreeSet<UserId>, Error> {
    let closed: Vec<Uuid> = users::table
        .filter(users::id.eq_any(ids.iter().map(|id| id.uuid())))
        .filter(users::closed_at.is_not_null())
        .select(users::id)
        .load(conn)
        .await?;
    Ok(closed.into_iter().map(UserId::new).collect())
}

/// [`require_active`] without a lock, for reads.
///
/// # Errors
/// [`TransferRefusal::SenderClosed`] or [`TransferRefusal::SenderUnverified`].
pub(crate) async fn appears_active(conn: &mut AsyncPgConnection, id: UserId) -> Result<(), Error> {
    let user = load(conn, id).await?;
    Standing::of(user.closed_at, user.frozen_at, user.is_verified()).require_active()
}

impl Store {
    /// Returns whether the database has a user, erased users included.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn has_users(&self) -> Result<bool, Error> {
        let mut conn = self.connection().await?;
        Ok(diesel::select(diesel::dsl::exists(users::table.select(users::id)))
            .get_result(&mut conn)
            .await?)
    }

    /// # Errors
    /// [`Error::NotFound`] if there is no such user.
    pub async fn user(&self, id: UserId) -> Result<User, Error> {
        let mut conn = self.connection().await?;
        load(&mut conn, id).await
    }
}
