//! The hold of a withdrawal: it follows the entries that reserve the money, settle it or give it back.

use crate::error::Error;
use crate::schema::holds;
use amana_domain::ledger::{Entry, EntryKind};
use amana_domain::payment::Payment;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Repeating it changes nothing.
pub(super) async fn follow(
    conn: &mut AsyncPgConnection,
    payment: &Payment,
    entries: &[Entry],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for entry in entries {
        match entry.kind {
            EntryKind::PayoutReserve => open(conn, payment, now).await?,
            EntryKind::PayoutSettle => {
                close(conn, payment, ("settled", payment.amount.minor()), now).await?;
            }
            EntryKind::PayoutReturn => close(conn, payment, ("released", 0), now).await?,
            _ => {}
        }
    }
    Ok(())
}

async fn open(
    conn: &mut AsyncPgConnection,
    payment: &Payment,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::insert_into(holds::table)
        .values((
            holds::id.eq(Uuid::now_v7()),
            holds::user_id.eq(payment.user.uuid()),
            holds::payment_id.eq(Some(payment.id.uuid())),
            holds::amount_minor.eq(payment.amount.minor()),
            holds::currency.eq(payment.amount.currency().as_str()),
            holds::state.eq("open"),
            holds::created_at.eq(now),
            holds::updated_at.eq(now),
        ))
        .on_conflict(holds::payment_id)
        .do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

async fn close(
    conn: &mut AsyncPgConnection,
    payment: &Payment,
    (state, settled_minor): (&str, i64),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let open = holds::table
        .filter(holds::payment_id.eq(payment.id.uuid()))
        .filter(holds::state.eq("open"));
    diesel::update(open)
        .set((
            holds::state.eq(state),
            holds::settled_minor.eq(settled_minor),
            holds::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
