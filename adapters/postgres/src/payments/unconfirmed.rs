//! Credits that only a callback confirms, limited so that a forged callback gains little.

use crate::error::Error;
use amana_domain::payment::{Payment, limits};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Older credits that no statement shows are listed as missing, and hold all payouts anyway.
const LOOK_BACK: TimeDelta = TimeDelta::days(1);

/// Key of the advisory lock; no other lock uses it.
const LOCK: i64 = 0x616d_616e_6163_6231;

#[derive(QueryableByName)]
struct Credited {
    #[diesel(sql_type = BigInt)]
    of_person: i64,
    #[diesel(sql_type = BigInt)]
    of_all: i64,
}

/// Tells whether the credit exceeds the amount that paybill callbacks may credit before a statement
/// confirms it, per user or in total. A lock serialises the confirmations.
pub(super) async fn is_over_budget(
    conn: &mut AsyncPgConnection,
    payment: &Payment,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let Some(limits) = limits(payment.provider, payment.amount.currency()) else { return Ok(true) };
    diesel::sql_query("select pg_advisory_xact_lock($1)")
        .bind::<BigInt, _>(LOCK)
        .execute(conn)
        .await?;
    let since = now.checked_sub_signed(LOOK_BACK).unwrap_or(now);
    let Credited { of_person, of_all } = diesel::sql_query(
        "select coalesce(sum(amount_minor) filter (where user_id = $1), 0)::bigint as of_person,
            coalesce(sum(amount_minor), 0)::bigint as of_all
        from payments
        where state = 'succeeded' and not confirmed and msisdn_sealed is null and created_at > $2",
    )
    .bind::<SqlUuid, _>(super::owner(payment)?.uuid())
    .bind::<Timestamptz, _>(since)
    .get_result(conn)
    .await?;
    let with = |sum: i64| sum.saturating_add(payment.amount.minor());
    Ok(with(of_person) > limits.callback_credit_minor_max
        || with(of_all) > limits.callback_credits_minor_max)
}
