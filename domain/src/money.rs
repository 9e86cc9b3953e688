//! Money: whole minor units of one currency, never negative, with checked arithmetic.

use crate::text_enum;
use thiserror::Error;

/// The largest amount. A balance of a thousand such amounts fits an `i64`, and sums of billions fit an `i128`.
pub const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000_000;

text_enum! {
    /// An ISO 4217 currency.
    pub enum Currency as "currency" {
        Kes = "KES",
        Tzs = "TZS",
        Ugx = "UGX",
        Rwf = "RWF",
        Ghs = "GHS",
        Ngn = "NGN",
        Usd = "USD",
    }
}

impl Currency {
    /// Returns the number of decimal places (ISO 4217).
    #[must_use]
    pub const fn exponent(self) -> u32 {
        match self {
            Currency::Kes | Currency::Tzs | Currency::Ghs | Currency::Ngn | Currency::Usd => 2,
            Currency::Ugx | Currency::Rwf => 0,
        }
    }

    /// Returns the number of minor units in one major unit.
    #[must_use]
    pub const fn minor_per_major(self) -> i64 {
        match self.exponent() {
            0 => 1,
            _ => 100,
        }
    }

    /// Formats minor units as an exact decimal number, such as `-1500.00`.
    #[must_use]
    pub fn decimal(self, minor: i64) -> String {
        let sign = if minor < 0 { "-" } else { "" };
        let per_major = self.minor_per_major().unsigned_abs();
        let digits = minor.unsigned_abs();
        let major = digits.checked_div(per_major).unwrap_or(digits);
        match self.exponent() {
            0 => format!("{sign}{major}"),
            _ => format!("{sign}{major}.{:02}", digits.checked_rem(per_major).unwrap_or(0)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoneyError {
    #[error("an amount must not be negative")]
    Negative,
    #[error("an amount must be greater than zero")]
    Zero,
    #[error("an amount is at most {AMOUNT_MINOR_MAX} minor units")]
    TooLarge,
    #[error("amounts of different currencies ({0} and {1}) cannot be combined")]
    Mixed(Currency, Currency),
}

/// An amount of money: zero or more minor units of one currency.
///
/// `Money` does not implement `Ord`, because amounts of different currencies have no order. [`Money::exceeds`],
/// [`Money::min`] and [`Money::max`] check the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    currency: Currency,
    minor: i64,
}

impl Money {
    /// # Errors
    /// [`MoneyError`] if negative or above [`AMOUNT_MINOR_MAX`].
    pub const fn new(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        if minor < 0 {
            return Err(MoneyError::Negative);
        }
        if minor > AMOUNT_MINOR_MAX {
            return Err(MoneyError::TooLarge);
        }
        Ok(Self { currency, minor })
    }

    /// Returns an amount to pay; zero is rejected too.
    ///
    /// # Errors
    /// [`MoneyError`] if not positive or above [`AMOUNT_MINOR_MAX`].
    pub const fn positive(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        if minor == 0 { Err(MoneyError::Zero) } else { Self::new(minor, currency) }
    }

    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { currency, minor: 0 }
    }

    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// # Errors
    /// [`MoneyError`] if the currencies differ or the sum exceeds the largest amount.
    pub fn plus(self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        Money::new(self.minor.checked_add(other.minor).ok_or(MoneyError::TooLarge)?, self.currency)
    }

    /// # Errors
    /// [`MoneyError`] if the currencies differ or the result is negative.
    pub fn minus(self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        Money::new(self.minor.checked_sub(other.minor).ok_or(MoneyError::Negative)?, self.currency)
    }

    /// # Errors
    /// [`MoneyError`] if a currency differs or the sum exceeds the largest amount.
    pub fn sum(
        currency: Currency,
        parts: impl IntoIterator<Item = Money>,
    ) -> Result<Money, MoneyError> {
        parts.into_iter().try_fold(Money::zero(currency), Money::plus)
    }

    /// Returns whether this amount is greater than `other`.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] if the currencies differ.
    pub fn exceeds(self, other: Money) -> Result<bool, MoneyError> {
        self.same_currency(other)?;
        Ok(self.minor > other.minor)
    }

    /// # Errors
    /// [`MoneyError::Mixed`] if the currencies differ.
    pub fn min(self, other: Money) -> Result<Money, MoneyError> {
        Ok(if self.exceeds(other)? { other } else { self })
    }

    /// # Errors
    /// [`MoneyError::Mixed`] if the currencies differ.
    pub fn max(self, other: Money) -> Result<Money, MoneyError> {
        Ok(if self.exceeds(other)? { self } else { other })
    }

    /// Rounds up to the next multiple of `step_minor`.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] if the result exceeds the largest amount.
    pub fn round_up_to(self, step_minor: i64) -> Result<Money, MoneyError> {
        let over = self.minor.checked_rem(step_minor).unwrap_or(0);
        if over == 0 {
            return Ok(self);
        }
        let lift = step_minor.checked_sub(over).ok_or(MoneyError::TooLarge)?;
        Money::new(self.minor.checked_add(lift).ok_or(MoneyError::TooLarge)?, self.currency)
    }

    /// Returns this amount times `part` / `whole`, rounded half up. If `whole` is zero, the result is zero.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] if the result exceeds the largest amount.
    pub fn portion(self, part: i64, whole: i64) -> Result<Money, MoneyError> {
        let product = i128::from(self.minor).saturating_mul(i128::from(part.max(0)));
        let half = i128::from(whole).div_euclid(2);
        let quotient = product.saturating_add(half).checked_div_euclid(i128::from(whole));
        let minor = i64::try_from(quotient.unwrap_or(0)).map_err(|_| MoneyError::TooLarge)?;
        Money::new(minor, self.currency)
    }

    /// Divides this amount by weight. The parts add up exactly to the whole, unless all weights are zero.
    /// The remainder of the division goes to the parts with the largest remainders (largest remainder method).
    #[must_use]
    pub fn allocate(self, weights: &[i64]) -> Vec<Money> {
        let total: i128 = weights.iter().map(|w| i128::from((*w).max(0))).sum();
        if total == 0 {
            return weights.iter().map(|_| Money::zero(self.currency)).collect();
        }
        let shares: Vec<(i128, i128)> = weights
            .iter()
            .map(|w| i128::from(self.minor).saturating_mul(i128::from((*w).max(0))))
            .map(|product| (product.div_euclid(total), product.rem_euclid(total)))
            .collect();
        let given: i128 = shares.iter().map(|(share, _)| share).sum();
        let mut left = i128::from(self.minor).saturating_sub(given);
        let mut order: Vec<usize> = (0..shares.len()).collect();
        order.sort_by_key(|i| std::cmp::Reverse(shares.get(*i).map_or(0, |(_, rest)| *rest)));
        let mut parts: Vec<i128> = shares.iter().map(|(share, _)| *share).collect();
        for i in order {
            if left == 0 {
                break;
            }
            if let Some(part) = parts.get_mut(i) {
                *part = part.saturating_add(1);
                left = left.saturating_sub(1);
            }
        }
        parts
            .into_iter()
            .map(|part| Money {
                currency: self.currency,
                // A share is never larger than the whole, so the fallback is unreachable.
                minor: i64::try_from(part).unwrap_or(self.minor),
            })
            .collect()
    }

    fn same_currency(self, other: Money) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::Mixed(self.currency, other.currency))
        }
    }
}

/// Formats as `KES 1,500.00`, as usual in the market.
impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let per_major = self.currency.minor_per_major();
        let major = self.minor.checked_div(per_major).unwrap_or(self.minor).to_string();
        let mut grouped = String::new();
        for (i, digit) in major.chars().enumerate() {
            if i > 0 && major.len().saturating_sub(i).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        match self.currency.exponent() {
            0 => write!(f, "{} {grouped}", self.currency),
            _ => {
                let cents = self.minor.checked_rem(per_major).unwrap_or(0);
                write!(f, "{} {grouped}.{cents:02}", self.currency)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kes(minor: i64) -> Money {
        Money::new(minor, Currency::Kes).unwrap()
    }

    #[test]
    fn amounts_outside_the_range_cannot_be_held() {
        assert_eq!(Money::new(-1, Currency::Kes), Err(MoneyError::Negative));
        assert_eq!(Money::positive(0, Currency::Kes), Err(MoneyError::Zero));
        assert_eq!(Money::new(AMOUNT_MINOR_MAX + 1, Currency::Kes), Err(MoneyError::TooLarge));
        assert_eq!(kes(AMOUNT_MINOR_MAX).plus(kes(1)), Err(MoneyError::TooLarge));
        assert_eq!(kes(1).minus(kes(2)), Err(MoneyError::Negative));
        let dollar = Money::new(1, Currency::Usd).unwrap();
        assert_eq!(kes(1).plus(dollar), Err(MoneyError::Mixed(Currency::Kes, Currency::Usd)));
    }

    #[test]
    fn shillings_and_dollars_are_not_compared() {
        let dollar = Money::new(1, Currency::Usd).unwrap();
        let mixed = MoneyError::Mixed(Currency::Kes, Currency::Usd);
        assert_eq!(kes(1).exceeds(dollar), Err(mixed));
        assert_eq!(kes(1).min(dollar), Err(mixed));
        assert_eq!(kes(2).exceeds(kes(1)), Ok(true));
        assert_eq!(kes(1).exceeds(kes(1)), Ok(false));
        assert_eq!(kes(2).min(kes(1)), Ok(kes(1)));
        assert_eq!(kes(2).max(kes(1)), Ok(kes(2)));
        assert_eq!(kes(1).max(dollar), Err(mixed));
    }

    #[test]
    fn reads_as_people_write_it() {
        assert_eq!(kes(0).to_string(), "KES 0.00");
        assert_eq!(kes(150_000).to_string(), "KES 1,500.00");
        assert_eq!(kes(123_456_789).to_string(), "KES 1,234,567.89");
        assert_eq!(Money::new(1_234_567, Currency::Ugx).unwrap().to_string(), "UGX 1,234,567");
    }

    #[test]
    fn a_decimal_number_has_every_digit() {
        for (minor, text) in [
            (0, "0.00"),
            (7, "0.07"),
            (-7, "-0.07"),
            (-150_000, "-1500.00"),
            (123_456_789, "1234567.89"),
            (i64::MIN, "-92233720368547758.08"),
        ] {
            assert_eq!(Currency::Kes.decimal(minor), text);
        }
        assert_eq!(Currency::Ugx.decimal(-1_234_567), "-1234567");
    }

    #[test]
    fn rounds_up_to_whole_shillings() {
        assert_eq!(kes(150_001).round_up_to(100), Ok(kes(150_100)));
        assert_eq!(kes(150_000).round_up_to(100), Ok(kes(150_000)));
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole(
            minor in 0..=AMOUNT_MINOR_MAX,
            weights in prop::collection::vec(0..1_000_000i64, 1..20),
        ) {
            let parts = kes(minor).allocate(&weights);
            prop_assert_eq!(parts.len(), weights.len());
            if weights.iter().any(|w| *w > 0) {
                prop_assert_eq!(Money::sum(Currency::Kes, parts), Ok(kes(minor)));
            }
        }
    }
}
