//! Quotes of payments.

use super::create::{collection, may_fund, paying_in, paying_out, planned, require_phone};
use super::{FundingMethod, FundingRequest};
use crate::error::Error;
use crate::pool::Store;
use crate::quote::{self, Quote};
use crate::{deals, holds, users};
use amana_domain::deal::Deal;
use amana_domain::id::{DealId, UserId};
use amana_domain::ledger::Account;
use amana_domain::money::{Money, MoneyError};
use chrono::{DateTime, Utc};

impl Store {
    /// Quotes a deposit: the wallet after the money has arrived.
    ///
    /// # Errors
    /// Every refusal that the deposit itself would get now.
    pub async fn quote_deposit(&self, user: UserId, amount: Money) -> Result<Quote, Error> {
        let mut conn = self.connection().await?;
        users::appears_active(&mut conn, user).await?;
        let payment = paying_in(&mut conn, user, amount).await?;
        let wallet = Account::available(user, amount.currency());
        let (before, after) = quote::balances(&mut conn, wallet, &[payment.collected()?]).await?;
        Ok(Quote {
            amount,
            fee_minor: 0,
            available_before_minor: before,
            available_after_minor: after,
            allowance: None,
            recipient: None,
            payments: vec![amount],
        })
    }

    /// # Errors
    /// Every refusal that the withdrawal itself would get now.
    pub async fn quote_withdrawal(
        &self,
        user: UserId,
        amount: Money,
        now: DateTime<Utc>,
    ) -> Result<Quote, Error> {
        let mut conn = self.connection().await?;
        users::appears_active(&mut conn, user).await?;
        require_phone(&users::load(&mut conn, user).await?)?;
        let (_, hold) = paying_out(user, amount, now)?;
        holds::quote(&mut conn, &hold, now).await
    }

    /// Quotes the funding of a deal: the wallet afterwards, and the amounts of the prompts.
    /// Payments above the price stay in the wallet.
    ///
    /// # Errors
    /// Every refusal that the funding itself would get now.
    pub async fn quote_funding(
        &self,
        user: UserId,
        id: DealId,
        request: &FundingRequest,
        now: DateTime<Utc>,
    ) -> Result<Quote, Error> {
        let mut conn = self.connection().await?;
        users::appears_active(&mut conn, user).await?;
        let deal = deals::load_as_party(&mut conn, user, id).await?;
        let decision = may_fund(&mut conn, user, (&deal, request), now).await?;
        let payments = match request.method {
            FundingMethod::Mpesa(_) => planned(&deal, request.amount)?,
            FundingMethod::Wallet => vec![],
        };
        let mut entries = vec![];
        for amount in &payments {
            entries.push(collection(user, &deal, *amount).collected()?);
        }
        entries.extend(decision.entries);
        let wallet = Account::available(user, deal.currency);
        let (before, after) = quote::balances(&mut conn, wallet, &entries).await?;
        let (amount, fee) = parts(&deal, &decision.deal).map_err(Error::row)?;
        Ok(Quote {
            amount,
            fee_minor: fee.minor(),
            available_before_minor: before,
            available_after_minor: after,
            allowance: None,
            recipient: None,
            payments,
        })
    }
}

/// Splits a payment in proportion into the seller's part and the buyer's share of the fees.
fn parts(before: &Deal, after: &Deal) -> Result<(Money, Money), MoneyError> {
    let paid = after.paid()?.minus(before.paid()?)?;
    let fees = before.milestones.iter().map(|milestone| milestone.charge.buyer);
    let fee = Money::sum(before.currency, fees)?;
    let fee = paid.portion(fee.minor(), before.price()?.minor())?;
    Ok((paid.minus(fee)?, fee))
}
