//! Money in suspense, as rules look at it.

use crate::error::Error;
use crate::row::{money, parse};
use crate::schema::suspense_items;
use amana_domain::ledger::Provider;
use amana_domain::money::Money;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Money that fits no payment of ours.
pub(crate) struct InSuspense {
    pub(crate) amount: Money,
    pub(crate) is_closed: bool,
}

/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn suspense_item(
    conn: &mut AsyncPgConnection,
    provider: Provider,
    receipt: &str,
) -> Result<InSuspense, Error> {
    let found: Option<(i64, String, Option<DateTime<Utc>>)> = suspense_items::table
        .find((provider.as_str(), receipt))
        .select((suspense_items::amount_minor, suspense_items::currency, suspense_items::closed_at))
        .first(conn)
        .await
        .optional()?;
    let (minor, currency, closed_at) = found.ok_or(Error::NotFound("money in suspense"))?;
    Ok(InSuspense { amount: money(minor, parse(&currency)?)?, is_closed: closed_at.is_some() })
}
