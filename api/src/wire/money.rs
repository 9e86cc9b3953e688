//! Money on the wire: an amount in minor units and its currency.

use super::number::PartMinor;
use super::{AmountMinor, Wire};
use crate::problem::{ApiError, Code};
use amana_domain::money::{self, Currency};
use poem_openapi::Object;
use serde::Deserialize;

/// An amount of money. `{"amount": 150000, "currency": "KES"}` is KES 1,500.00.
#[derive(Debug, Clone, Object)]
pub(crate) struct Money {
    /// In minor units (cents); negative only where money leaves an account.
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

/// An amount of money that is to be paid: more than zero.
#[derive(Debug, Clone, Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
pub(crate) struct PositiveMoney {
    /// In minor units (cents), a whole number. Mobile money carries whole shillings only: multiples of 100.
    pub(crate) amount: AmountMinor,
    pub(crate) currency: Wire<Currency>,
}

impl PositiveMoney {
    /// # Errors
    /// None in fact: the bounds were checked when the amount was read.
    pub(crate) fn money(&self) -> Result<money::Money, ApiError> {
        money::Money::positive(self.amount.get(), self.currency.0)
            .map_err(|e| ApiError::new(Code::InvalidRequest, e.to_string()))
    }
}

/// A part of an amount, which may be nothing of it.
#[derive(Debug, Clone, Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
pub(crate) struct NonNegativeMoney {
    /// In minor units (cents), a whole number from 0.
    pub(crate) amount: PartMinor,
    pub(crate) currency: Wire<Currency>,
}

impl NonNegativeMoney {
    /// # Errors
    /// None in fact: the bounds were checked when the amount was read.
    pub(crate) fn money(&self) -> Result<money::Money, ApiError> {
        money::Money::new(self.amount.get(), self.currency.0)
            .map_err(|e| ApiError::new(Code::InvalidRequest, e.to_string()))
    }
}
