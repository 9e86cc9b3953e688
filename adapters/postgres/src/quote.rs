//! Quotes: the effect of a call without carrying it out.

use crate::error::Error;
use crate::ledger;
use crate::people::PersonView;
use amana_domain::ledger::{Account, Entry};
use amana_domain::limits::{Limits, Usage};
use amana_domain::money::Money;
use diesel_async::AsyncPgConnection;
use std::collections::BTreeSet;

/// The rest of a user's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    pub transaction_minor_max: i64,
    /// The rest of the daily limit after the call.
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

/// The effect of a quoted call on the caller's wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    pub amount: Money,
    pub fee_minor: i64,
    pub available_before_minor: i64,
    pub available_after_minor: i64,
    /// `None` where no limit applies.
    pub allowance: Option<Allowance>,
    pub recipient: Option<PersonView>,
    /// The payments that mobile money would need, one after the other.
    pub payments: Vec<Money>,
}

/// Returns the balance of `wallet` before and after these entries. Applies the rules of the ledger in memory only, and
/// locks or opens no account.
///
/// # Errors
/// [`Error::Refused`] if an account would go below zero against the rules.
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
