//! Money in suspense, as rules look at it.

use crate::error::Error;
use crate::row::{money, parse};
use crate::schema::suspense_items;
use amana_domain::ledger::Provider;
use amana_domain::money::Money;
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
    let is_closed =
        suspense_items::closed_at.is_not_null().or(suspense_items::reversed_at.is_not_null());
    let found: Option<(i64, String, bool)> = suspense_items::table
        .find((provider.as_str(), receipt))
        .select((suspense_items::amount_minor, suspense_items::currency, is_closed))
        .first(conn)
        .await
        .optional()?;
    let (minor, currency, is_closed) = found.ok_or(Error::NotFound("money in suspense"))?;
    Ok(InSuspense { amount: money(minor, parse(&currency)?)?, is_closed })
}
