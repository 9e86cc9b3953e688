//! One-time codes: six digits that prove that somebody reads what is sent to an address or a number.
//!
//! What guessing is worth: a code is one of a million and is dead after [`TRIES_MAX`] tries, so whoever
//! guesses at one is right 5 times in a million. To go on, another code has to be sent, of which a person's
//! address or number gets 5 in an hour and 10 in a day: somebody who guesses all day is right once in
//! 20,000 days, or 10,000 at a new password, which both the address and the number can be asked for. The
//! owner of the account has got 10 messages each day by then.

use crate::contact::ContactKind;
use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

const DIGITS: usize = 6;

/// How many codes there are: as many as numbers of that many digits.
const CODES: u32 = 1_000_000;

/// How long a code is good for. The messages say so, too.
pub const TTL: TimeDelta = TimeDelta::minutes(5);

/// How often a code may be tried, the right one included.
pub const TRIES_MAX: i16 = 5;

/// How many codes one address or number of one person gets within such a time.
const SENT_MAX: [(usize, TimeDelta); 2] = [(5, TimeDelta::hours(1)), (10, TimeDelta::days(1))];

/// More codes than this need not be looked at to tell whether another may be sent.
pub const SENT_LOOKED_AT: i64 = 10;

text_enum! {
    /// What a code is for; it is good for nothing else.
    pub enum Purpose as "purpose of a code" {
        VerifyEmail = "verify_email",
        VerifyPhone = "verify_phone",
        ResetPassword = "reset_password",
        /// Sent to what is to be replaced.
        LeaveEmail = "leave_email",
        LeavePhone = "leave_phone",
        /// Sent to what is to replace it.
        ChangeEmail = "change_email",
        ChangePhone = "change_phone",
        /// Logs in, together with the password.
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
#[error("expected the {DIGITS} digits of a code")]
pub struct CodeError;

/// Six digits. Its `Debug` is masked, and two are compared as one machine word: that takes the same time
/// wherever their digits differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code(u32);

impl Code {
    /// The code that 64 random bits stand for; that a million does not divide their number makes some codes
    /// likelier than others by less than one part in 10^13.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Self(
            u32::try_from(bits.checked_rem(u64::from(CODES)).unwrap_or_default())
                .unwrap_or_default(),
        )
    }

    /// # Errors
    /// [`CodeError`] if the text is anything but six digits.
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
    /// One answer for all of it: who guesses is not told how close it was.
    #[error(
        "the code is wrong, was used or replaced, was tried too often, or is older than 5 minutes"
    )]
    Wrong,
    #[error("no more codes can be sent there for now")]
    TooMany { wait: TimeDelta },
}

/// Whether another code may go to an address or number to which these went, newest first.
///
/// # Errors
/// [`CodeRefusal::TooMany`] with the time after which it may.
pub fn may_send(sent: &[DateTime<Utc>], now: DateTime<Utc>) -> Result<(), CodeRefusal> {
    let waits = SENT_MAX.iter().filter_map(|(max, within)| {
        // Of the newest `max`, the oldest has to be older than that.
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
