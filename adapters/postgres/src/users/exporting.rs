//! The parts of a user's data export that have no list of their own.

use super::load;
use crate::error::Error;
use crate::log;
use crate::page::Page;
use crate::pool::Store;
use crate::row::parse;
use crate::schema::{handles, notifications, sessions};
use amana_domain::deal::Actor;
use amana_domain::event::UserEvent;
use amana_domain::handle::Handle;
use amana_domain::id::{SessionId, UserId};
use amana_domain::notice::{Channel, Template};
use amana_domain::session::DeviceKind;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

/// A handle that the user has taken, permanently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenHandle {
    pub handle: Handle,
    pub taken_at: DateTime<Utc>,
}

/// A session, open or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    pub id: SessionId,
    pub device_name: String,
    pub device_kind: DeviceKind,
    pub address: String,
    /// The approximate location, if it was known.
    pub place: Option<String>,
    pub created_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// A record that a message was sent to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentNotice {
    pub template: Template,
    pub channel: Channel,
    pub created_at: DateTime<Utc>,
    pub sent_at: Option<DateTime<Utc>>,
}

type NoticeRow = (String, String, DateTime<Utc>, Option<DateTime<Utc>>);
type SessionRow =
    (Uuid, String, String, String, Option<String>, DateTime<Utc>, Option<DateTime<Utc>>);

impl Store {
    /// Records that a user exports their data.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn note_export(&self, user: UserId, now: DateTime<Utc>) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            load(conn, user).await?;
            log::append(conn, now, Actor::User(user), user, UserEvent::Exported {}).await
        })
        .await
    }

    /// Returns the handles that a user has taken, newest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn handles(&self, user: UserId, limit: i64) -> Result<Page<TakenHandle>, Error> {
        let mut conn = self.connection().await?;
        let rows: Vec<(String, DateTime<Utc>)> = handles::table
            .filter(handles::user_id.eq(user.uuid()))
            .order((handles::taken_at.desc(), handles::handle))
            .limit(Page::<TakenHandle>::fetch(limit))
            .select((handles::handle, handles::taken_at))
            .load(&mut conn)
            .await?;
        Page::cut(rows, limit).try_map(|(handle, taken_at)| {
            Ok(TakenHandle { handle: Handle::taken(&handle).map_err(Error::row)?, taken_at })
        })
    }

    /// Returns the sessions of a user, ended ones included, newest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn session_records(
        &self,
        user: UserId,
        limit: i64,
    ) -> Result<Page<SessionRecord>, Error> {
        let mut conn = self.connection().await?;
        let rows: Vec<SessionRow> = sessions::table
            .filter(sessions::user_id.eq(user.uuid()))
            .order(sessions::id.desc())
            .limit(Page::<SessionRecord>::fetch(limit))
            .select((
                sessions::id,
                sessions::device_name,
                sessions::device_kind,
                sessions::address,
                sessions::place,
                sessions::created_at,
                sessions::ended_at,
            ))
            .load(&mut conn)
            .await?;
        let record = |row: SessionRow| {
            let (id, device_name, device_kind, address, place, created_at, ended_at) = row;
            let (id, device_kind) = (SessionId::new(id), parse(&device_kind)?);
            Ok(SessionRecord { id, device_name, device_kind, address, place, created_at, ended_at })
        };
        Page::cut(rows, limit).try_map(record)
    }

    /// Returns the messages to a user, newest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn notices(&self, user: UserId, limit: i64) -> Result<Page<SentNotice>, Error> {
        let mut conn = self.connection().await?;
        let rows: Vec<NoticeRow> = notifications::table
            .filter(notifications::user_id.eq(user.uuid()))
            .order(notifications::id.desc())
            .limit(Page::<SentNotice>::fetch(limit))
            .select((
                notifications::template,
                notifications::channel,
                notifications::created_at,
                notifications::sent_at,
            ))
            .load(&mut conn)
            .await?;
        Page::cut(rows, limit).try_map(|(template, channel, created_at, sent_at)| {
            let (template, channel) = (parse(&template)?, parse(&channel)?);
            Ok(SentNotice { template, channel, created_at, sent_at })
        })
    }
}
