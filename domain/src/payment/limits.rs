//! Limits of the providers, as data, because providers change them.

use crate::ledger::Provider;
use crate::money::{Currency, Money, MoneyError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub collection_minor_min: i64,
    pub payout_minor_min: i64,
    pub transaction_minor_max: i64,
    /// Above this amount, a callback alone does not credit: a status query or the statement must confirm it. Also the
    /// maximum that callbacks alone credit to one user until they are confirmed.
    pub callback_credit_minor_max: i64,
    /// Maximum that paybill callbacks alone credit to all users together.
    pub callback_credits_minor_max: i64,
    /// Amounts must be multiples of this step (whole shillings).
    pub step_minor: i64,
}

/// Maximum number of payments in a plan. A larger amount cannot be paid by phone.
pub const PLAN_MAX: usize = 100;

/// Returns the limits, or `None` if the provider does not support the currency.
///
/// Source of the M-Pesa figures: Safaricom's Daraja documentation, December 2025.
#[must_use]
pub const fn limits(provider: Provider, currency: Currency) -> Option<Limits> {
    match (provider, currency) {
        (Provider::Mpesa, Currency::Kes) => Some(Limits {
            collection_minor_min: 100,
            payout_minor_min: 1_000,
            transaction_minor_max: 25_000_000,
            callback_credit_minor_max: 5_000_000,
            callback_credits_minor_max: 50_000_000,
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

/// Returns the currencies that at least one provider supports.
pub fn carried_currencies() -> impl Iterator<Item = Currency> {
    let is_carried = |currency: &Currency| {
        Provider::ALL.iter().any(|provider| limits(*provider, *currency).is_some())
    };
    Currency::ALL.iter().copied().filter(is_carried)
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

    /// Returns whether a payment of this amount is possible at the provider.
    #[must_use]
    pub const fn carries(&self, amount: Money) -> bool {
        amount.minor() > 0 && amount.minor() <= self.transaction_minor_max
    }

    /// Divides the outstanding amount into payments within the limits, each as large as possible. Only the last one is
    /// rounded up. Returns `None` if there would be more than [`PLAN_MAX`].
    ///
    /// # Errors
    /// [`MoneyError`] if the amount cannot be rounded up.
    pub fn plan(&self, outstanding: Money) -> Result<Option<Vec<Money>>, MoneyError> {
        let currency = outstanding.currency();
        let mut left = outstanding.round_up_to(self.step_minor)?.minor();
        let mut payments = vec![];
        while left > 0 {
            if payments.len() == PLAN_MAX {
                return Ok(None);
            }
            let next = match left <= self.transaction_minor_max {
                true => left.max(self.collection_minor_min),
                // The rest must not be below the minimum of a payment.
                false => {
                    self.transaction_minor_max.min(left.saturating_sub(self.collection_minor_min))
                }
            };
            payments.push(Money::new(next, currency)?);
            left = left.saturating_sub(next);
        }
        Ok(Some(payments))
    }

    const fn fits(&self, amount: Money) -> bool {
        amount.minor() <= self.transaction_minor_max
            && matches!(amount.minor().checked_rem(self.step_minor), Some(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kes(minor: i64) -> Money {
        Money::new(minor, Currency::Kes).unwrap()
    }

    fn mpesa() -> Limits {
        limits(Provider::Mpesa, Currency::Kes).unwrap()
    }

    #[test]
    fn only_shillings_are_carried_today() {
        assert_eq!(carried_currencies().collect::<Vec<_>>(), [Currency::Kes]);
    }

    #[test]
    fn large_amounts_are_paid_in_parts() {
        for (outstanding, parts) in [
            (0, vec![]),
            (1, vec![100]),
            (150_000, vec![150_000]),
            (25_000_000, vec![25_000_000]),
            (25_000_001, vec![25_000_000, 100]),
            (60_000_000, vec![25_000_000, 25_000_000, 10_000_000]),
        ] {
            let planned = mpesa().plan(kes(outstanding)).unwrap().unwrap();
            assert_eq!(planned, parts.into_iter().map(kes).collect::<Vec<_>>(), "{outstanding}");
        }
        let whole = 25_000_000 * i64::try_from(PLAN_MAX).unwrap();
        assert_eq!(mpesa().plan(kes(whole)).unwrap().map(|plan| plan.len()), Some(PLAN_MAX));
        assert_eq!(mpesa().plan(kes(whole + 1)), Ok(None));
    }

    proptest! {
        /// Covers providers whose minimum payment is many steps.
        #[test]
        fn a_plan_brings_what_is_outstanding_within_the_limits(
            outstanding in 1..2_000_000_000i64,
            min_steps in 1..50i64,
        ) {
            let limits = Limits { collection_minor_min: min_steps * 100, ..mpesa() };
            let plan = limits.plan(kes(outstanding)).unwrap().unwrap();
            prop_assert!(plan.iter().all(|part| limits.allows_collection(*part)), "{plan:?}");
            let sum: i64 = plan.iter().map(|part| part.minor()).sum();
            let beyond = sum - outstanding;
            prop_assert!((0..limits.collection_minor_min.max(limits.step_minor)).contains(&beyond));
            let before: i64 = plan.iter().rev().skip(1).map(|part| part.minor()).sum();
            prop_assert!(before < outstanding, "only the last one is rounded up");
        }
    }
}
