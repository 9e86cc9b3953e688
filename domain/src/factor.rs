//! The second factor: verification of codes, the lock after wrong codes, and step-up authentication.
//!
//! Codes of an authenticator app follow RFC 6238: six digits, a new code every 30 seconds. The codes of the previous
//! and the next step are accepted too, because clocks differ. Each code is accepted once: the step must be later than
//! the last accepted step.
//!
//! Odds of guessing with a known password: each try hits 3 of 1,000,000 codes, and 5 tries are possible per quarter of
//! an hour. Guessing without a pause succeeds with a chance of about 1 in 700 per day. Therefore the owner is notified
//! at the first lock. A backup code has 50 random bits and cannot be guessed.
//!
//! A code in a message is a one-time code (`crate::code`). Its tries count towards the same lock.

use crate::contact::ContactKind;
use crate::money::Money;
use crate::text_enum;
use crate::threshold::STEP_UP;
use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

pub const CODE_DIGITS: usize = 6;
pub const STEP_S: i64 = 30;
/// Number of steps that a clock may be ahead or behind.
const STEPS_OFF_MAX: i64 = 1;

/// Number of wrong codes within [`TRIES_WITHIN`] that lock the factor for [`LOCKED_FOR`]. The lock is not shorter than
/// the window, so counting starts at zero after it.
pub const TRIES_MAX: i32 = 5;
pub const TRIES_WITHIN: TimeDelta = TimeDelta::minutes(15);
pub const LOCKED_FOR: TimeDelta = TimeDelta::minutes(15);

pub const BACKUP_CODES: usize = 10;
pub const BACKUP_CHARS: usize = 10;
/// Crockford's alphabet: digits and letters without similar ones, five bits each.
const BACKUP_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Maximum time between the password and the code at a log-in.
pub const CHALLENGE_TTL: TimeDelta = TimeDelta::minutes(5);

/// Validity of a step-up.
pub const STEP_UP_TTL: TimeDelta = TimeDelta::minutes(5);

text_enum! {
    /// A way to pass the second factor.
    pub enum FactorMethod as "factor method" {
        /// A code of the authenticator app.
        Totp = "totp",
        BackupCode = "backup_code",
        /// A code in a message.
        Sms = "sms",
        Email = "email",
    }
}

/// The kind of a user's second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorKind {
    /// An authenticator app.
    App,
    /// Codes that are sent to a verified contact of the user.
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

    /// Returns all methods that pass this factor.
    #[must_use]
    pub const fn methods(self) -> [FactorMethod; 2] {
        [self.method(), FactorMethod::BackupCode]
    }

    /// Returns the contact that receives the password reset code when the user names `named`. It never equals the
    /// contact of the second factor; otherwise access to one contact would suffice for both.
    #[must_use]
    pub fn reset_by(factor: Option<Self>, named: ContactKind) -> ContactKind {
        if factor == Some(FactorKind::Message(named)) { named.other() } else { named }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FactorRefusal {
    #[error("the code is invalid or has expired")]
    InvalidCode,
    #[error("a code of the second factor is required too")]
    CodeWanted,
    #[error("too many wrong codes: the second factor is locked; wait before the next try")]
    Locked { wait: TimeDelta },
}

/// A code that a user entered, classified by its form. Its `Debug` prints nothing of the code, which is a secret.
#[derive(Clone, PartialEq, Eq)]
pub enum ShownCode {
    /// Six digits, of the authenticator app or of a message.
    Digits(String),
    /// A backup code in capital letters, without spaces and hyphens.
    Backup(String),
}

impl std::fmt::Debug for ShownCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShownCode")
    }
}

/// The text is neither a code nor a backup code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected {CODE_DIGITS} digits, or a backup code of {BACKUP_CHARS} letters and digits")]
pub struct NoCode;

impl ShownCode {
    /// Reads a typed code. Ignores spaces and hyphens, and reads similar letters as digits.
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

/// Derives a backup code from random bytes.
#[must_use]
pub fn backup_code(random: [u8; BACKUP_CHARS]) -> String {
    let letter = |byte: u8| BACKUP_ALPHABET.get(usize::from(byte & 31)).copied();
    random.into_iter().filter_map(letter).map(char::from).collect()
}

/// Formats a backup code for display, in two halves.
#[must_use]
pub fn in_halves(code: &str) -> String {
    let (one, other) = code.split_at_checked(BACKUP_CHARS / 2).unwrap_or((code, ""));
    format!("{one}-{other}")
}

/// Returns the number of the time step (RFC 6238).
#[must_use]
pub const fn step_at(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(STEP_S)
}

/// Returns the step of a valid code. `fits` tells whether the code belongs to a step.
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

/// The reason for which an operation requires step-up authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    /// The second factor is removed, or new backup codes are created.
    Factor,
    /// The secret of an API key is returned.
    ApiKey,
    /// Money goes to a number other than the user's own.
    OtherNumber,
    /// A large amount leaves the account, see [`is_large`].
    Amount,
    /// All personal data of a user is exported or erased.
    PersonalData,
    /// An operator decides about large amounts, fees or roles.
    StaffDecision,
}

/// The authentication state of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub stepped_up_at: Option<DateTime<Utc>>,
    pub has_factor: bool,
}

impl Standing {
    /// Returns whether the operation is allowed. A large amount needs a step-up only if the user has a second factor.
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

/// Returns whether the amount requires a step-up from users with a second factor.
#[must_use]
pub fn is_large(amount: Money) -> bool {
    STEP_UP.exceeds(amount)
}

#[cfg(test)]
mod tests;
