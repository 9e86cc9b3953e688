//! Retention: documents of applications without approval are deleted.

use crate::error::Error;
use crate::log;
use crate::pool::Store;
use crate::schema::{kyc_applications, kyc_documents};
use amana_domain::deal::Actor;
use amana_domain::event::KycEvent;
use amana_domain::id::KycId;
use amana_domain::kyc::State;
use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

/// Most applications that one call handles. The next call continues.
const FORGET_MAX: i64 = 500;

/// States without approval. An old unchanged draft counts as abandoned.
const OVER: [&str; 3] =
    [State::Draft.as_str(), State::Rejected.as_str(), State::Withdrawn.as_str()];

impl Store {
    /// Deletes the documents of applications without approval that have not changed since `before`. Housekeeping
    /// deletes the files, which have no row then.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn forget_kyc_documents(
        &self,
        before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let documents =
                kyc_documents::table.filter(kyc_documents::application_id.eq(kyc_applications::id));
            // Locked, so that no draft is submitted while its documents are deleted.
            let over: Vec<Uuid> = kyc_applications::table
                .filter(kyc_applications::state.eq_any(OVER))
                .filter(kyc_applications::updated_at.lt(before))
                .filter(exists(documents))
                .order(kyc_applications::updated_at)
                .limit(FORGET_MAX)
                .select(kyc_applications::id)
                .for_update()
                .skip_locked()
                .load(conn)
                .await?;
            let rows = kyc_documents::table.filter(kyc_documents::application_id.eq_any(&over));
            diesel::delete(rows).execute(conn).await?;
            for id in over.into_iter().map(KycId::new) {
                log::append(conn, now, Actor::System, id, KycEvent::DocumentsDeleted {}).await?;
            }
            Ok(())
        })
        .await
    }
}
