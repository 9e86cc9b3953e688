//! Ending sessions: one, all sessions of a user, or those beyond the limit. Lists recently ended sessions.

use crate::error::Error;
use crate::pool::Store;
use crate::schema::sessions;
use crate::{log, trusted_devices};
use amana_domain::deal::Actor;
use amana_domain::event::AccessEvent;
use amana_domain::id::{SessionId, UserId};
use amana_domain::session::EndReason;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Ends those of the sessions that are open, and records each.
pub(super) async fn end(
    conn: &mut AsyncPgConnection,
    ids: &[Uuid],
    (reason, actor): (EndReason, Actor),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let open =
        sessions::table.filter(sessions::id.eq_any(ids)).filter(sessions::ended_at.is_null());
    let ended: Vec<Uuid> = diesel::update(open)
        .set((sessions::ended_at.eq(Some(now)), sessions::end_reason.eq(Some(reason.as_str()))))
        .returning(sessions::id)
        .get_results(conn)
        .await?;
    for id in ended {
        let ended = AccessEvent::SessionEnded { reason };
        log::append(conn, now, actor, SessionId::new(id), ended).await?;
    }
    Ok(())
}

/// Locks the open sessions of a user and returns them, most recently used first.
async fn open_of(conn: &mut AsyncPgConnection, user: UserId) -> Result<Vec<Uuid>, Error> {
    Ok(sessions::table
        .filter(sessions::user_id.eq(user.uuid()))
        .filter(sessions::ended_at.is_null())
        .order((sessions::rotated_at.desc(), sessions::id.desc()))
        .select(sessions::id)
        .for_update()
        .load(conn)
        .await?)
}

/// Ends the least recently used sessions, so that at most `kept` remain.
pub(super) async fn make_room(
    conn: &mut AsyncPgConnection,
    user: UserId,
    kept: usize,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let open = open_of(conn, user).await?;
    let too_many = open.get(kept..).unwrap_or_default();
    end(conn, too_many, (EndReason::Evicted, Actor::System), now).await
}

/// Ends all sessions of a user.
pub(crate) async fn end_all(
    conn: &mut AsyncPgConnection,
    user: UserId,
    why: (EndReason, Actor),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let open = open_of(conn, user).await?;
    end(conn, &open, why, now).await
}

impl Store {
    /// Ends a session of the user. Does nothing if it has ended already.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the session is not one of the user's.
    pub async fn revoke_session(
        &self,
        user: UserId,
        id: SessionId,
        reason: EndReason,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let own = sessions::table.find(id.uuid()).filter(sessions::user_id.eq(user.uuid()));
            let known: Option<Uuid> = own.select(sessions::id).first(conn).await.optional()?;
            known.ok_or(Error::NotFound("session"))?;
            if reason == EndReason::Revoked {
                // Revoking a session from another device also revokes the trust in its device.
                let device: Option<Uuid> = sessions::table
                    .find(id.uuid())
                    .select(sessions::trusted_device_id)
                    .first(conn)
                    .await?;
                let device: Vec<Uuid> = device.into_iter().collect();
                trusted_devices::end(conn, &device, Actor::User(user), now).await?;
            }
            end(conn, &[id.uuid()], (reason, Actor::User(user)), now).await
        })
        .await
    }

    /// Ends all sessions of the user, the current one included, and revokes all trusted devices.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn revoke_sessions(&self, user: UserId, now: DateTime<Utc>) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        let why = (EndReason::SignedOut, Actor::User(user));
        conn.transaction(async |conn| {
            trusted_devices::end_all(conn, user, Actor::User(user), now).await?;
            end_all(conn, user, why, now).await
        })
        .await
    }

    /// Returns at most `limit` sessions that ended since `since`, latest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn ended_sessions(
        &self,
        since: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<SessionId>, Error> {
        let mut conn = self.connection().await?;
        let ids: Vec<Uuid> = sessions::table
            .filter(sessions::ended_at.ge(since))
            .order(sessions::ended_at.desc())
            .limit(limit)
            .select(sessions::id)
            .load(&mut conn)
            .await?;
        Ok(ids.into_iter().map(SessionId::new).collect())
    }
}
