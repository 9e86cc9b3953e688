//! Times and days in requests.

use super::text::Text;
use amana_domain::limits::day_begins;
use chrono::{DateTime, Days, NaiveDate, SecondsFormat, Utc};
use poem_openapi::registry::MetaSchema;

const DAY_BYTES: usize = 10;
const MOMENT_BYTES_MAX: usize = 40;

/// A time in microseconds, the precision of the ledger, so that returned times can be used in requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) DateTime<Utc>);

impl Text for Moment {
    const NAME: &'static str = "moment";

    fn parse(text: &str) -> Result<Self, String> {
        let expected = "expected a time such as 2026-11-21T13:04:05Z (write the plus sign of an offset as %2B)";
        let known = text.len() <= MOMENT_BYTES_MAX;
        let parsed = DateTime::parse_from_rfc3339(text).ok().filter(|_| known);
        parsed.map(|at| Self(at.with_timezone(&Utc))).ok_or_else(|| expected.to_owned())
    }

    fn text(&self) -> String {
        self.0.to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    fn schema() -> MetaSchema {
        MetaSchema::new_with_format("string", "date-time")
    }
}

/// A limit of a period: a time or a whole day in Nairobi.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DayOrMoment {
    Day { begins: DateTime<Utc>, ends: DateTime<Utc> },
    Moment(DateTime<Utc>),
}

impl DayOrMoment {
    /// Returns the start of the period.
    pub(crate) const fn from(self) -> DateTime<Utc> {
        match self {
            DayOrMoment::Day { begins, .. } => begins,
            DayOrMoment::Moment(at) => at,
        }
    }

    /// Returns the end of the period; a day is included.
    pub(crate) const fn to(self) -> DateTime<Utc> {
        match self {
            DayOrMoment::Day { ends, .. } => ends,
            DayOrMoment::Moment(at) => at,
        }
    }

    fn day(text: &str) -> Option<Self> {
        let is_plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let day: NaiveDate = text.parse().ok().filter(|_| is_plain)?;
        let next = day.checked_add_days(Days::new(1))?;
        Some(DayOrMoment::Day { begins: day_begins(day)?, ends: day_begins(next)? })
    }
}

impl Text for DayOrMoment {
    const NAME: &'static str = "day-or-moment";

    fn parse(text: &str) -> Result<Self, String> {
        if text.len() == DAY_BYTES
            && let Some(day) = Self::day(text)
        {
            return Ok(day);
        }
        let expected = "expected a day such as 2026-11-21 or a time such as 2026-11-21T13:04:05Z \
            (write the plus sign of an offset as %2B)";
        Moment::parse(text)
            .map(|Moment(at)| DayOrMoment::Moment(at))
            .map_err(|_| expected.to_owned())
    }

    fn text(&self) -> String {
        Moment(self.from()).text()
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(DAY_BYTES),
            max_length: Some(MOMENT_BYTES_MAX),
            ..MetaSchema::new("string")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_moment_is_read_as_exactly_as_it_is_written() {
        let at = Moment::parse("2026-11-21T13:04:05.123456+03:00").unwrap();
        assert_eq!(at.text(), "2026-11-21T10:04:05.123456Z");
        assert_eq!(Moment::parse(&at.text()), Ok(at));
        for text in ["", "2026-11-21", "2026-11-21T13:04:05", "now", "+12026-11-21T13:04:05Z"] {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_is_one_of_nairobi_and_belongs_to_the_period_that_it_ends() {
        let day = DayOrMoment::parse("2026-11-21").unwrap();
        assert_eq!(day.from(), utc("2026-11-20T21:00:00Z"));
        assert_eq!(day.to(), utc("2026-11-21T21:00:00Z"));
        let moment = DayOrMoment::parse("2026-11-21T13:04:05%2B03:00".replace("%2B", "+").as_str());
        let at = utc("2026-11-21T10:04:05Z");
        assert_eq!(moment.map(|m| (m.from(), m.to())), Ok((at, at)));
        for text in ["", "2026-02-30", "2026-11-2", "+2026-11-2", "21-11-2026", "2026-11-21 10:00"]
        {
            assert!(DayOrMoment::parse(text).is_err(), "{text}");
        }
    }
}
