//! Subscribers: each reads the log by number, and stores its position in the transaction of its effect.

use super::read::{self, LoggedEvent};
use crate::error::Error;
use crate::pool::Store;
use crate::schema::event_subscribers as table;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use std::future::Future;

/// Most events that a subscriber handles in one transaction.
const BATCH_MAX: i64 = 200;

/// A reader of the whole log with an effect on the database.
pub(crate) trait Subscriber: Sync {
    /// The name of the stored position. A changed name would read the log from its beginning.
    const NAME: &'static str;

    /// Handles events, in the transaction that stores the position.
    fn handle(
        &self,
        conn: &mut AsyncPgConnection,
        events: &[LoggedEvent],
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Locks the subscriber and returns its position; `None` while another process runs it.
async fn lock(
    conn: &mut AsyncPgConnection,
    name: &'static str,
    now: DateTime<Utc>,
) -> Result<Option<i64>, Error> {
    diesel::insert_into(table::table)
        .values((table::name.eq(name), table::position.eq(0), table::updated_at.eq(now)))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(table::table
        .find(name)
        .select(table::position)
        .for_update()
        .skip_locked()
        .first(conn)
        .await
        .optional()?)
}

impl Store {
    /// Hands the next events to the subscriber and stores its new position in the same transaction. Returns the number
    /// of handled events: zero at the end of the log, or while another process runs the subscriber.
    ///
    /// # Errors
    /// Those of the subscriber; then neither its effect nor the position is stored.
    pub(crate) async fn advance<S: Subscriber>(
        &self,
        subscriber: &S,
        now: DateTime<Utc>,
    ) -> Result<usize, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let Some(position) = lock(conn, S::NAME, now).await? else { return Ok(0) };
            let events = read::after(conn, position, BATCH_MAX).await?;
            let Some(last) = events.last() else { return Ok(0) };
            let position = last.seq;
            subscriber.handle(conn, &events, now).await?;
            diesel::update(table::table.find(S::NAME))
                .set((table::position.eq(position), table::updated_at.eq(now)))
                .execute(conn)
                .await?;
            Ok(events.len())
        })
        .await
    }
}
