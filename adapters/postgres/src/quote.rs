//! What a call would do, without doing it.

use crate::error::Error;
use crate::ledger;
use crate::people::PersonView;
use amana_domain::ledger::{Account, Entry};
use amana_domain::limits::{Limits, Usage};
use amana_domain::money::Money;
use diesel_async::AsyncPgConnection;
use std::collections::BTreeSet;

/// What limits leave room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    pub transaction_minor_max: i64,
    /// Of the day, after the call.
    pub day_left_minor: i64,
}

impl Allowance {
    pub(crate) fn after(limits: &Limits, usage: Usage) -> Self {
        Self {
            transaction_minor_max: limits.transaction_minor_max,
            day_left_minor: limits.left_minor(usage),
        }
    }
}

/// The caller's side of a call that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    pub amount: Money,
    pub fee_minor: i64,
    pub available_before_minor: i64,
    pub available_after_minor: i64,
    /// `None` where no limit applies.
    pub allowance: Option<Allowance>,
    pub recipient: Option<PersonView>,
    /// What mobile money would be asked for, one after the other.
    pub payments: Vec<Money>,
}

/// What is in `wallet` now, and what these entries would leave there. They are applied by the rules of the
/// ledger, and not written; no account is locked, or opened.
///
/// # Errors
/// [`Error::Refused`] if an account that may not would go below zero.
pub(crate) async fn balances(
    conn: &mut AsyncPgConnection,
    wallet: Account,
    batch: &[Entry],
) -> Result<(i64, i64), Error> {
    let wanted: BTreeSet<Account> =
        batch.iter().flat_map(Entry::postings).map(|posting| posting.account).collect();
    let mut positions = ledger::positions(conn, &wanted).await?;
    let before = positions.get(&wallet).balance_minor;
    for entry in batch {
        positions.apply(entry)?;
    }
    Ok((before, positions.get(&wallet).balance_minor))
}
