//! Rotation of signing keys: the current key, the creation of the next one, and the removal of old ones.

use chrono::{DateTime, TimeDelta, Utc};

/// Time for which a key signs before the next key takes over.
pub const SIGNS_FOR: TimeDelta = TimeDelta::days(30);

/// Time for which the next key is published before it signs, so that clients that cache our public keys get it.
pub const ANNOUNCED_FOR: TimeDelta = TimeDelta::days(1);

/// Time for which a key stays published after the next key starts to sign. Tokens are valid for 15 minutes.
pub const KNOWN_AFTER: TimeDelta = TimeDelta::hours(1);

/// Returns the start time of the key that signs now: the latest start that is not in the future.
#[must_use]
pub fn signing(signs_from: &[DateTime<Utc>], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    signs_from.iter().copied().filter(|from| *from <= now).max()
}

/// Returns the start time of the next key, if it must be created now.
#[must_use]
pub fn wanted(signs_from: &[DateTime<Utc>], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let Some(newest) = signs_from.iter().copied().max() else { return Some(now) };
    let until = newest.checked_add_signed(SIGNS_FOR)?;
    let announced = now.checked_add_signed(ANNOUNCED_FOR)?;
    (until <= announced).then_some(announced)
}

/// Returns the start time of the oldest key that is still published.
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
            // The next key was created late: the old key signs until the next one has been published for a day.
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
