//! Signing keys: which of them signs, when the next one is wanted, and how long an old one is known.

use chrono::{DateTime, TimeDelta, Utc};

/// A key signs so long, then the next one does.
pub const SIGNS_FOR: TimeDelta = TimeDelta::days(30);

/// The next key is public so long before it signs: whoever keeps our public keys reads them more often.
pub const ANNOUNCED_FOR: TimeDelta = TimeDelta::days(1);

/// A key is known so long after the next one began to sign. Tokens live a quarter of an hour.
pub const KNOWN_AFTER: TimeDelta = TimeDelta::hours(1);

/// The key that signs now: the one that began last.
#[must_use]
pub fn signing(signs_from: &[DateTime<Utc>], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    signs_from.iter().copied().filter(|from| *from <= now).max()
}

/// From when a further key is to sign, if it is time to make one.
#[must_use]
pub fn wanted(signs_from: &[DateTime<Utc>], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let Some(newest) = signs_from.iter().copied().max() else { return Some(now) };
    let until = newest.checked_add_signed(SIGNS_FOR)?;
    let announced = now.checked_add_signed(ANNOUNCED_FOR)?;
    (until <= announced).then_some(announced)
}

/// Keys that began before this are not known any more.
#[must_use]
pub fn known_since(signs_from: &[DateTime<Utc>], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    signing(signs_from, now.checked_sub_signed(KNOWN_AFTER)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> DateTime<Utc> {
        hour(day * 24)
    }

    fn hour(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    #[test]
    fn the_first_key_signs_at_once_and_the_next_is_announced_for_a_day() {
        assert_eq!(wanted(&[], day(3)), Some(day(3)));
        for (keys, now, expected) in [
            (vec![day(0)], day(0), None),
            (vec![day(0)], hour(29 * 24 - 1), None),
            (vec![day(0)], day(29), Some(day(30))),
            // Nobody looked for a while: nobody knows the next one, so the old one goes on for a day.
            (vec![day(0)], day(50), Some(day(51))),
            (vec![day(0), day(30)], day(29), None),
            (vec![day(0), day(30)], day(58), None),
            (vec![day(0), day(30)], day(59), Some(day(60))),
        ] {
            assert_eq!(wanted(&keys, now), expected, "{keys:?} on {now}");
        }
    }

    #[test]
    fn one_key_signs_and_its_predecessor_is_known_for_an_hour() {
        let keys = [day(0), day(30), day(60)];
        for (now, signs, known) in [
            (day(1), day(0), day(0)),
            (hour(30 * 24 - 1), day(0), day(0)),
            (day(30), day(30), day(0)),
            (hour(30 * 24 + 1), day(30), day(30)),
            (day(61), day(60), day(60)),
        ] {
            assert_eq!(signing(&keys, now), Some(signs), "{now}");
            assert_eq!(known_since(&keys, now), Some(known), "{now}");
        }
        assert_eq!(signing(&keys, hour(-1)), None);
        assert_eq!(known_since(&keys, day(0)), None);
    }
}
