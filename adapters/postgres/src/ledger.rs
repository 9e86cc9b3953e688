//! Writing entries, and reading balances and entries back.

mod write;

pub(crate) use write::{lock, post};

use crate::error::Error;
use crate::page::Page;
use crate::pool::Store;
use crate::row::parse;
use crate::schema::accounts;
use amana_domain::id::UserId;
use amana_domain::ledger::AccountKind;
use amana_domain::money::Currency;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a person has in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    pub currency: Currency,
    pub available_minor: i64,
    /// Reserved for withdrawals that are under way.
    pub held_minor: i64,
}

/// One posting to a person's wallet, with what it was for.
#[derive(Debug, Clone, QueryableByName)]
pub struct EntryView {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Text)]
    pub account: String,
    #[diesel(sql_type = Text)]
    pub currency: String,
    #[diesel(sql_type = BigInt)]
    pub amount_minor: i64,
    #[diesel(sql_type = BigInt)]
    pub balance_after_minor: i64,
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    #[diesel(sql_type = SmallInt)]
    pub line: i16,
}

impl Store {
    /// Balances of a person, one per currency that was ever used; a new wallet shows its home currency at zero.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn balances(&self, user: UserId) -> Result<Vec<Balance>, Error> {
        let mut conn = self.connection().await?;
        let rows: Vec<(String, String, i64)> = accounts::table
            .filter(accounts::owner.eq(user.uuid()))
            .filter(
                accounts::kind
                    .eq_any([AccountKind::UserAvailable.as_str(), AccountKind::UserHeld.as_str()]),
            )
            .select((accounts::kind, accounts::currency, accounts::balance_minor))
            .load(&mut conn)
            .await?;
        let mut balances = BTreeMap::from([(Currency::Kes, (0i64, 0i64))]);
        for (kind, currency, minor) in rows {
            let (available, held) = balances.entry(parse(&currency)?).or_default();
            match parse(&kind)? {
                AccountKind::UserAvailable => *available = minor,
                _ => *held = minor,
            }
        }
        Ok(balances
            .into_iter()
            .map(|(currency, (available_minor, held_minor))| Balance {
                currency,
                available_minor,
                held_minor,
            })
            .collect())
    }

    /// Postings to a person's wallet, newest first. `after` is the entry that the last page ended with.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn wallet_entries(
        &self,
        user: UserId,
        after: Option<(Uuid, i16)>,
        limit: i64,
    ) -> Result<Page<EntryView>, Error> {
        let mut conn = self.connection().await?;
        let (after_id, after_line) = after.unwrap_or((Uuid::max(), i16::MAX));
        let rows = diesel::sql_query(
            "select e.id, e.kind, a.kind as account, p.currency, p.amount_minor, p.balance_after_minor, e.at, p.line
            from accounts a join postings p on p.account_id = a.id join entries e on e.id = p.entry_id
            where a.owner = $1 and a.kind in ('user.available', 'user.held') and (e.id, p.line) < ($2, $3)
            order by e.id desc, p.line desc limit $4",
        )
        .bind::<SqlUuid, _>(user.uuid())
        .bind::<SqlUuid, _>(after_id)
        .bind::<SmallInt, _>(after_line)
        .bind::<BigInt, _>(Page::<EntryView>::fetch(limit))
        .load(&mut conn)
        .await?;
        Ok(Page::cut(rows, limit))
    }
}
