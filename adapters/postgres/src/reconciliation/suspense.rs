//! Money in suspense, as the rules see it, and the only way out of it.

use crate::error::Error;
use crate::ledger;
use crate::row::{money, parse};
use crate::schema::suspense_items;
use amana_domain::approval::ApprovalRefusal;
use amana_domain::ledger::{Account, Entry, EntryKind, Provider};
use amana_domain::money::Money;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Money that fits no payment.
pub(crate) struct InSuspense {
    pub(crate) amount: Money,
    is_closed: bool,
    is_returning: bool,
}

impl InSuspense {
    /// # Errors
    /// [`ApprovalRefusal::Moved`] if it has left suspense, or [`ApprovalRefusal::Returning`] if it
    /// is on its way back.
    pub(crate) const fn require_free(&self) -> Result<(), ApprovalRefusal> {
        match (self.is_closed, self.is_returning) {
            (true, _) => Err(ApprovalRefusal::Moved),
            (false, true) => Err(ApprovalRefusal::Returning),
            (false, false) => Ok(()),
        }
    }
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
    let found: Option<(i64, String, bool, Option<Uuid>)> = suspense_items::table
        .find((provider.as_str(), receipt))
        .select((
            suspense_items::amount_minor,
            suspense_items::currency,
            is_closed,
            suspense_items::return_payment_id,
        ))
        .first(conn)
        .await
        .optional()?;
    let (minor, currency, is_closed, returned_by) =
        found.ok_or(Error::NotFound("money in suspense"))?;
    let amount = money(minor, parse(&currency)?)?;
    Ok(InSuspense { amount, is_closed, is_returning: returned_by.is_some() })
}

/// Moves money out of suspense. The entry has the same key for every destination, so the money
/// leaves once. Returns `false` if it had left before.
pub(crate) async fn leave_suspense(
    conn: &mut AsyncPgConnection,
    (provider, receipt): (Provider, &str),
    (amount, to): (Money, Account),
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let key = format!("{provider}:{receipt}:suspense_out");
    let from = Account::suspense(amount.currency());
    let entry = Entry::transfer(EntryKind::SuspenseOut, key, amount, from, to)?;
    Ok(ledger::post(conn, &[entry], now).await? > 0)
}
