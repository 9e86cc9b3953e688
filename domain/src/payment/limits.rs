//! What a provider can carry: data, not code, because providers change it.

use crate::ledger::Provider;
use crate::money::{Currency, Money};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub collection_minor_min: i64,
    pub payout_minor_min: i64,
    pub transaction_minor_max: i64,
    /// Amounts must be multiples of this (whole shillings).
    pub step_minor: i64,
}

/// `None` if the provider does not carry the currency.
///
/// Source of the M-Pesa figures: Safaricom's Daraja documentation, December 2025.
#[must_use]
pub const fn limits(provider: Provider, currency: Currency) -> Option<Limits> {
    match (provider, currency) {
        (Provider::Mpesa, Currency::Kes) => Some(Limits {
            collection_minor_min: 100,
            payout_minor_min: 1_000,
            transaction_minor_max: 25_000_000,
            step_minor: 100,
        }),
        (
            Provider::Mpesa,
            Currency::Tzs
            | Currency::Ugx
            | Currency::Rwf
            | Currency::Ghs
            | Currency::Ngn
            | Currency::Usd,
        ) => None,
    }
}

impl Limits {
    #[must_use]
    pub const fn allows_collection(&self, amount: Money) -> bool {
        self.fits(amount) && amount.minor() >= self.collection_minor_min
    }

    #[must_use]
    pub const fn allows_payout(&self, amount: Money) -> bool {
        self.fits(amount) && amount.minor() >= self.payout_minor_min
    }

    const fn fits(&self, amount: Money) -> bool {
        amount.minor() <= self.transaction_minor_max
            && matches!(amount.minor().checked_rem(self.step_minor), Some(0))
    }
}
