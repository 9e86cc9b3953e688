//! Resolution of contacts to users, in this module only. A contact identifies a user only after verification; before,
//! it identifies no user.

use super::{Row, User};
use crate::error::Error;
use crate::pool::Store;
use crate::schema::users;
use crate::vault::Vault;
use amana_domain::contact::{Contact, ContactKind};
use amana_domain::id::UserId;
use amana_domain::payee::Payee;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Returns the digest by which a contact is looked up.
pub(crate) fn digest(vault: &Vault, contact: &Contact) -> Vec<u8> {
    match contact {
        Contact::Email(address) => vault.email(address),
        Contact::Phone(number) => vault.phone(number.as_str()),
    }
}

/// Returns the user who has verified the contact with this digest.
pub(crate) async fn holder(
    conn: &mut AsyncPgConnection,
    kind: ContactKind,
    digest: &[u8],
) -> Result<Option<UserId>, Error> {
    let all = users::table.select(users::id).into_boxed();
    let verified = match kind {
        ContactKind::Email => all
            .filter(users::email_digest.eq(digest))
            .filter(users::email_verified_at.is_not_null()),
        ContactKind::Phone => all
            .filter(users::phone_digest.eq(digest))
            .filter(users::phone_verified_at.is_not_null()),
    };
    let found: Option<Uuid> = verified.first(conn).await.optional()?;
    Ok(found.map(UserId::new))
}

/// Returns the user that a payee refers to. Ignores open accounts without a verified contact. `transfers::parties` does
/// the same for a batch in one statement.
pub(crate) async fn find_payee(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    payee: &Payee,
) -> Result<Option<UserId>, Error> {
    let is_known = users::is_verified.or(users::closed_at.is_not_null());
    let all = users::table.select(users::id).filter(is_known).into_boxed();
    let query = match payee {
        Payee::Handle(handle) => all.filter(users::handle.eq(handle.as_str())),
        Payee::User(id) => all.filter(users::id.eq(id.uuid())),
        Payee::Phone(number) => {
            return holder(conn, ContactKind::Phone, &vault.phone(number.as_str())).await;
        }
        Payee::Email(address) => {
            return holder(conn, ContactKind::Email, &vault.email(address)).await;
        }
    };
    let found: Option<Uuid> = query.first(conn).await.optional()?;
    Ok(found.map(UserId::new))
}

/// Returns the account for a login: the one that has verified the contact, or else the newest of those that typed it
/// and have verified no contact. So a user can log in right after registration even if another account typed the
/// contact before. An unverified contact never opens an account that has a verified one.
pub(super) async fn find_login(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    login: &Contact,
) -> Result<Option<User>, Error> {
    let digest = digest(vault, login);
    let all = Row::query().into_boxed();
    let query = match login.kind() {
        ContactKind::Email => all
            .filter(users::email_digest.eq(digest))
            .filter(users::email_verified_at.is_not_null().or(diesel::dsl::not(users::is_verified)))
            .order((users::email_verified_at.is_null(), users::id.desc())),
        ContactKind::Phone => all
            .filter(users::phone_digest.eq(digest))
            .filter(users::phone_verified_at.is_not_null().or(diesel::dsl::not(users::is_verified)))
            .order((users::phone_verified_at.is_null(), users::id.desc())),
    };
    query.first::<Row>(conn).await.optional()?.map(User::try_from).transpose()
}

impl Store {
    /// Returns the user that a payee refers to.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn person_meant(&self, payee: &Payee) -> Result<Option<UserId>, Error> {
        find_payee(&mut *self.connection().await?, self.vault()?, payee).await
    }

    /// Returns the account for a login, verified or not.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn user_by_login(&self, login: &Contact) -> Result<Option<User>, Error> {
        find_login(&mut *self.connection().await?, self.vault()?, login).await
    }
}
