//! The clock offset of a test deployment: one row, so that all processes share it and it survives a restart.

use crate::error::{Conflict, Error};
use crate::log;
use crate::pool::Store;
use crate::schema::test_clock;
use amana_domain::deal::Actor;
use amana_domain::event::OperationEvent;
use amana_domain::id::UserId;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};

const ROW: i16 = 1;

impl Store {
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn clock_offset(&self) -> Result<TimeDelta, Error> {
        let mut conn = self.connection().await?;
        let offset_s: Option<i64> = test_clock::table
            .find(ROW)
            .select(test_clock::offset_s)
            .first(&mut conn)
            .await
            .optional()?;
        Ok(TimeDelta::seconds(offset_s.unwrap_or(0)))
    }

    /// Advances the clock and returns the new offset. The clock cannot be moved back.
    ///
    /// # Errors
    /// [`Conflict::ClockTooFar`] if the offset would exceed a hundred years.
    #[expect(clippy::arithmetic_side_effects, reason = "the database adds, within its bounds")]
    pub async fn advance_clock(
        &self,
        user: UserId,
        by: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<TimeDelta, Error> {
        let (seconds, mut conn) = (by.num_seconds(), self.connection().await?);
        conn.transaction(async |conn| {
            let moved = (test_clock::moved_by.eq(user.uuid()), test_clock::moved_at.eq(now));
            let offset_s: i64 = diesel::insert_into(test_clock::table)
                .values((test_clock::id.eq(ROW), test_clock::offset_s.eq(seconds), moved))
                .on_conflict(test_clock::id)
                .do_update()
                .set((test_clock::offset_s.eq(test_clock::offset_s + seconds), moved))
                .returning(test_clock::offset_s)
                .get_result(conn)
                .await
                .map_err(|e| {
                    Error::from(e).on_constraint("test_clock_range", Conflict::ClockTooFar)
                })?;
            let advanced = OperationEvent::TestClockAdvanced { by_s: seconds, offset_s };
            log::append(conn, now, Actor::User(user), user, advanced).await?;
            Ok(TimeDelta::seconds(offset_s))
        })
        .await
    }
}
