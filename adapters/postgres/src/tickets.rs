//! WebSocket tickets: each is valid once, for its session.

use crate::error::Error;
use crate::pool::Store;
use crate::schema::{sessions, socket_tickets};
use amana_domain::id::SessionId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

impl Store {
    /// Stores the digest of a new ticket. Deletes expired tickets of the session.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn add_ticket(
        &self,
        session: SessionId,
        digest: &[u8],
        (expires_at, now): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let old = socket_tickets::table
                .filter(socket_tickets::session_id.eq(session.uuid()))
                .filter(socket_tickets::expires_at.le(now));
            diesel::delete(old).execute(conn).await?;
            diesel::insert_into(socket_tickets::table)
                .values((
                    socket_tickets::digest.eq(digest),
                    socket_tickets::session_id.eq(session.uuid()),
                    socket_tickets::expires_at.eq(expires_at),
                ))
                .execute(conn)
                .await?;
            Ok(())
        })
        .await
    }

    /// Uses a ticket and returns its session; `None` if the ticket is invalid or the session has ended.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn take_ticket(
        &self,
        digest: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Option<SessionId>, Error> {
        let mut conn = self.connection().await?;
        let good = socket_tickets::table
            .filter(socket_tickets::digest.eq(digest))
            .filter(socket_tickets::expires_at.gt(now));
        let taken: Option<Uuid> = diesel::delete(good)
            .returning(socket_tickets::session_id)
            .get_result(&mut conn)
            .await
            .optional()?;
        let Some(session) = taken else { return Ok(None) };
        let alive = sessions::table
            .find(session)
            .filter(sessions::ended_at.is_null())
            .filter(sessions::expires_at.gt(now))
            .select(sessions::id);
        let alive: Option<Uuid> = alive.first(&mut conn).await.optional()?;
        Ok(alive.map(SessionId::new))
    }
}
