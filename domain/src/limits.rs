//! Limits of a tier on transactions, days and balances. The values are data in the store.

use crate::money::Money;
use crate::time::EAT;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use thiserror::Error;

/// The limits of one tier in one currency, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub transaction_minor_max: i64,
    pub day_minor_max: i64,
    /// Maximum of available and held money together.
    pub balance_minor_max: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LimitRefusal {
    #[error(
        "your limit is {max_minor} minor units per transaction; send less or apply for a higher tier"
    )]
    Transaction { max_minor: i64 },
    #[error(
        "{left_minor} of {max_minor} minor units are left of your daily limit; send less, or again after midnight in Nairobi"
    )]
    Day { max_minor: i64, left_minor: i64 },
    #[error(
        "the wallet can hold at most {max_minor} minor units; withdraw first or apply for a higher tier"
    )]
    Balance { max_minor: i64 },
    /// The error does not reveal the recipient's limit to the sender.
    #[error(
        "the recipient's wallet cannot receive this amount; send less or contact the recipient"
    )]
    Recipient,
}

/// The amount that a user has sent and withdrawn on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub day: NaiveDate,
    pub spent_minor: i64,
}

/// Returns the day of a time in Nairobi.
#[must_use]
pub fn day_of(now: DateTime<Utc>) -> NaiveDate {
    now.with_timezone(&EAT).date_naive()
}

/// Returns the start of a day in Nairobi; `None` for days outside the range of the calendar.
#[must_use]
pub fn day_begins(day: NaiveDate) -> Option<DateTime<Utc>> {
    let midnight = day.and_time(NaiveTime::MIN);
    Some(midnight.and_local_timezone(EAT).single()?.with_timezone(&Utc))
}

impl Usage {
    /// Returns the usage on `day`. Usage of an earlier day does not count. Usage of a later day stays: another server's
    /// clock can be ahead, and a user must not get two daily limits around midnight.
    #[must_use]
    pub fn on(stored: Option<Usage>, day: NaiveDate) -> Self {
        stored.filter(|usage| usage.day >= day).unwrap_or(Usage { day, spent_minor: 0 })
    }

    /// Subtracts an amount that was not spent after all, if it was spent on `day`.
    #[must_use]
    pub fn give_back(self, day: NaiveDate, amount: Money) -> Self {
        if self.day != day {
            return self;
        }
        Self { spent_minor: self.spent_minor.saturating_sub(amount.minor()).max(0), ..self }
    }
}

impl Limits {
    /// Returns the rest of the daily limit.
    #[must_use]
    pub fn left_minor(&self, usage: Usage) -> i64 {
        self.day_minor_max.saturating_sub(usage.spent_minor).max(0)
    }

    /// Checks the limit per transaction.
    ///
    /// # Errors
    /// [`LimitRefusal::Transaction`].
    pub const fn carry(&self, amount: Money) -> Result<(), LimitRefusal> {
        if amount.minor() > self.transaction_minor_max {
            return Err(LimitRefusal::Transaction { max_minor: self.transaction_minor_max });
        }
        Ok(())
    }

    /// Returns the usage after spending `amount`.
    ///
    /// # Errors
    /// [`LimitRefusal::Transaction`] or [`LimitRefusal::Day`].
    pub fn spend(&self, usage: Usage, amount: Money) -> Result<Usage, LimitRefusal> {
        self.carry(amount)?;
        let left_minor = self.left_minor(usage);
        if amount.minor() > left_minor {
            return Err(LimitRefusal::Day { max_minor: self.day_minor_max, left_minor });
        }
        Ok(Usage { spent_minor: usage.spent_minor.saturating_add(amount.minor()), ..usage })
    }

    /// Returns the amount that a wallet with this balance can still receive.
    #[must_use]
    pub fn room_minor(&self, total_minor: i64) -> i64 {
        self.balance_minor_max.saturating_sub(total_minor).max(0)
    }

    /// Checks the limit on the balance.
    ///
    /// # Errors
    /// [`LimitRefusal::Balance`].
    pub fn hold(&self, total_minor: i64) -> Result<(), LimitRefusal> {
        if total_minor > self.balance_minor_max {
            return Err(LimitRefusal::Balance { max_minor: self.balance_minor_max });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use chrono::TimeZone;

    const LIMITS: Limits =
        Limits { transaction_minor_max: 100, day_minor_max: 250, balance_minor_max: 1_000 };

    fn kes(minor: i64) -> Money {
        Money::new(minor, Currency::Kes).unwrap()
    }

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, n).unwrap()
    }

    #[test]
    fn the_limits_themselves_are_allowed_and_one_more_is_not() {
        let check = |spent, minor, expected| {
            let usage = Usage { day: day(1), spent_minor: spent };
            let after = LIMITS.spend(usage, kes(minor)).map(|usage| usage.spent_minor);
            assert_eq!(after, expected, "{spent} {minor}");
        };
        check(0, 100, Ok(100));
        check(0, 101, Err(LimitRefusal::Transaction { max_minor: 100 }));
        check(150, 100, Ok(250));
        check(151, 100, Err(LimitRefusal::Day { max_minor: 250, left_minor: 99 }));
        check(300, 1, Err(LimitRefusal::Day { max_minor: 250, left_minor: 0 }));
        assert_eq!(LIMITS.hold(1_000), Ok(()));
        assert_eq!(LIMITS.hold(1_001), Err(LimitRefusal::Balance { max_minor: 1_000 }));
        assert_eq!([0, 999, 1_000, 1_001].map(|total| LIMITS.room_minor(total)), [1_000, 1, 0, 0]);
    }

    #[test]
    fn a_new_day_begins_at_midnight_in_nairobi_with_nothing_spent() {
        let at = |h| Utc.with_ymd_and_hms(2026, 11, 1, h, 0, 0).unwrap();
        assert_eq!((day_of(at(20)), day_of(at(21))), (day(1), day(2)));
        assert_eq!(day_begins(day(2)), Some(at(21)));
        let spent = Usage { day: day(1), spent_minor: 200 };
        assert_eq!(Usage::on(Some(spent), day(1)), spent);
        assert_eq!(Usage::on(Some(spent), day(2)), Usage { day: day(2), spent_minor: 0 });
        assert_eq!(Usage::on(None, day(2)).spent_minor, 0);
        // A server whose clock is behind.
        let begun = Usage { day: day(2), spent_minor: 200 };
        assert_eq!(Usage::on(Some(begun), day(1)), begun);
        assert_eq!(spent.give_back(day(1), kes(50)).spent_minor, 150);
        assert_eq!(spent.give_back(day(2), kes(50)), spent);
    }
}
