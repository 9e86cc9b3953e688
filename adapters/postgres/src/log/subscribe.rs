//! Subscribers: each reads the log by number and stores its position together with its effect.

use super::read::{self, LoggedEvent};
use crate::error::Error;
use crate::pool::Store;
use crate::schema::event_subscribers as table;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use std::future::Future;

/// Events that a subscriber deals with in one transaction.
const BATCH_MAX: i64 = 200;

/// A reader of the whole log that derives something from it.
pub(crate) trait Subscriber: Sync {
    /// Names its position. Stable: another name would read the log from its beginning.
    const NAME: &'static str;

    /// Derives what follows from these events. Runs in the transaction that stores the position.
    fn handle(
        &self,
        conn: &mut AsyncPgConnection,
        events: &[LoggedEvent],
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Locks the subscriber's row; `None` while another process has it.
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
    /// Hands the next events to the subscriber and stores its new position in the same transaction. Returns how many
    /// events it dealt with: zero at the end of the log, or while another process runs it.
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
