//! Sessions: opened at log-in, extended by refreshing, ended.
//!
//! An access token is accepted without a database query until it expires. The API polls [`Store::ended_sessions`] once
//! a second to reject the tokens of ended sessions.

mod end;
mod log_in;
mod step_up;
mod upkeep;

pub(crate) use end::end_all;
pub use log_in::LogIn;

use crate::error::{Conflict, Error};
use crate::pool::Store;
use crate::row::parse;
use crate::schema::sessions;
use crate::users::{User, load, require_open};
use crate::{log, notifications};
use amana_domain::deal::Actor;
use amana_domain::event::AccessEvent;
use amana_domain::id::{SessionId, TrustedDeviceId, UserId};
use amana_domain::notice::Template;
use amana_domain::session::{DeviceKind, EndReason, Rotation, SESSION_TTL, SESSIONS_MAX, Stale};
use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use std::net::IpAddr;
use uuid::Uuid;

/// The device of a log-in, as described by the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub name: String,
    pub kind: DeviceKind,
    pub address: IpAddr,
    /// The approximate location of the address, if known.
    pub place: Option<String>,
}

/// A session that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    pub id: SessionId,
    pub user: UserId,
    /// The number of its newest refresh token.
    pub rotation: i32,
    pub device_name: String,
    pub device_kind: DeviceKind,
    pub address: String,
    pub place: Option<String>,
    pub created_at: DateTime<Utc>,
    /// The time of the last refresh.
    pub seen_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// The trusted device that the session runs on.
    pub trusted_device: Option<TrustedDeviceId>,
}

#[derive(HasQuery)]
#[diesel(table_name = sessions)]
struct Row {
    id: Uuid,
    user_id: Uuid,
    rotation: i32,
    rotated_at: DateTime<Utc>,
    device_name: String,
    device_kind: String,
    address: String,
    place: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    trusted_device_id: Option<Uuid>,
}

impl TryFrom<Row> for SessionView {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: SessionId::new(row.id),
            user: UserId::new(row.user_id),
            rotation: row.rotation,
            device_name: row.device_name,
            device_kind: parse(&row.device_kind)?,
            address: row.address,
            place: row.place,
            created_at: row.created_at,
            seen_at: row.rotated_at,
            expires_at: row.expires_at,
            trusted_device: row.trusted_device_id.map(TrustedDeviceId::new),
        })
    }
}

fn expiry(now: DateTime<Utc>) -> DateTime<Utc> {
    now.checked_add_signed(SESSION_TTL).unwrap_or(now)
}

/// Returns whether the user has used other devices, but none like this.
async fn is_new_device(
    conn: &mut AsyncPgConnection,
    user: UserId,
    device: &Device,
) -> Result<bool, Error> {
    let of_user = sessions::table.filter(sessions::user_id.eq(user.uuid()));
    let same = of_user
        .filter(sessions::device_name.eq(&device.name))
        .filter(sessions::device_kind.eq(device.kind.as_str()));
    Ok(diesel::select(exists(of_user).and(not(exists(same)))).get_result(conn).await?)
}

/// Opens a session for an authenticated user, whose row is locked. Ends the least recently used sessions beyond the
/// limit.
pub(crate) async fn open(
    conn: &mut AsyncPgConnection,
    user: UserId,
    (device, trusted): (&Device, Option<Uuid>),
    now: DateTime<Utc>,
) -> Result<SessionView, Error> {
    let is_new = is_new_device(conn, user, device).await?;
    end::make_room(conn, user, SESSIONS_MAX.saturating_sub(1), now).await?;
    let id = Uuid::now_v7();
    let session: Row = diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(id),
            sessions::user_id.eq(user.uuid()),
            sessions::rotated_at.eq(now),
            sessions::device_name.eq(&device.name),
            sessions::device_kind.eq(device.kind.as_str()),
            sessions::address.eq(device.address.to_string()),
            sessions::place.eq(&device.place),
            sessions::created_at.eq(now),
            sessions::expires_at.eq(expiry(now)),
            sessions::trusted_device_id.eq(trusted),
        ))
        .returning(Row::as_returning())
        .get_result(conn)
        .await?;
    let device_kind = device.kind.as_str().to_owned();
    let opened = AccessEvent::SessionOpened { user, device_kind };
    log::append(conn, now, Actor::User(user), SessionId::new(id), opened).await?;
    if is_new {
        let user = load(conn, user).await?;
        let at = notifications::deadline_text(now);
        let params = json!({ "device": device.name, "at": at, "place": device.place });
        notifications::enqueue(conn, &user, Template::NewDevice, params, now).await?;
    }
    session.try_into()
}

impl Store {
    /// Exchanges the refresh token with this number for the next one. Reuse of an old token ends the session and
    /// notifies the user, because the token may be stolen.
    ///
    /// # Errors
    /// [`Conflict::SessionExpired`], [`Conflict::TokenSuperseded`] if another call refreshed the session just before,
    /// or [`Error::Transfer`] if the account is closed.
    pub async fn refresh_session(
        &self,
        id: SessionId,
        shown: i32,
        now: DateTime<Utc>,
    ) -> Result<(User, SessionView), Error> {
        let mut conn = self.connection().await?;
        let refreshed = conn
            .transaction(async |conn| {
                let alive = sessions::table
                    .find(id.uuid())
                    .filter(sessions::rotation.eq(shown))
                    .filter(sessions::ended_at.is_null())
                    .filter(sessions::expires_at.gt(now));
                let rotated: Option<Row> = diesel::update(alive)
                    .set((
                        sessions::rotation.eq(shown.saturating_add(1)),
                        sessions::rotated_at.eq(now),
                        sessions::expires_at.eq(expiry(now)),
                    ))
                    .returning(Row::as_returning())
                    .get_result(conn)
                    .await
                    .optional()?;
                let Some(session) = rotated else {
                    return Ok::<_, Error>(Err(refuse(conn, id, shown, now).await?));
                };
                let session = SessionView::try_from(session)?;
                require_open(conn, session.user).await?;
                Ok(Ok((load(conn, session.user).await?, session)))
            })
            .await?;
        refreshed.map_err(Error::Conflict)
    }

    /// Returns the open sessions of a user, most recently used first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn sessions(
        &self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<SessionView>, Error> {
        let mut conn = self.connection().await?;
        let rows: Vec<Row> = Row::query()
            .filter(sessions::user_id.eq(user.uuid()))
            .filter(sessions::ended_at.is_null())
            .filter(sessions::expires_at.gt(now))
            .order((sessions::rotated_at.desc(), sessions::id.desc()))
            .load(&mut conn)
            .await?;
        rows.into_iter().map(SessionView::try_from).collect()
    }
}

/// Returns the reason for rejecting a token, and applies its consequences. These are committed although the call fails.
async fn refuse(
    conn: &mut AsyncPgConnection,
    id: SessionId,
    shown: i32,
    now: DateTime<Utc>,
) -> Result<Conflict, Error> {
    let row: Option<Row> = Row::query()
        .filter(sessions::id.eq(id.uuid()))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    let alive = row.filter(|row| row.ended_at.is_none() && row.expires_at > now);
    let Some(row) = alive else {
        return Ok(Conflict::SessionExpired);
    };
    let rotation = Rotation { newest: row.rotation, at: row.rotated_at };
    if rotation.judge(shown, now) == Stale::Superseded {
        return Ok(Conflict::TokenSuperseded);
    }
    end::end(conn, &[id.uuid()], (EndReason::Reused, Actor::System), now).await?;
    let user = load(conn, UserId::new(row.user_id)).await?;
    let params = json!({ "device": row.device_name, "at": notifications::deadline_text(now) });
    notifications::enqueue(conn, &user, Template::SessionReused, params, now).await?;
    Ok(Conflict::SessionExpired)
}
