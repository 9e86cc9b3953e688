//! East Africa Time, M-Pesa's time zone: UTC+3, without daylight saving time.

use amana_domain::time::EAT;
use chrono::{DateTime, NaiveDateTime, Utc};

/// Formats `yyyyMMddHHmmss` for requests.
pub(crate) fn timestamp(now: DateTime<Utc>) -> String {
    now.with_timezone(&EAT).format("%Y%m%d%H%M%S").to_string()
}

/// Parses a time of a statement: day first or year first, with or without seconds.
pub(crate) fn parse_statement_time(text: &str) -> Option<DateTime<Utc>> {
    let day_first = text.as_bytes().get(2) == Some(&b'-');
    let formats = match day_first {
        true => ["%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M"],
        false => ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"],
    };
    let read = |format: &&str| NaiveDateTime::parse_from_str(text, format).ok();
    let local = formats.iter().find_map(read)?;
    Some(local.and_local_timezone(EAT).single()?.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_timestamp_is_nairobi_time() {
        assert_eq!(timestamp(utc("2026-11-21T21:30:05Z")), "20261122003005");
    }

    #[test]
    fn both_statement_formats_mean_the_same_instant() {
        let instant = Some(utc("2026-11-21T04:16:00Z"));
        assert_eq!(parse_statement_time("21-11-2026 07:16:00"), instant);
        assert_eq!(parse_statement_time("2026-11-21 07:16:00"), instant);
        assert_eq!(parse_statement_time("21-11-2026 07:16"), instant);
        assert_eq!(parse_statement_time("2026-11-21 07:16"), instant);
        for text in ["", "21/11/2026 07:16:00", "2026-13-01 00:00:00", "2026-11-21", "é1-11-2026"]
        {
            assert_eq!(parse_statement_time(text), None, "{text}");
        }
    }
}
