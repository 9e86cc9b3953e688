//! Reading balances, present and past.

mod write;

pub(crate) use write::{Locked, Written, insert_entries, insert_postings, lock, positions, post};

use crate::error::Error;
use crate::pool::Store;
use crate::row::parse;
use crate::statement::statement;
use amana_domain::id::UserId;
use amana_domain::ledger::AccountKind;
use amana_domain::money::Currency;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A user's balance in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    pub currency: Currency,
    pub available_minor: i64,
    /// Reserved for pending withdrawals and for beneficiaries of holds.
    pub held_minor: i64,
    /// The part of `held_minor` that was sent to a provider without a result yet; `None` for past
    /// balances.
    pub in_transit_minor: Option<i64>,
}

const IN_TRANSIT: &str = "in_transit";

// One statement, so that the amount in transit is part of the held amount.
statement! {
    ReadBalances(
        owner: SqlUuid = Uuid,
        user: SqlUuid = Uuid,
    ) "select kind, currency, balance_minor as minor from accounts
        where owner = $1 and kind in ('user.available', 'user.held')
        union all
        select 'in_transit', currency, sum(amount_minor)::bigint from payments
        where user_id = $2 and purpose = 'withdrawal' and state not in ('succeeded', 'failed') and stage = 'sent'
        group by currency"
}

statement! {
    ReadBalancesAt(
        at: Timestamptz = DateTime<Utc>,
        owner: SqlUuid = Uuid,
    ) "select a.kind, a.currency, coalesce(l.balance_after_minor, 0) as minor
        from accounts a left join lateral (
            select p.balance_after_minor from postings p where p.account_id = a.id and p.at <= $1
            order by p.at desc, p.seq desc limit 1) l on true
        where a.owner = $2 and a.kind in ('user.available', 'user.held')"
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    minor: i64,
}

/// Builds one balance per currency; a new wallet has its home currency at zero.
fn gather(rows: Vec<Row>, in_transit_minor: Option<i64>) -> Result<Vec<Balance>, Error> {
    let empty =
        |currency| Balance { currency, available_minor: 0, held_minor: 0, in_transit_minor };
    let mut balances = BTreeMap::from([(Currency::Kes, empty(Currency::Kes))]);
    for Row { kind, currency, minor } in rows {
        let currency = parse(&currency)?;
        let balance = balances.entry(currency).or_insert_with(|| empty(currency));
        if kind == IN_TRANSIT {
            balance.in_transit_minor = Some(minor);
        } else if parse::<AccountKind>(&kind)? == AccountKind::UserAvailable {
            balance.available_minor = minor;
        } else {
            balance.held_minor = minor;
        }
    }
    Ok(balances.into_values().collect())
}

impl Store {
    /// Returns the present balances of a user, for each currency ever used.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn balances(&self, user: UserId) -> Result<Vec<Balance>, Error> {
        let mut conn = self.connection().await?;
        let (owner, user) = (user.uuid(), user.uuid());
        gather(ReadBalances { owner, user }.load(&mut conn).await?, Some(0))
    }

    /// Returns the balances of a user at a moment, from the last posting until then.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn balances_at(
        &self,
        user: UserId,
        at: DateTime<Utc>,
    ) -> Result<Vec<Balance>, Error> {
        let mut conn = self.connection().await?;
        gather(ReadBalancesAt { at, owner: user.uuid() }.load(&mut conn).await?, None)
    }
}
