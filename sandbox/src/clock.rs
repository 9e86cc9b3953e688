//! East Africa Time (UTC+3, no daylight saving time), independent of the host's time zone.

use std::time::Duration;

use chrono::{DateTime, Utc};

const EAT_OFFSET_MS: i64 = 3 * 60 * 60 * 1000;

pub(crate) fn now_ms() -> i64 {
    Utc::now().timestamp_millis()
}

pub(crate) fn after(start_ms: i64, wait: Duration) -> i64 {
    start_ms.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
}

/// Shifts an instant so that its UTC fields are EAT fields. For formatting only.
pub(crate) fn eat(instant_ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(instant_ms.saturating_add(EAT_OFFSET_MS)).unwrap_or_default()
}

pub(crate) fn eat_text(instant_ms: i64, format: &str) -> String {
    eat(instant_ms).format(format).to_string()
}

pub(crate) fn rfc3339(instant_ms: i64) -> String {
    DateTime::from_timestamp_millis(instant_ms)
        .unwrap_or_default()
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// Parses `yyyyMMddHHmmss` in EAT.
pub(crate) fn parse_daraja(text: &str) -> Option<i64> {
    if text.len() != 14 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let naive = chrono::NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S").ok()?;
    naive.and_utc().timestamp_millis().checked_sub(EAT_OFFSET_MS)
}

pub(crate) fn parse_rfc3339(text: &str) -> Option<i64> {
    // In a query string, a `+` without percent-encoding arrives as a space.
    DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok().map(|at| at.timestamp_millis())
}
