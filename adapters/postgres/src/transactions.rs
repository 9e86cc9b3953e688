//! Wallet transactions: single ones, filtered pages, and statements of a period.
//!
//! Sequence numbers of an account have no gaps and never change, so a page is a range of numbers.
//! The range limits how much is read, however long the history is.

mod period;
mod rows;

pub use period::{StatementPage, StatementPlace};

use crate::error::Error;
use crate::pool::Store;
use crate::statement::statement;
use amana_domain::id::{EntryId, UserId};
use amana_domain::ledger::EntryKind;
use amana_domain::money::Currency;
use amana_domain::transaction::{Direction, Transaction};
use amana_domain::transfer::Category;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rows::{Stretch, read};
use uuid::Uuid;

/// Limit of movements that one page searches for matches of its filter.
pub const SCAN_MAX: i64 = 2_000;

/// Filter of movements; `None` does not restrict it.
#[derive(Debug, Clone, Default)]
pub struct TransactionFilter {
    pub kinds: Vec<EntryKind>,
    pub from: Option<DateTime<Utc>>,
    /// Exclusive.
    pub to: Option<DateTime<Utc>>,
    pub category: Option<Category>,
    pub counterparty: Option<UserId>,
    pub direction: Option<Direction>,
    /// Limit of the absolute amount.
    pub minor_min: Option<i64>,
    pub minor_max: Option<i64>,
}

/// Movements, newest first. A short page may still have a successor, because it ends where its
/// search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionPage {
    pub items: Vec<Transaction>,
    /// The next page starts below this number.
    pub next: Option<i64>,
}

statement! {
    FindPlace(
        entry: SqlUuid = Uuid,
        owner: SqlUuid = Uuid,
    ) "select a.id as account, p.seq
        from postings p join accounts a on a.id = p.account_id
        where p.entry_id = $1 and a.owner = $2 and a.kind = 'user.available'"
}

#[derive(QueryableByName)]
struct PlaceRow {
    #[diesel(sql_type = SqlUuid)]
    account: Uuid,
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

impl Store {
    /// Returns one page of the movements of a user's available balance in a currency, newest first.
    /// `after` is the `next` of the previous page.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn transactions(
        &self,
        (user, currency): (UserId, Currency),
        filter: &TransactionFilter,
        after: Option<i64>,
        limit: i64,
    ) -> Result<TransactionPage, Error> {
        let mut conn = self.connection().await?;
        let bounds = period::bounds(&mut conn, (user, currency), (filter.from, filter.to)).await?;
        let newest =
            after.map_or(bounds.last_seq, |seq| seq.saturating_sub(1).min(bounds.last_seq));
        let oldest = newest.saturating_sub(SCAN_MAX - 1).max(bounds.before_seq.saturating_add(1));
        let stretch = Stretch { account: bounds.account, user, oldest, newest };
        let limit = limit.clamp(1, crate::page::PAGE_MAX);
        let items = read(&mut conn, stretch, filter, limit).await?;
        let is_full = i64::try_from(items.len()).is_ok_and(|found| found == limit);
        let end = items.last().filter(|_| is_full).map_or(oldest, |last| last.seq);
        let next = (end > bounds.before_seq.saturating_add(1)).then_some(end);
        Ok(TransactionPage { items, next })
    }

    /// # Errors
    /// [`Error::NotFound`] if the entry does not exist, or did not move this user's available
    /// balance.
    pub async fn transaction(&self, user: UserId, id: EntryId) -> Result<Transaction, Error> {
        let mut conn = self.connection().await?;
        let place = FindPlace { entry: id.uuid(), owner: user.uuid() };
        let place: Option<PlaceRow> = place.get_result(&mut conn).await.optional()?;
        let PlaceRow { account, seq } = place.ok_or(Error::NotFound("transaction"))?;
        let stretch = Stretch { account, user, oldest: seq, newest: seq };
        let found = read(&mut conn, stretch, &TransactionFilter::default(), 1).await?;
        found.into_iter().next().ok_or(Error::NotFound("transaction"))
    }
}
