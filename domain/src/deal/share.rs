//! The seller's share of a milestone, given as an amount or as a percentage.

use super::Refusal;
use crate::money::Money;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Maximum number of decimal places of a percentage.
pub const PERCENT_PLACES_MAX: usize = 3;

/// 100 %, in thousandths of a percent.
const WHOLE: u32 = 100_000;

/// A percentage from 0 to 100, in thousandths of a percent. Floats would lose exactness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "expected a percentage from 0 to 100 with at most {PERCENT_PLACES_MAX} decimal places, such as 61.803"
)]
pub struct PercentError;

impl Percent {
    /// Returns this part of an amount, rounded half up to the minor unit.
    ///
    /// # Errors
    /// None in practice: a part is never larger than the amount.
    pub fn of(self, amount: Money) -> Result<Money, Refusal> {
        Ok(amount.portion(i64::from(self.0), i64::from(WHOLE))?)
    }
}

impl FromStr for Percent {
    type Err = PercentError;

    fn from_str(text: &str) -> Result<Self, PercentError> {
        let (whole, places) = match text.split_once('.') {
            Some((_, "")) => return Err(PercentError),
            Some(parts) => parts,
            None => (text, ""),
        };
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let fits = (1..=3).contains(&whole.len()) && places.len() <= PERCENT_PLACES_MAX;
        let has_leading_zero = whole.len() > 1 && whole.starts_with('0');
        if !fits || !digits(whole) || !digits(places) || has_leading_zero {
            return Err(PercentError);
        }
        let thousandths = format!("{whole}{places:0<PERCENT_PLACES_MAX$}");
        let percent = thousandths.parse().map(Self).map_err(|_| PercentError)?;
        if percent.0 <= WHOLE { Ok(percent) } else { Err(PercentError) }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, places) = (self.0.div_euclid(1_000), self.0.rem_euclid(1_000));
        write!(f, "{whole}.{places:0PERCENT_PLACES_MAX$}")
    }
}

/// The seller's share of a milestone's amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Share {
    Exactly(Money),
    Percent(Percent),
}

impl Share {
    /// Returns the share as money, for a milestone of this amount.
    ///
    /// # Errors
    /// As [`Percent::of`].
    pub fn of(self, amount: Money) -> Result<Money, Refusal> {
        match self {
            Share::Exactly(money) => Ok(money),
            Share::Percent(percent) => percent.of(amount),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{AMOUNT_MINOR_MAX, Currency};

    #[test]
    fn a_percentage_is_a_decimal_text() {
        for (text, thousandths) in [
            ("0", 0),
            ("0.001", 1),
            ("7", 7_000),
            ("38.197", 38_197),
            ("61.803", 61_803),
            ("61.8", 61_800),
            ("99.999", 99_999),
            ("100", 100_000),
            ("100.000", 100_000),
        ] {
            assert_eq!(text.parse(), Ok(Percent(thousandths)), "{text}");
        }
        for text in [
            "", ".", "5.", ".5", "100.001", "101", "1000", "-1", "+1", "61,803", "61.8030", "1e1",
            " 1", "1 ", "01", "00", "0x1", "٥", "NaN", "1.-1", "1.2.3",
        ] {
            assert_eq!(text.parse::<Percent>(), Err(PercentError), "{text}");
        }
        assert_eq!("61.8".parse::<Percent>().unwrap().to_string(), "61.800");
    }

    #[test]
    fn a_part_is_rounded_half_up_to_the_cent() {
        for (percent, amount, part) in [
            ("0", 100_000, 0),
            ("100", 99_999, 99_999),
            ("61.803", 100_000, 61_803),
            ("38.197", 100_000, 38_197),
            // 61,803.618 and 38,197.382: nothing is lost between the two.
            ("61.803", 100_001, 61_804),
            ("38.197", 100_001, 38_197),
            // Half a cent goes up, less than that does not.
            ("50", 1, 1),
            ("49.999", 1, 0),
            ("0.001", 50_000, 1),
            ("0.001", 49_999, 0),
            ("33.333", 300, 100),
            ("100", AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX),
            ("61.803", AMOUNT_MINOR_MAX, 618_030_000_000_000),
        ] {
            let amount = Money::new(amount, Currency::Kes).unwrap();
            let percent: Percent = percent.parse().unwrap();
            assert_eq!(percent.of(amount).unwrap().minor(), part, "{percent} % of {amount}");
            assert_eq!(Share::Percent(percent).of(amount).unwrap().minor(), part);
        }
        let said = Money::new(7, Currency::Kes).unwrap();
        let amount = Money::new(100, Currency::Kes).unwrap();
        assert_eq!(Share::Exactly(said).of(amount), Ok(said));
    }
}
