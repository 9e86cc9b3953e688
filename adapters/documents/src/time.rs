//! Times in East Africa Time, which has no daylight saving time.

use amana_domain::statement::Period;
use amana_domain::time::EAT;
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};

/// Formats `2026-11-21T13:04:05.123456+03:00`: exact, with the local date first.
pub(crate) fn exact(at: DateTime<Utc>) -> String {
    at.with_timezone(&EAT).to_rfc3339_opts(SecondsFormat::Micros, false)
}

/// Formats `2026-11-21 13:04`.
pub(crate) fn minute(at: DateTime<Utc>) -> String {
    at.with_timezone(&EAT).format("%Y-%m-%d %H:%M").to_string()
}

/// Returns the first and last day of a period. A period that ends at midnight ends on the day before.
pub(crate) fn days(period: Period) -> (NaiveDate, NaiveDate) {
    let first = period.from.with_timezone(&EAT).date_naive();
    let last = period.to.checked_sub_signed(TimeDelta::microseconds(1)).unwrap_or(period.to);
    (first, last.with_timezone(&EAT).date_naive())
}

/// Formats a period in days if it has whole days, otherwise to the second.
pub(crate) fn period(period: Period) -> String {
    let is_midnight = |at: DateTime<Utc>| at.with_timezone(&EAT).time() == NaiveTime::MIN;
    if is_midnight(period.from) && is_midnight(period.to) {
        let (first, last) = days(period);
        return format!("{first} – {last}");
    }
    let second = |at: DateTime<Utc>| at.with_timezone(&EAT).format("%Y-%m-%d %H:%M:%S");
    format!("{} – {}", second(period.from), second(period.to))
}
