//! Storage of callbacks: bounds, sealing, retention.

use super::{CallbackKind, CallbackOutcome};
use crate::error::Error;
use crate::pool::Store;
use crate::schema::{callback_strays, callbacks};
use crate::vault::{Column, Vault, key_of_payer};
use amana_domain::id::PaymentId;
use amana_domain::time::EAT;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// More callbacks than any provider sends about one payment. Further ones are only counted.
pub(super) const CALLBACKS_PER_PAYMENT_MAX: i64 = 100;

/// Retention of bodies. Their content is stored as evidence by then.
const BODIES_KEPT: TimeDelta = TimeDelta::days(30);

/// Retention of rows, for investigations.
const CALLBACKS_KEPT: TimeDelta = TimeDelta::days(90);

/// Most rows that one statement changes.
const PART: i64 = 1_000;

impl Store {
    /// Counts a callback that is not stored. A flood of them costs one row per day and kind.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn count_stray_callback(
        &self,
        kind: CallbackKind,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        count_stray(&mut conn, kind, now).await
    }

    /// Deletes a part of the old bodies and rows. Returns `false` if none is left.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn forget_callbacks(&self, now: DateTime<Utc>) -> Result<bool, Error> {
        let mut conn = self.connection().await?;
        let before = |kept| now.checked_sub_signed(kept).unwrap_or(now);
        let has_body = callbacks::body.is_not_null().or(callbacks::body_sealed.is_not_null());
        let said: Vec<Uuid> = callbacks::table
            .filter(callbacks::received_at.lt(before(BODIES_KEPT)))
            .filter(has_body)
            .select(callbacks::id)
            .limit(PART)
            .load(&mut conn)
            .await?;
        diesel::update(callbacks::table.filter(callbacks::id.eq_any(&said)))
            .set((callbacks::body.eq(None::<Vec<u8>>), callbacks::body_sealed.eq(None::<Vec<u8>>)))
            .execute(&mut conn)
            .await?;
        let old: Vec<Uuid> = callbacks::table
            .filter(callbacks::received_at.lt(before(CALLBACKS_KEPT)))
            .select(callbacks::id)
            .limit(PART)
            .load(&mut conn)
            .await?;
        diesel::delete(callbacks::table.filter(callbacks::id.eq_any(&old)))
            .execute(&mut conn)
            .await?;
        Ok(!said.is_empty() || !old.is_empty())
    }
}

#[expect(clippy::arithmetic_side_effects, reason = "the database adds")]
pub(super) async fn count_stray(
    conn: &mut AsyncPgConnection,
    kind: CallbackKind,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = (
        callback_strays::day.eq(day(now)),
        callback_strays::kind.eq(kind.as_str()),
        callback_strays::count.eq(1),
    );
    diesel::insert_into(callback_strays::table)
        .values(row)
        .on_conflict((callback_strays::day, callback_strays::kind))
        .do_update()
        .set(callback_strays::count.eq(callback_strays::count + 1))
        .execute(conn)
        .await?;
    Ok(())
}

fn day(at: DateTime<Utc>) -> chrono::NaiveDate {
    at.with_timezone(&EAT).date_naive()
}

/// Seals a body under the key of the payer. Returns `None` if the payer is erased: then the body is not stored.
pub(super) async fn sealed(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (payment, body): (PaymentId, &[u8]),
) -> Result<Option<Vec<u8>>, Error> {
    let key = key_of_payer(conn, vault, payment).await?;
    Ok(key.map(|key| key.seal_bytes(Column::CallbackBody, body)).transpose()?)
}

/// Stores the outcome of a callback. Seals its body if the payment, and so the payer, is known now.
pub(crate) async fn conclude(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    id: Uuid,
    (outcome, payment, note): (CallbackOutcome, Option<PaymentId>, Option<String>),
) -> Result<(), Error> {
    diesel::update(callbacks::table.find(id))
        .set((
            callbacks::state.eq(outcome.as_str()),
            callbacks::payment_id.eq(payment.map(PaymentId::uuid)),
            callbacks::note.eq(note),
        ))
        .execute(conn)
        .await?;
    let Some(payment) = payment else { return Ok(()) };
    let plain: Option<Vec<u8>> =
        callbacks::table.find(id).select(callbacks::body).first(conn).await?;
    if let Some(body) = plain {
        let sealed = sealed(conn, vault, (payment, &body)).await?;
        diesel::update(callbacks::table.find(id))
            .set((callbacks::body.eq(None::<Vec<u8>>), callbacks::body_sealed.eq(sealed)))
            .execute(conn)
            .await?;
    }
    Ok(())
}
