//! Documents do not stay for ever: those of applications that came to nothing are forgotten.

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

/// So many applications are cleared away at a time; what is left waits for the next time.
const FORGET_MAX: i64 = 500;

/// Applications that came to nothing. A draft that nobody has touched for so long is one.
const OVER: [&str; 3] =
    [State::Draft.as_str(), State::Rejected.as_str(), State::Withdrawn.as_str()];

impl Store {
    /// Forgets the documents of applications that came to nothing and have not changed since `before`. Their
    /// files are removed by whoever finds that nothing is known of them.
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
            // Locked, so that none of them is submitted while its documents go.
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
