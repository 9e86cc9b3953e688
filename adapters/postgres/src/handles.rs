//! Handles: the first user to take one keeps it permanently, even after changing to another.

use crate::error::{Conflict, Error};
use crate::log;
use crate::pool::Store;
use crate::schema::{handles, users};
use crate::users::{User, load, require_open};
use amana_domain::deal::Actor;
use amana_domain::event::UserEvent;
use amana_domain::handle::{self, Handle};
use amana_domain::id::UserId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

pub(crate) fn read(stored: Option<String>) -> Result<Option<Handle>, Error> {
    stored.as_deref().map(Handle::taken).transpose().map_err(Error::row)
}

/// Assigns the handle to the user. A concurrent attempt to take the same handle waits for the first one's commit.
///
/// # Errors
/// [`Conflict::HandleTaken`] if another user has or had it.
pub(crate) async fn take(
    conn: &mut AsyncPgConnection,
    user: UserId,
    handle: &Handle,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::insert_into(handles::table)
        .values((
            handles::handle.eq(handle.as_str()),
            handles::user_id.eq(user.uuid()),
            handles::taken_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    let owner: Uuid =
        handles::table.find(handle.as_str()).select(handles::user_id).first(conn).await?;
    if owner != user.uuid() {
        return Err(Error::Conflict(Conflict::HandleTaken));
    }
    diesel::update(users::table.find(user.uuid()))
        .set((users::handle.eq(Some(handle.as_str())), users::handle_changed_at.eq(Some(now))))
        .execute(conn)
        .await?;
    Ok(())
}

impl Store {
    /// Sets or changes the user's handle. Setting the current one changes nothing.
    ///
    /// # Errors
    /// [`Conflict::HandleTaken`], or [`Conflict::HandleChangeTooSoon`] within 30 days of the last change.
    pub async fn set_handle(
        &self,
        user: UserId,
        handle: &Handle,
        now: DateTime<Utc>,
    ) -> Result<User, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            // Locked before anything is read, so that of two concurrent changes the second sees the first.
            let changed_at: Option<DateTime<Utc>> = users::table
                .find(user.uuid())
                .select(users::handle_changed_at)
                .for_update()
                .first(conn)
                .await
                .optional()?
                .ok_or(Error::NotFound("user"))?;
            require_open(conn, user).await?;
            let before = load(conn, user).await?;
            if before.handle.as_ref() == Some(handle) {
                return Ok(before);
            }
            if !handle::may_change(changed_at, now) {
                return Err(Error::Conflict(Conflict::HandleChangeTooSoon));
            }
            take(conn, user, handle, now).await?;
            let from = before.handle.map(|handle| handle.to_string());
            let changed = UserEvent::HandleChanged { from, to: handle.to_string() };
            log::append(conn, now, Actor::User(user), user, changed).await?;
            load(conn, user).await
        })
        .await
    }
}
