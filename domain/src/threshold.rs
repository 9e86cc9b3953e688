//! Thresholds: amounts above which an operation needs more checks.

use crate::money::{Currency, Money};

/// Maximum amount per currency. Any amount in a currency that is not listed exceeds the ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceiling {
    per_currency: &'static [(Currency, i64)],
}

/// KES 10,000: the maximum that the role `support` decides about.
pub const SUPPORT: Ceiling = Ceiling::of(&[(Currency::Kes, 1_000_000)]);

/// KES 50,000: above this, users with a second factor need a step-up before the money leaves.
pub const STEP_UP: Ceiling = Ceiling::of(&[(Currency::Kes, 5_000_000)]);

/// KES 100,000: above this, an award and the release of a held withdrawal need two operators.
pub const ONE_PERSON: Ceiling = Ceiling::of(&[(Currency::Kes, 10_000_000)]);

impl Ceiling {
    const fn of(per_currency: &'static [(Currency, i64)]) -> Self {
        Self { per_currency }
    }

    #[must_use]
    pub fn exceeds(self, amount: Money) -> bool {
        let listed = self.per_currency.iter().find(|(currency, _)| *currency == amount.currency());
        listed.is_none_or(|(_, minor_max)| amount.minor() > *minor_max)
    }

    /// Returns whether every amount that passes this ceiling also passes `other`.
    #[must_use]
    pub fn is_within(self, other: Self) -> bool {
        self.per_currency.iter().all(|(currency, minor_max)| {
            let found = other.per_currency.iter().find(|(listed, _)| listed == currency);
            found.is_some_and(|(_, most)| minor_max <= most)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_in_another_currency_exceeds_every_ceiling() {
        for ceiling in [SUPPORT, STEP_UP, ONE_PERSON] {
            for currency in Currency::ALL {
                let least = Money::new(1, *currency).unwrap();
                assert_eq!(ceiling.exceeds(least), *currency != Currency::Kes, "{currency}");
            }
        }
    }

    #[test]
    fn the_ceiling_itself_passes_and_one_cent_more_does_not() {
        for (ceiling, minor) in
            [(SUPPORT, 1_000_000), (STEP_UP, 5_000_000), (ONE_PERSON, 10_000_000)]
        {
            let kes = |minor| Money::new(minor, Currency::Kes).unwrap();
            assert!(!ceiling.exceeds(kes(minor)), "{minor}");
            assert!(ceiling.exceeds(kes(minor + 1)), "{minor}");
        }
    }

    #[test]
    fn a_lower_ceiling_is_within_a_higher_one() {
        assert!(SUPPORT.is_within(STEP_UP) && STEP_UP.is_within(STEP_UP));
        assert!(!ONE_PERSON.is_within(STEP_UP));
    }
}
