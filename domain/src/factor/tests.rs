use super::*;
use crate::money::Currency;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// A code is valid from one step before to one step after its own. It is invalid once a code of its step or a later
/// step was accepted.
#[test]
fn a_code_is_good_around_its_time_and_once() {
    let of_step_100 = |step| step == 100;
    for (last, seconds, good) in [
        (None, 98 * 30 + 29, false),
        (None, 99 * 30, true),
        (None, 100 * 30, true),
        (None, 101 * 30 + 29, true),
        (None, 102 * 30, false),
        (Some(99), 100 * 30, true),
        (Some(100), 100 * 30, false),
        (Some(101), 101 * 30, false),
    ] {
        let expected = good.then_some(100);
        assert_eq!(accept(last, at(seconds), of_step_100), expected, "{last:?} at {seconds}");
    }
}

#[test]
fn what_is_shown_is_told_by_its_form() {
    let digits = |code: &str| Ok(ShownCode::Digits(code.to_owned()));
    let backup = |code: &str| Ok(ShownCode::Backup(code.to_owned()));
    for (typed, expected) in [
        ("012345", digits("012345")),
        (" 012 345 ", digits("012345")),
        ("abcde-fghjk", backup("ABCDEFGHJK")),
        ("ABCDE FGHJK", backup("ABCDEFGHJK")),
        ("oiL23-45678", backup("0112345678")),
        ("0123456789", backup("0123456789")),
        ("", Err(NoCode)),
        ("12345", Err(NoCode)),
        ("1234567", Err(NoCode)),
        ("12345٦", Err(NoCode)),
        ("ABCDE-FGHJ", Err(NoCode)),
        ("ABCDE-FGHJKM", Err(NoCode)),
        ("ABCDE-FGHJU", Err(NoCode)),
        ("ABCDE_FGHJ", Err(NoCode)),
        (&"1".repeat(100_000), Err(NoCode)),
    ] {
        assert!(ShownCode::parse(typed) == expected, "{typed:.20}");
    }
}

#[test]
fn backup_codes_are_read_as_they_were_shown() {
    let mut seen = std::collections::BTreeSet::new();
    for byte in 0..=u8::MAX {
        let code = backup_code([byte; BACKUP_CHARS]);
        assert!(ShownCode::parse(&in_halves(&code)) == Ok(ShownCode::Backup(code.clone())));
        seen.insert(code);
    }
    assert_eq!(seen.len(), 32);
    assert_eq!(in_halves("0123456789"), "01234-56789");
}

#[test]
fn a_step_up_is_asked_for_where_it_is_needed_and_runs_out() {
    let now = at(10_000);
    let ago = |seconds: i64| Some(at(10_000 - seconds));
    for (stepped_up_at, has_factor, risk, allowed) in [
        (None, false, Risk::Factor, false),
        (None, false, Risk::ApiKey, false),
        (ago(0), false, Risk::ApiKey, true),
        (None, false, Risk::OtherNumber, false),
        (None, false, Risk::Amount, true),
        (None, true, Risk::Amount, false),
        (ago(0), true, Risk::Factor, true),
        (ago(299), true, Risk::Amount, true),
        (ago(299), false, Risk::OtherNumber, true),
        (ago(300), true, Risk::Factor, false),
        (ago(300), true, Risk::Amount, false),
        (ago(300), false, Risk::OtherNumber, false),
        (ago(300), false, Risk::Amount, true),
    ] {
        let standing = Standing { stepped_up_at, has_factor };
        assert_eq!(standing.allows(risk, now), allowed, "{standing:?} {risk:?}");
    }
}

#[test]
fn an_amount_is_large_above_the_ceiling_and_in_other_currencies() {
    for (minor, currency, large) in [
        (5_000_000, Currency::Kes, false),
        (5_000_001, Currency::Kes, true),
        (1, Currency::Usd, true),
    ] {
        assert_eq!(is_large(Money::new(minor, currency).unwrap()), large, "{minor} {currency}");
    }
}

#[test]
fn a_lock_outlasts_the_tries_that_led_to_it() {
    assert!(LOCKED_FOR >= TRIES_WITHIN);
}

/// A `Debug` of the secret would leak it into logs.
#[test]
fn a_shown_code_is_not_printed() {
    let shown = format!("{:?}", ShownCode::parse("012345").unwrap());
    assert!(!shown.contains("012345"));
}

#[test]
fn a_new_password_and_the_second_factor_come_by_two_ways() {
    use ContactKind::{Email, Phone};
    for (factor, named, expected) in [
        (None, Phone, Phone),
        (None, Email, Email),
        (Some(FactorKind::App), Phone, Phone),
        (Some(FactorKind::Message(Phone)), Phone, Email),
        (Some(FactorKind::Message(Phone)), Email, Email),
        (Some(FactorKind::Message(Email)), Email, Phone),
        (Some(FactorKind::Message(Email)), Phone, Phone),
    ] {
        assert_eq!(FactorKind::reset_by(factor, named), expected, "{factor:?} {named}");
    }
}
