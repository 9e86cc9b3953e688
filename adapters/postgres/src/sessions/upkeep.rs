//! Removal of old sessions and trusted devices.

use crate::error::Error;
use crate::pool::Store;
use crate::schema::{sessions, trusted_devices};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

/// Maximum number of rows per statement.
const REMOVE_MAX: i64 = 1_000;

impl Store {
    /// Removes a batch of sessions and trusted devices that ended or expired before `before`. Returns `false` once none
    /// is left.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn remove_old_sessions(&self, before: DateTime<Utc>) -> Result<bool, Error> {
        let mut conn = self.connection().await?;
        let over = sessions::table
            .filter(sessions::ended_at.lt(before).or(sessions::expires_at.lt(before)))
            .select(sessions::id)
            .limit(REMOVE_MAX);
        let over: Vec<Uuid> = over.load(&mut conn).await?;
        let old = sessions::table.filter(sessions::id.eq_any(&over));
        diesel::delete(old).execute(&mut conn).await?;
        let past = trusted_devices::table
            .filter(trusted_devices::expires_at.lt(before))
            .select(trusted_devices::id)
            .limit(REMOVE_MAX);
        let past: Vec<Uuid> = past.load(&mut conn).await?;
        let old = trusted_devices::table.filter(trusted_devices::id.eq_any(&past));
        diesel::delete(old).execute(&mut conn).await?;
        Ok(!over.is_empty() || !past.is_empty())
    }
}
