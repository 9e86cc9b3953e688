//! The statement of a period. Its ends are looked up once, as sequence numbers. The range between
//! them never changes, so pages that are read one after the other belong to one statement.

use super::TransactionFilter;
use super::rows::{Stretch, read};
use crate::error::{Conflict, Error};
use crate::pool::Store;
use crate::statement::statement;
use amana_domain::id::UserId;
use amana_domain::money::Currency;
use amana_domain::statement::{Ends, LINES_MAX, Period, Statement, StatementError, carry};
use amana_domain::transaction::Transaction;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// The end of a statement page, and the last line of the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementPlace {
    pub seq: i64,
    pub last_seq: i64,
}

/// One page of a statement, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementPage {
    pub period: Period,
    pub currency: Currency,
    /// Opening and closing balance of the period, not of the page.
    pub ends: Ends,
    pub lines: Vec<Transaction>,
    pub next: Option<StatementPlace>,
}

/// The part of an account between two moments: the numbers after `before_seq` up to `last_seq`.
#[derive(Debug, Clone, Copy, Default, QueryableByName)]
pub(super) struct Bounds {
    #[diesel(sql_type = SqlUuid)]
    pub(super) account: Uuid,
    #[diesel(sql_type = BigInt)]
    pub(super) before_seq: i64,
    #[diesel(sql_type = BigInt)]
    opening_minor: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) last_seq: i64,
    #[diesel(sql_type = BigInt)]
    closing_minor: i64,
}

statement! {
    FindBounds(
        owner: SqlUuid = Uuid,
        currency: Text = &'static str,
        from: Nullable<Timestamptz> = Option<DateTime<Utc>>,
        to: Nullable<Timestamptz> = Option<DateTime<Utc>>,
    ) "select a.id as account,
            coalesce(b.seq, 0) as before_seq, coalesce(b.balance_after_minor, 0) as opening_minor,
            coalesce(l.seq, 0) as last_seq, coalesce(l.balance_after_minor, 0) as closing_minor
        from accounts a
        left join lateral (
            select p.seq, p.balance_after_minor from postings p
            where p.account_id = a.id and p.at < coalesce($3, '-infinity')
            order by p.at desc, p.seq desc limit 1) b on true
        left join lateral (
            select p.seq, p.balance_after_minor from postings p
            where p.account_id = a.id and p.at < coalesce($4, 'infinity')
            order by p.at desc, p.seq desc limit 1) l on true
        where a.kind = 'user.available' and a.owner = $1 and a.currency = $2"
}

/// Finds the range between two moments; it is empty for a wallet that was never used.
pub(super) async fn bounds(
    conn: &mut AsyncPgConnection,
    (user, currency): (UserId, Currency),
    (from, to): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
) -> Result<Bounds, Error> {
    let find = FindBounds { owner: user.uuid(), currency: currency.as_str(), from, to };
    Ok(find.get_result(conn).await.optional()?.unwrap_or_default())
}

statement! {
    ReadBalance(
        account: SqlUuid = Uuid,
        seq: BigInt = i64,
    ) "select balance_after_minor from postings where account_id = $1 and seq = $2"
}

#[derive(QueryableByName)]
struct BalanceRow {
    #[diesel(sql_type = BigInt)]
    balance_after_minor: i64,
}

impl Bounds {
    const fn ends(&self) -> Ends {
        Ends { opening_minor: self.opening_minor, closing_minor: self.closing_minor }
    }

    const fn lines(&self) -> i64 {
        self.last_seq.saturating_sub(self.before_seq)
    }

    /// Returns the period as it was when its first page was read.
    async fn until(self, conn: &mut AsyncPgConnection, last_seq: i64) -> Result<Self, Error> {
        if last_seq >= self.last_seq || last_seq < self.before_seq {
            return Ok(self);
        }
        let closing_minor = self.balance_at(conn, last_seq).await?;
        Ok(Self { last_seq, closing_minor, ..self })
    }

    async fn balance_at(&self, conn: &mut AsyncPgConnection, seq: i64) -> Result<i64, Error> {
        if seq <= self.before_seq {
            return Ok(self.opening_minor);
        }
        let row: BalanceRow = ReadBalance { account: self.account, seq }.get_result(conn).await?;
        Ok(row.balance_after_minor)
    }

    /// Reads lines, oldest first.
    async fn read(
        &self,
        conn: &mut AsyncPgConnection,
        user: UserId,
        (after, limit): (i64, i64),
    ) -> Result<Vec<Transaction>, Error> {
        let newest = after.saturating_add(limit).min(self.last_seq);
        let oldest = after.saturating_add(1);
        let stretch = Stretch { account: self.account, user, oldest, newest };
        let mut lines = read(conn, stretch, &TransactionFilter::default(), limit).await?;
        lines.reverse();
        Ok(lines)
    }
}

impl Store {
    /// Returns one page of a statement. Checks that each line continues the previous balance, and
    /// that the last one ends at the closing balance.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn statement_page(
        &self,
        (user, currency): (UserId, Currency),
        period: Period,
        after: Option<StatementPlace>,
        limit: i64,
    ) -> Result<StatementPage, Error> {
        let mut conn = self.connection().await?;
        let (from, to) = (Some(period.from), Some(period.to));
        let mut bounds = bounds(&mut conn, (user, currency), (from, to)).await?;
        if let Some(place) = after {
            bounds = bounds.until(&mut conn, place.last_seq).await?;
        }
        let after = after.map_or(bounds.before_seq, |place| place.seq);
        let after = after.clamp(bounds.before_seq, bounds.last_seq.max(bounds.before_seq));
        let before_minor = bounds.balance_at(&mut conn, after).await?;
        let limit = limit.clamp(1, crate::page::PAGE_MAX);
        let lines = bounds.read(&mut conn, user, (after, limit)).await?;
        let reached_minor = carry(before_minor, &lines).map_err(Error::row)?;
        let seq = lines.last().map_or(after, |line| line.seq);
        if seq >= bounds.last_seq && reached_minor != bounds.closing_minor {
            return Err(Error::row(StatementError::Unbalanced));
        }
        let place = StatementPlace { seq, last_seq: bounds.last_seq };
        let next = (seq < bounds.last_seq && !lines.is_empty()).then_some(place);
        Ok(StatementPage { period, currency, ends: bounds.ends(), lines, next })
    }

    /// Returns a whole statement, for a file.
    ///
    /// # Errors
    /// [`Conflict::PeriodTooLong`] if it has more than [`LINES_MAX`] lines.
    pub async fn statement(
        &self,
        (user, currency): (UserId, Currency),
        period: Period,
    ) -> Result<Statement, Error> {
        let mut conn = self.connection().await?;
        let (from, to) = (Some(period.from), Some(period.to));
        let bounds = bounds(&mut conn, (user, currency), (from, to)).await?;
        if bounds.lines() > LINES_MAX {
            return Err(Error::Conflict(Conflict::PeriodTooLong));
        }
        let lines = bounds.read(&mut conn, user, (bounds.before_seq, LINES_MAX)).await?;
        let statement = Statement { currency, period, ends: bounds.ends(), lines };
        statement.proven().map_err(Error::row)
    }
}
