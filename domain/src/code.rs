//! One-time codes: six digits that verify access to an e-mail address or a phone number.
//!
//! Odds of guessing: a code has a million values and is invalid after [`TRIES_MAX`] tries, so one code is guessed 5
//! times in a million. Each further code must be sent: an address or number gets 5 an hour and 10 a day. An attacker
//! therefore succeeds once in 20,000 days. A password reset can use both contacts: once in 10,000 days. The owner
//! gets 10 messages on each of these days.

use crate::contact::ContactKind;
use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

const DIGITS: usize = 6;

/// Number of possible codes: 10 to the power of [`DIGITS`].
const CODES: u32 = 1_000_000;

/// Validity of a code. The texts of the messages contain it too.
pub const TTL: TimeDelta = TimeDelta::minutes(5);

/// Maximum number of tries per code, including the correct one.
pub const TRIES_MAX: i16 = 5;

/// Maximum number of codes per contact of a user within each period.
const SENT_MAX: [(usize, TimeDelta); 2] = [(5, TimeDelta::hours(1)), (10, TimeDelta::days(1))];

/// Number of recent codes that [`may_send`] needs.
pub const SENT_LOOKED_AT: i64 = 10;

text_enum! {
    /// The only operation that a code can be used for.
    pub enum Purpose as "purpose of a code" {
        VerifyEmail = "verify_email",
        VerifyPhone = "verify_phone",
        ResetPassword = "reset_password",
        /// Sent to the contact that is replaced.
        LeaveEmail = "leave_email",
        LeavePhone = "leave_phone",
        /// Sent to the new contact.
        ChangeEmail = "change_email",
        ChangePhone = "change_phone",
        /// Second factor of a log-in, after the password.
        SecondFactor = "second_factor",
    }
}

impl Purpose {
    #[must_use]
    pub const fn verify(kind: ContactKind) -> Self {
        match kind {
            ContactKind::Email => Self::VerifyEmail,
            ContactKind::Phone => Self::VerifyPhone,
        }
    }

    #[must_use]
    pub const fn leave(kind: ContactKind) -> Self {
        match kind {
            ContactKind::Email => Self::LeaveEmail,
            ContactKind::Phone => Self::LeavePhone,
        }
    }

    #[must_use]
    pub const fn change(kind: ContactKind) -> Self {
        match kind {
            ContactKind::Email => Self::ChangeEmail,
            ContactKind::Phone => Self::ChangePhone,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected a code of exactly {DIGITS} digits")]
pub struct CodeError;

/// A six-digit code. Its `Debug` is masked. Codes are compared as one machine word, so the time of a comparison does
/// not reveal the position of a wrong digit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code(u32);

impl Code {
    /// Derives a code from 64 random bits. The modulo bias is below one part in 10^13.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Self(
            u32::try_from(bits.checked_rem(u64::from(CODES)).unwrap_or_default())
                .unwrap_or_default(),
        )
    }

    /// # Errors
    /// [`CodeError`] unless the text is six ASCII digits.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let well_formed = text.len() == DIGITS && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|_| well_formed).map(Self).ok_or(CodeError)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:0DIGITS$}", self.0)
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("******")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CodeRefusal {
    /// One error for all causes, so that a guesser learns nothing from it.
    #[error(
        "the code is wrong, was used or replaced, was tried too often, or is older than 5 minutes; request a new code"
    )]
    Wrong,
    #[error("too many codes were sent to this contact; wait before you request another one")]
    TooMany { wait: TimeDelta },
}

/// Checks that another code may be sent to a contact. `sent` holds the times of its recent codes, newest first.
///
/// # Errors
/// [`CodeRefusal::TooMany`] with the time to wait.
pub fn may_send(sent: &[DateTime<Utc>], now: DateTime<Utc>) -> Result<(), CodeRefusal> {
    let waits = SENT_MAX.iter().filter_map(|(max, within)| {
        // The oldest of the newest `max` codes must be older than the period.
        let oldest = sent.get(max.checked_sub(1)?)?;
        Some(oldest.checked_add_signed(*within)?.signed_duration_since(now))
    });
    match waits.filter(|wait| *wait > TimeDelta::zero()).max() {
        None => Ok(()),
        Some(wait) => Err(CodeRefusal::TooMany { wait }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_are_a_code_and_nothing_else_is() {
        for (text, bits) in [("000000", 0), ("000042", 3_000_042), ("999999", 999_999)] {
            assert_eq!(Code::parse(text), Ok(Code::from_bits(bits)));
            assert_eq!(Code::from_bits(bits).to_string(), text);
        }
        for text in ["", "12345", "1234567", "+12345", "12 456", " 12345", "12345a", "١٢٣٤٥٦"]
        {
            assert_eq!(Code::parse(text), Err(CodeError), "{text}");
        }
        assert_eq!(format!("{:?}", Code::from_bits(123_456)), "******");
    }

    #[test]
    fn five_in_an_hour_and_ten_in_a_day_may_be_sent() {
        let at = |minute: i64| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        let check = |sent: &[i64], now: i64, wait: Option<i64>| {
            let sent: Vec<_> = sent.iter().rev().map(|minute| at(*minute)).collect();
            let refusal = wait.map(|m| CodeRefusal::TooMany { wait: TimeDelta::minutes(m) });
            assert_eq!(may_send(&sent, at(now)).err(), refusal, "{sent:?}");
        };
        check(&[], 0, None);
        check(&[0, 1, 2, 3], 4, None);
        check(&[0, 1, 2, 3, 4], 4, Some(56));
        check(&[0, 1, 2, 3, 4], 60, None);
        check(&[0, 1, 2, 3, 4, 60], 60, Some(1));
        let day = [0, 1, 2, 3, 4, 100, 101, 102, 103, 104];
        check(&day, 104, Some(1440 - 104));
        check(&day, 1439, Some(1));
        check(&day, 1440, None);
        let looked_at = usize::try_from(SENT_LOOKED_AT).unwrap();
        assert!(SENT_MAX.iter().all(|(max, _)| *max <= looked_at));
    }
}
