//! Limits of tiers on sending, withdrawing and the wallet's total, and the usage that counts against them.

use crate::error::Error;
use crate::pool::Store;
use crate::quote::Allowance;
use crate::row::parse;
use crate::schema::{accounts, spending, tier_limits, users};
use crate::users::load as load_user;
use amana_domain::id::UserId;
use amana_domain::ledger::AccountKind;
use amana_domain::limits::{Limits, Usage, day_of};
use amana_domain::money::{Currency, Money};
use amana_domain::transfer::TransferRefusal;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// A user's limits and usage in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitsView {
    pub currency: Currency,
    pub limits: Limits,
    pub usage: Usage,
    /// Balance of the wallet, available and held.
    pub total_minor: i64,
}

#[derive(HasQuery)]
#[diesel(table_name = tier_limits)]
struct Row {
    currency: String,
    transaction_minor_max: i64,
    day_minor_max: i64,
    balance_minor_max: i64,
}

impl From<&Row> for Limits {
    fn from(row: &Row) -> Self {
        Self {
            transaction_minor_max: row.transaction_minor_max,
            day_minor_max: row.day_minor_max,
            balance_minor_max: row.balance_minor_max,
        }
    }
}

/// # Errors
/// [`TransferRefusal::UnsupportedCurrency`] if the user's tier has no limits in this currency.
pub(crate) async fn load(
    conn: &mut AsyncPgConnection,
    user: UserId,
    currency: Currency,
) -> Result<Limits, Error> {
    let row = Row::query()
        .inner_join(users::table.on(users::tier.eq(tier_limits::tier)))
        .filter(users::id.eq(user.uuid()))
        .filter(tier_limits::currency.eq(currency.as_str()))
        .first(conn)
        .await
        .optional()?;
    let row: Row = row.ok_or(Error::Transfer(TransferRefusal::UnsupportedCurrency(currency)))?;
    Ok(Limits::from(&row))
}

/// Counts money that a user sends or withdraws. The caller has locked the user's available account, so that concurrent
/// spends cannot exceed the limit together.
///
/// # Errors
/// As [`load`], and [`Error::Limit`] if the amount exceeds the limit per transaction or the rest of the day.
pub(crate) async fn spend(
    conn: &mut AsyncPgConnection,
    user: UserId,
    amount: Money,
    now: DateTime<Utc>,
) -> Result<Usage, Error> {
    let (_, usage) = spent(conn, user, amount, now).await?;
    save(conn, user, amount.currency(), usage).await?;
    Ok(usage)
}

/// Returns the allowance after a [`spend`] of this amount. Counts nothing.
///
/// # Errors
/// As [`spend`].
pub(crate) async fn quote(
    conn: &mut AsyncPgConnection,
    user: UserId,
    amount: Money,
    now: DateTime<Utc>,
) -> Result<Allowance, Error> {
    let (limits, usage) = spent(conn, user, amount, now).await?;
    Ok(Allowance::after(&limits, usage))
}

async fn spent(
    conn: &mut AsyncPgConnection,
    user: UserId,
    amount: Money,
    now: DateTime<Utc>,
) -> Result<(Limits, Usage), Error> {
    let currency = amount.currency();
    let limits = load(conn, user, currency).await?;
    let usage = Usage::on(stored(conn, user, currency).await?, day_of(now));
    Ok((limits, limits.spend(usage, amount)?))
}

/// Takes the amount of a cancelled spend off the usage, if `spent_on` is still today. The caller has locked the user's
/// available account.
pub(crate) async fn give_back(
    conn: &mut AsyncPgConnection,
    user: UserId,
    amount: Money,
    spent_on: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if day_of(now) > spent_on {
        return Ok(());
    }
    let Some(usage) = stored(conn, user, amount.currency()).await? else { return Ok(()) };
    save(conn, user, amount.currency(), usage.give_back(spent_on, amount)).await
}

/// Checks that the wallet may receive the amount.
///
/// # Errors
/// As [`load`], and [`Error::Limit`] if the balance would exceed the limit.
pub(crate) async fn check_room(
    conn: &mut AsyncPgConnection,
    user: UserId,
    amount: Money,
) -> Result<(), Error> {
    let limits = load(conn, user, amount.currency()).await?;
    let total_minor = total(conn, user, amount.currency()).await?;
    Ok(limits.hold(total_minor.saturating_add(amount.minor()))?)
}

async fn stored(
    conn: &mut AsyncPgConnection,
    user: UserId,
    currency: Currency,
) -> Result<Option<Usage>, Error> {
    let row: Option<(NaiveDate, i64)> = spending::table
        .find((user.uuid(), currency.as_str()))
        .select((spending::day, spending::spent_minor))
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(day, spent_minor)| Usage { day, spent_minor }))
}

async fn save(
    conn: &mut AsyncPgConnection,
    user: UserId,
    currency: Currency,
    usage: Usage,
) -> Result<(), Error> {
    let counted = (spending::day.eq(usage.day), spending::spent_minor.eq(usage.spent_minor));
    diesel::insert_into(spending::table)
        .values((
            spending::user_id.eq(user.uuid()),
            spending::currency.eq(currency.as_str()),
            counted,
        ))
        .on_conflict((spending::user_id, spending::currency))
        .do_update()
        .set(counted)
        .execute(conn)
        .await?;
    Ok(())
}

/// Returns the balance of a wallet, available and held.
async fn total(
    conn: &mut AsyncPgConnection,
    user: UserId,
    currency: Currency,
) -> Result<i64, Error> {
    let kinds = [AccountKind::UserAvailable.as_str(), AccountKind::UserHeld.as_str()];
    let balances: Vec<i64> = accounts::table
        .filter(accounts::kind.eq_any(kinds))
        .filter(accounts::owner.eq(user.uuid()))
        .filter(accounts::currency.eq(currency.as_str()))
        .select(accounts::balance_minor)
        .load(conn)
        .await?;
    Ok(balances.into_iter().fold(0, i64::saturating_add))
}

impl Store {
    /// Returns the tier of a user, and the limits in each currency of the tier.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such user.
    pub async fn limits(
        &self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<(String, Vec<LimitsView>), Error> {
        let mut conn = self.connection().await?;
        let tier = load_user(&mut conn, user).await?.tier;
        let rows: Vec<Row> = Row::query()
            .filter(tier_limits::tier.eq(&tier))
            .order(tier_limits::currency)
            .load(&mut conn)
            .await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let currency = parse(&row.currency)?;
            let stored = stored(&mut conn, user, currency).await?;
            found.push(LimitsView {
                currency,
                limits: Limits::from(&row),
                usage: Usage::on(stored, day_of(now)),
                total_minor: total(&mut conn, user, currency).await?,
            });
        }
        Ok((tier, found))
    }
}
