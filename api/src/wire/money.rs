//! Representation of money: amount in minor units and currency.

use super::number::PartMinor;
use super::{AmountMinor, Wire};
use crate::problem::{ApiError, Code};
use amana_domain::money::{self, Currency};
use poem_openapi::Object;
use serde::Deserialize;

/// An amount of money. `{"amount": 150000, "currency": "KES"}` is KES 1,500.00.
#[derive(Debug, Clone, Object)]
pub(crate) struct Money {
    /// Amount in minor units (cents); negative only where money leaves an account.
    pub(crate) amount: i64,
    pub(crate) currency: Wire<Currency>,
}

impl Money {
    pub(crate) fn minor(amount: i64, currency: Currency) -> Self {
        Self { amount, currency: Wire(currency) }
    }
}

impl From<money::Money> for Money {
    fn from(money: money::Money) -> Self {
        Self::minor(money.minor(), money.currency())
    }
}

/// A positive amount of money.
#[derive(Debug, Clone, Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
pub(crate) struct PositiveMoney {
    /// Amount in minor units (cents), a whole number. Mobile money requires whole shillings: multiples of 100.
    pub(crate) amount: AmountMinor,
    pub(crate) currency: Wire<Currency>,
}

impl PositiveMoney {
    /// # Errors
    /// None in practice: the limits are checked on parsing.
    pub(crate) fn money(&self) -> Result<money::Money, ApiError> {
        money::Money::positive(self.amount.get(), self.currency.0)
            .map_err(|e| ApiError::new(Code::InvalidRequest, e.to_string()))
    }
}

/// A part of an amount; may be zero.
#[derive(Debug, Clone, Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
pub(crate) struct NonNegativeMoney {
    /// Amount in minor units (cents), a whole number from 0.
    pub(crate) amount: PartMinor,
    pub(crate) currency: Wire<Currency>,
}

impl NonNegativeMoney {
    /// # Errors
    /// None in practice: the limits are checked on parsing.
    pub(crate) fn money(&self) -> Result<money::Money, ApiError> {
        money::Money::new(self.amount.get(), self.currency.0)
            .map_err(|e| ApiError::new(Code::InvalidRequest, e.to_string()))
    }
}
