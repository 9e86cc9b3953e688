//! People: registration and look-up.

use crate::error::{Conflict, Error};
use crate::pool::Store;
use crate::row::parse;
use crate::schema::users;
use crate::{audit, notifications};
use amana_domain::deal::Actor;
use amana_domain::id::UserId;
use amana_domain::notice::{Locale, Template};
use amana_domain::payee::Payee;
use amana_domain::phone::Msisdn;
use amana_domain::text_enum;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

text_enum! {
    pub enum UserRole as "role" {
        User = "user",
        Operator = "operator",
    }
}

#[derive(Clone)]
pub struct NewUser {
    pub name: String,
    /// Lower case.
    pub email: String,
    pub phone: Msisdn,
    pub password_hash: String,
    pub role: UserRole,
    pub locale: Locale,
}

#[derive(Clone)]
pub struct User {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub phone: Msisdn,
    pub password_hash: String,
    pub role: UserRole,
    pub locale: Locale,
    pub created_at: DateTime<Utc>,
}

/// One side of something between people, as the other side sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonView {
    pub id: UserId,
    pub name: String,
    pub handle: Option<String>,
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
    email: String,
    phone: String,
    password_hash: String,
    role: String,
    locale: String,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for User {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(User {
            id: UserId::new(row.id),
            name: row.name,
            email: row.email,
            phone: Msisdn::parse(&row.phone).map_err(Error::row)?,
            password_hash: row.password_hash,
            role: parse(&row.role)?,
            locale: parse(&row.locale)?,
            created_at: row.created_at,
        })
    }
}

pub(crate) async fn load(conn: &mut AsyncPgConnection, id: UserId) -> Result<User, Error> {
    let row = Row::query().filter(users::id.eq(id.uuid())).first(conn).await.optional()?;
    row.ok_or(Error::NotFound("user"))?.try_into()
}

/// How others see these people.
pub(crate) async fn people(
    conn: &mut AsyncPgConnection,
    ids: &BTreeSet<UserId>,
) -> Result<BTreeMap<UserId, PersonView>, Error> {
    let rows: Vec<(Uuid, String, Option<String>)> = users::table
        .filter(users::id.eq_any(ids.iter().map(|id| id.uuid())))
        .select((users::id, users::name, users::handle))
        .load(conn)
        .await?;
    let view = |(id, name, handle)| {
        let id = UserId::new(id);
        (id, PersonView { id, name, handle })
    };
    Ok(rows.into_iter().map(view).collect())
}

/// The person behind a name that somebody pays by, if there is one.
pub(crate) async fn find_payee(
    conn: &mut AsyncPgConnection,
    payee: &Payee,
) -> Result<Option<UserId>, Error> {
    let all = users::table.select(users::id).into_boxed();
    let query = match payee {
        Payee::Handle(handle) => all.filter(users::handle.eq(handle.as_str())),
        Payee::Phone(msisdn) => all.filter(users::phone.eq(msisdn.as_str())),
        Payee::Email(email) => all.filter(users::email.eq(email)),
        Payee::User(id) => all.filter(users::id.eq(id.uuid())),
    };
    let found: Option<Uuid> = query.first(conn).await.optional()?;
    Ok(found.map(UserId::new))
}

/// Which of these people have closed their account. They stay as they are until this transaction ends.
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

impl Store {
    /// # Errors
    /// [`Conflict::EmailTaken`] or [`Conflict::PhoneTaken`].
    pub async fn register(&self, new: &NewUser, now: DateTime<Utc>) -> Result<User, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let id = UserId::new(Uuid::now_v7());
            insert(conn, id, new, now).await?;
            audit::record(
                conn,
                now,
                Actor::User(id),
                "user.registered",
                id,
                json!({ "role": new.role.as_str() }),
            )
            .await?;
            let user = load(conn, id).await?;
            notifications::enqueue(conn, &user, Template::Welcome, json!({}), now).await?;
            Ok(user)
        })
        .await
    }

    /// # Errors
    /// [`Error::NotFound`] if nobody has that id.
    pub async fn user(&self, id: UserId) -> Result<User, Error> {
        let mut conn = self.connection().await?;
        load(&mut conn, id).await
    }

    /// # Errors
    /// [`Error::Store`] only.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, Error> {
        let mut conn = self.connection().await?;
        let row = Row::query()
            .filter(users::email.eq(email.to_lowercase()))
            .first(&mut conn)
            .await
            .optional()?;
        row.map(User::try_from).transpose()
    }

    /// # Errors
    /// [`Error::Store`] only.
    pub async fn user_by_phone(&self, phone: &Msisdn) -> Result<Option<User>, Error> {
        let mut conn = self.connection().await?;
        let row = Row::query()
            .filter(users::phone.eq(phone.as_str()))
            .first(&mut conn)
            .await
            .optional()?;
        row.map(User::try_from).transpose()
    }
}

async fn insert(
    conn: &mut AsyncPgConnection,
    id: UserId,
    new: &NewUser,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::insert_into(users::table)
        .values((
            users::id.eq(id.uuid()),
            users::name.eq(&new.name),
            users::email.eq(new.email.to_lowercase()),
            users::phone.eq(new.phone.as_str()),
            users::password_hash.eq(&new.password_hash),
            users::role.eq(new.role.as_str()),
            users::locale.eq(new.locale.as_str()),
            users::created_at.eq(now),
        ))
        .execute(conn)
        .await
        .map_err(|e| {
            Error::from(e)
                .on_constraint("users_email_unique", Conflict::EmailTaken)
                .on_constraint("users_phone_unique", Conflict::PhoneTaken)
        })?;
    Ok(())
}
