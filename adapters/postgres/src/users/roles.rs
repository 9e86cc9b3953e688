//! The roles of users.

use super::load;
use crate::error::Error;
use crate::schema::users;
use crate::{log, sessions};
use amana_domain::deal::Actor;
use amana_domain::event::UserEvent;
use amana_domain::id::UserId;
use amana_domain::permission::UserRole;
use amana_domain::session::EndReason;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Changes a user's role. Ends the user's sessions, because access tokens contain the role.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn put_in_role(
    conn: &mut AsyncPgConnection,
    by: UserId,
    id: UserId,
    (role, note): (UserRole, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    users::table
        .find(id.uuid())
        .select(users::id)
        .for_no_key_update()
        .first::<uuid::Uuid>(conn)
        .await
        .optional()?
        .ok_or(Error::NotFound("user"))?;
    let before = load(conn, id).await?;
    diesel::update(users::table.find(id.uuid()))
        .set(users::role.eq(role.as_str()))
        .execute(conn)
        .await?;
    let actor = Actor::User(by);
    let (from, to) = (before.role.as_str().to_owned(), role.as_str().to_owned());
    let changed = UserEvent::RoleChanged { from, to, note: note.to_owned() };
    log::append(conn, now, actor, id, changed).await?;
    sessions::end_all(conn, id, (EndReason::RoleChanged, actor), now).await
}
