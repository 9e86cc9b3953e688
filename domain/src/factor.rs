//! The second factor: what a code that somebody shows means, how often one may be wrong, and what has to be
//! proven anew (step-up).
//!
//! Codes of the authenticator app are those of RFC 6238: six digits, a new one every 30 seconds. The one before
//! and the one after are taken too, for clocks that differ, and each is taken once: never a code of a step that
//! is not later than the last one taken.
//!
//! The odds: somebody who knows the password and guesses has 3 codes of 1,000,000 with each try and 5 tries per
//! quarter of an hour, so one in about 700 per day of guessing without a pause. That is why the owner is told
//! at the first lock. A backup code has 50 random bits: guessing it is hopeless.
//!
//! A code that is sent is a one-time code like others (`crate::code`), and tries at it count here too.

use crate::contact::ContactKind;
use crate::money::Money;
use crate::text_enum;
use crate::threshold::STEP_UP;
use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

pub const CODE_DIGITS: usize = 6;
pub const STEP_S: i64 = 30;
/// So many steps a clock may be ahead or behind.
const STEPS_OFF_MAX: i64 = 1;

/// So many wrong codes within [`TRIES_WITHIN`] lock the factor for [`LOCKED_FOR`], which is not shorter: when a
/// lock is over, counting begins anew.
pub const TRIES_MAX: i32 = 5;
pub const TRIES_WITHIN: TimeDelta = TimeDelta::minutes(15);
pub const LOCKED_FOR: TimeDelta = TimeDelta::minutes(15);

pub const BACKUP_CODES: usize = 10;
pub const BACKUP_CHARS: usize = 10;
/// Digits and letters without those that look alike (Crockford): five bits each.
const BACKUP_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Between the password and the code there may be so much time.
pub const CHALLENGE_TTL: TimeDelta = TimeDelta::minutes(5);

/// What was proven anew is good for so long.
pub const STEP_UP_TTL: TimeDelta = TimeDelta::minutes(5);

text_enum! {
    /// What may be shown as second factor.
    pub enum FactorMethod as "factor method" {
        /// Of the authenticator app.
        Totp = "totp",
        BackupCode = "backup_code",
        /// Sent to the person.
        Sms = "sms",
        Email = "email",
    }
}

/// What a person's second factor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorKind {
    /// An authenticator app.
    App,
    /// Codes that are sent to an address or number that is known to be the person's.
    Message(ContactKind),
}

impl FactorKind {
    #[must_use]
    pub const fn method(self) -> FactorMethod {
        match self {
            FactorKind::App => FactorMethod::Totp,
            FactorKind::Message(ContactKind::Phone) => FactorMethod::Sms,
            FactorKind::Message(ContactKind::Email) => FactorMethod::Email,
        }
    }

    /// All that may be shown.
    #[must_use]
    pub const fn methods(self) -> [FactorMethod; 2] {
        [self.method(), FactorMethod::BackupCode]
    }

    /// Where a code for a new password goes that somebody asks for by `named`: never to where the second factor
    /// comes too, or who has the phone would have both.
    #[must_use]
    pub fn reset_by(factor: Option<Self>, named: ContactKind) -> ContactKind {
        if factor == Some(FactorKind::Message(named)) { named.other() } else { named }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FactorRefusal {
    #[error("this code is not right, or not any more")]
    WrongCode,
    #[error("a code of the second factor is wanted too")]
    CodeWanted,
    #[error("there were too many wrong codes; wait before the next one")]
    Locked { wait: TimeDelta },
}

/// What somebody shows, by its form. It is a secret: it is neither printed nor compared here.
#[derive(Clone, PartialEq, Eq)]
pub enum ShownCode {
    /// Six digits, of the authenticator app or of a message.
    Digits(String),
    /// In capital letters, without what people put in between.
    Backup(String),
}

impl std::fmt::Debug for ShownCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShownCode")
    }
}

/// The text has neither form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected {CODE_DIGITS} digits, or a backup code of {BACKUP_CHARS} letters and digits")]
pub struct NoCode;

impl ShownCode {
    /// Reads what somebody typed, with spaces and hyphens, and letters for the digits that they look like.
    ///
    /// # Errors
    /// [`NoCode`].
    pub fn parse(text: &str) -> Result<Self, NoCode> {
        let typed = text.chars().filter(|c| !matches!(c, ' ' | '-'));
        let typed: String = typed.take(BACKUP_CHARS.saturating_add(1)).collect();
        if typed.len() == CODE_DIGITS && typed.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self::Digits(typed));
        }
        let meant = typed.to_ascii_uppercase().replace(['I', 'L'], "1").replace('O', "0");
        if meant.len() == BACKUP_CHARS && meant.bytes().all(|b| BACKUP_ALPHABET.contains(&b)) {
            return Ok(Self::Backup(meant));
        }
        Err(NoCode)
    }
}

/// A backup code made of random bytes.
#[must_use]
pub fn backup_code(random: [u8; BACKUP_CHARS]) -> String {
    let letter = |byte: u8| BACKUP_ALPHABET.get(usize::from(byte & 31)).copied();
    random.into_iter().filter_map(letter).map(char::from).collect()
}

/// As it is shown to people: in two halves.
#[must_use]
pub fn in_halves(code: &str) -> String {
    let (one, other) = code.split_at_checked(BACKUP_CHARS / 2).unwrap_or((code, ""));
    format!("{one}-{other}")
}

/// The number of the time step.
#[must_use]
pub const fn step_at(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(STEP_S)
}

/// The step of a shown code, if it is good: `fits` says whether it is the code of a step.
pub fn accept(
    last_step: Option<i64>,
    now: DateTime<Utc>,
    fits: impl Fn(i64) -> bool,
) -> Option<i64> {
    let present = step_at(now);
    let first = present.saturating_sub(STEPS_OFF_MAX);
    let mut steps = first..=present.saturating_add(STEPS_OFF_MAX);
    steps.find(|step| last_step.is_none_or(|last| *step > last) && fits(*step))
}

/// What makes a call one that has to be proven anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    /// Taking the second factor away, or making new backup codes.
    Factor,
    /// A secret is handed out with which machines call in the person's name.
    ApiKey,
    /// Money goes to a number that is not the registered one.
    OtherNumber,
    /// Much money leaves, see [`is_large`].
    Amount,
    /// Everything that is known of a person is handed out, or destroyed.
    PersonalData,
    /// A member of staff decides about much money, fees or roles.
    StaffDecision,
}

/// How far a person in a session is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub stepped_up_at: Option<DateTime<Utc>>,
    pub has_factor: bool,
}

impl Standing {
    /// Whether the call may go on. An amount asks nothing of those who have no second factor.
    #[must_use]
    pub fn allows(&self, risk: Risk, now: DateTime<Utc>) -> bool {
        let fresh = |at| now.signed_duration_since(at) < STEP_UP_TTL;
        let asks = match risk {
            Risk::Factor
            | Risk::ApiKey
            | Risk::OtherNumber
            | Risk::PersonalData
            | Risk::StaffDecision => true,
            Risk::Amount => self.has_factor,
        };
        !asks || self.stepped_up_at.is_some_and(fresh)
    }
}

/// Whether the amount asks for the second factor of a user who has one.
#[must_use]
pub fn is_large(amount: Money) -> bool {
    STEP_UP.exceeds(amount)
}

#[cfg(test)]
mod tests;
