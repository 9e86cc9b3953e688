//! Times as people in the market read them: East Africa Time, all year round.

use amana_domain::statement::Period;
use amana_domain::time::EAT;
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};

/// `2026-11-21T13:04:05.123456+03:00`: exact, and the local date in front.
pub(crate) fn exact(at: DateTime<Utc>) -> String {
    at.with_timezone(&EAT).to_rfc3339_opts(SecondsFormat::Micros, false)
}

/// `2026-11-21 13:04`
pub(crate) fn minute(at: DateTime<Utc>) -> String {
    at.with_timezone(&EAT).format("%Y-%m-%d %H:%M").to_string()
}

/// The first and the last day of a period. One that ends at midnight ends with the day before.
pub(crate) fn days(period: Period) -> (NaiveDate, NaiveDate) {
    let first = period.from.with_timezone(&EAT).date_naive();
    let last = period.to.checked_sub_signed(TimeDelta::microseconds(1)).unwrap_or(period.to);
    (first, last.with_timezone(&EAT).date_naive())
}

/// A period in days where it has whole ones, else to the second.
pub(crate) fn period(period: Period) -> String {
    let is_midnight = |at: DateTime<Utc>| at.with_timezone(&EAT).time() == NaiveTime::MIN;
    if is_midnight(period.from) && is_midnight(period.to) {
        let (first, last) = days(period);
        return format!("{first} – {last}");
    }
    let second = |at: DateTime<Utc>| at.with_timezone(&EAT).format("%Y-%m-%d %H:%M:%S");
    format!("{} – {}", second(period.from), second(period.to))
}
