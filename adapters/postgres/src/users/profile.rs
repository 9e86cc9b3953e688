//! Changes of a user's own name and language.

use super::{User, load, lock_open};
use crate::error::{Conflict, Error};
use crate::log;
use crate::pool::Store;
use crate::schema::{kyc_applications, users};
use amana_domain::deal::Actor;
use amana_domain::event::UserEvent;
use amana_domain::id::UserId;
use amana_domain::kyc::State;
use amana_domain::notice::Locale;
use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

/// Changes to a profile; `None` leaves a value unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileChange {
    pub name: Option<String>,
    pub locale: Option<Locale>,
}

#[derive(AsChangeset)]
#[diesel(table_name = users)]
struct Columns<'a> {
    name: Option<&'a str>,
    locale: Option<&'a str>,
}

impl Store {
    /// Changes a user's own name or language, and returns the updated user.
    ///
    /// # Errors
    /// [`Conflict::NameVerified`] if an operator has verified the name against documents.
    pub async fn update_profile(
        &self,
        user: UserId,
        change: &ProfileChange,
        now: DateTime<Utc>,
    ) -> Result<User, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let before = lock_open(conn, user).await?;
            let name = change.name.as_deref().filter(|name| *name != before.name);
            let locale = change.locale.filter(|locale| *locale != before.locale);
            if name.is_some() && is_name_verified(conn, user).await? {
                return Err(Error::Conflict(Conflict::NameVerified));
            }
            if name.is_none() && locale.is_none() {
                return Ok(before);
            }
            diesel::update(users::table.find(user.uuid()))
                .set(Columns { name, locale: locale.map(Locale::as_str) })
                .execute(conn)
                .await?;
            // Names are personal data, so the record contains only that the name changed.
            let changed = UserEvent::ProfileChanged { name: name.is_some(), language: locale };
            log::append(conn, now, Actor::User(user), user, changed).await?;
            load(conn, user).await
        })
        .await
    }
}

async fn is_name_verified(conn: &mut AsyncPgConnection, user: UserId) -> Result<bool, Error> {
    let approved = kyc_applications::table
        .filter(kyc_applications::user_id.eq(user.uuid()))
        .filter(kyc_applications::state.eq(State::Approved.as_str()));
    Ok(diesel::select(exists(approved)).get_result(conn).await?)
}
