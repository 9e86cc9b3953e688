//! The sequencer: numbers the events of committed transactions densely.

use crate::error::Error;
use crate::pool::Store;
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Timestamptz};
use diesel_async::RunQueryDsl;

/// Most transactions that one step numbers.
const COMMITS_MAX: i32 = 1_000;

#[derive(QueryableByName)]
struct Numbered {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Number of months whose partitions are created in advance.
const MONTHS_AHEAD: i32 = 3;

#[derive(QueryableByName)]
struct Added {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Store {
    /// Creates the missing partitions of this month and the next ones. Returns their number.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn add_event_months(&self, now: DateTime<Utc>) -> Result<i64, Error> {
        let mut conn = self.connection().await?;
        let added: Added = diesel::sql_query(
            "select count(*) as count from generate_series(0, $2) as ahead (n)
            where events_add_month((($1 at time zone 'UTC')::date + make_interval(months => n))::date)",
        )
        .bind::<Timestamptz, _>(now)
        .bind::<Integer, _>(MONTHS_AHEAD)
        .get_result(&mut conn)
        .await?;
        Ok(added.count)
    }

    /// Numbers events of committed transactions. Returns their number; zero while another process holds the sequencer.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn number_events(&self) -> Result<i64, Error> {
        let mut conn = self.connection().await?;
        let numbered: Numbered = diesel::sql_query("select events_number($1) as count")
            .bind::<Integer, _>(COMMITS_MAX)
            .get_result(&mut conn)
            .await?;
        Ok(numbered.count)
    }
}
