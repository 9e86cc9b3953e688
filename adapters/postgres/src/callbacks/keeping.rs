//! What is kept of callbacks, how, and for how long.

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

/// More than any provider says about one payment; what comes beyond is counted only.
pub(super) const CALLBACKS_PER_PAYMENT_MAX: i64 = 100;

/// Bodies of callbacks are forgotten after so long; what they said is evidence by then.
const BODIES_KEPT: TimeDelta = TimeDelta::days(30);

/// The rows are kept so long for people who look into something.
const CALLBACKS_KEPT: TimeDelta = TimeDelta::days(90);

/// One statement removes so many rows at most.
const PART: i64 = 1_000;

impl Store {
    /// Counts a callback that is not stored: one row for each day and kind, however many there are.
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

    /// Forgets a part of what is old: bodies and rows. `false`: there is no more.
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

/// A body under the key of the person whose payment it is about; nothing is kept of what is said of the erased.
pub(super) async fn sealed(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (payment, body): (PaymentId, &[u8]),
) -> Result<Option<Vec<u8>>, Error> {
    let key = key_of_payer(conn, vault, payment).await?;
    Ok(key.map(|key| key.seal_bytes(Column::CallbackBody, body)).transpose()?)
}

/// Writes down what became of a callback, and seals what it said if it is known by now whom it is about.
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
