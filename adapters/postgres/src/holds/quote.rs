//! Quotes of holds.

use super::{NewHold, beneficiary, require_open};
use crate::error::Error;
use crate::pool::Store;
use crate::quote::{self, Quote};
use crate::{limits, users};
use amana_domain::hold::Hold;
use amana_domain::id::UserId;
use amana_domain::ledger::Account;
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use std::collections::BTreeSet;

impl Store {
    /// # Errors
    /// Every refusal that the hold itself would get now.
    pub async fn quote_hold(
        &self,
        owner: UserId,
        request: &NewHold,
        now: DateTime<Utc>,
    ) -> Result<Quote, Error> {
        let mut conn = self.connection().await?;
        users::appears_active(&mut conn, owner).await?;
        let beneficiary = beneficiary(&mut conn, self.vault()?, owner, &request.to).await?;
        let closed = users::closed(&mut conn, &[owner, beneficiary]).await?;
        require_open(&closed, owner, beneficiary)?;
        let hold = request.hold(owner, beneficiary, now);
        let recipient =
            users::people(&conn, &BTreeSet::from([beneficiary])).await?.remove(&beneficiary);
        Ok(Quote { recipient, ..quote(&mut conn, &hold, now).await? })
    }
}

/// Quotes what [`super::reserve`] would do for the owner, with its checks in the same order.
pub(crate) async fn quote(
    conn: &mut AsyncPgConnection,
    hold: &Hold,
    now: DateTime<Utc>,
) -> Result<Quote, Error> {
    let wallet = Account::available(hold.owner, hold.amount.currency());
    let (before, after) = quote::balances(conn, wallet, &[hold.reserve()?]).await?;
    Ok(Quote {
        amount: hold.amount,
        fee_minor: 0,
        available_before_minor: before,
        available_after_minor: after,
        allowance: Some(limits::quote(conn, hold.owner, hold.amount, now).await?),
        recipient: None,
        payments: vec![],
    })
}
