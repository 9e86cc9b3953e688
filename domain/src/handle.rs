//! Handles: short names that users can be paid by, such as `@amina`.

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

/// Minimum length, without the `@`.
pub const CHARS_MIN: usize = 3;
pub const CHARS_MAX: usize = 30;

/// Minimum number of days between two changes of a handle.
pub const CHANGE_AFTER_DAYS: i64 = 30;

/// Words that could make a user look like Amana, an operator or a provider.
const RESERVED: [&str; 34] = [
    "account",
    "admin",
    "administrator",
    "agent",
    "airtel",
    "amana",
    "api",
    "bank",
    "billing",
    "care",
    "customer",
    "escrow",
    "everybody",
    "fraud",
    "help",
    "info",
    "me",
    "moderator",
    "mpesa",
    "official",
    "operator",
    "pay",
    "payments",
    "paystack",
    "refund",
    "refunds",
    "root",
    "safaricom",
    "security",
    "service",
    "staff",
    "support",
    "system",
    "team",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HandleError {
    #[error(
        "a handle has {CHARS_MIN} to {CHARS_MAX} letters, digits and underscores and begins with a letter, such as @amina"
    )]
    Shape,
    #[error("this handle is reserved; choose another one")]
    Reserved,
}

/// Lower case, without the `@`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(String);

impl Handle {
    /// Reads a handle. Ignores case and a leading `@`.
    ///
    /// # Errors
    /// [`HandleError`] if the length or a character is invalid, or the handle is reserved.
    pub fn parse(text: &str) -> Result<Self, HandleError> {
        let handle = Self::taken(text)?;
        if is_reserved(&handle.0) { Err(HandleError::Reserved) } else { Ok(handle) }
    }

    /// Reads a stored handle, like [`Handle::parse`]. A user keeps a handle that was reserved later.
    ///
    /// # Errors
    /// [`HandleError::Shape`].
    pub fn taken(text: &str) -> Result<Self, HandleError> {
        let name = text.strip_prefix('@').unwrap_or(text).to_ascii_lowercase();
        let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let well_formed = (CHARS_MIN..=CHARS_MAX).contains(&name.len())
            && name.bytes().all(known)
            && name.starts_with(|first: char| first.is_ascii_lowercase());
        if well_formed { Ok(Self(name)) } else { Err(HandleError::Shape) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Digits and underscores do not make a reserved word available, and neither does a row of reserved words: `@ad_min`,
/// `@mpesa2` and `@amana_support` are reserved, but not `@amana_juma`.
fn is_reserved(name: &str) -> bool {
    let reads_as = |text: &str| {
        let letters: String = text.chars().filter(char::is_ascii_alphabetic).collect();
        RESERVED.contains(&letters.as_str())
    };
    let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    reads_as(name) || name.split('_').all(|part| is_number(part) || reads_as(part))
}

/// Returns whether a handle may be changed now. `changed_at` is the time of the last change, `None` if never changed.
#[must_use]
pub fn may_change(changed_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    changed_at.is_none_or(|at| now.signed_duration_since(at) >= TimeDelta::days(CHANGE_AFTER_DAYS))
}

/// Writes the handle with its `@`.
impl std::fmt::Display for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "@{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_the_sign_do_not_matter_and_other_characters_do() {
        for text in ["amina", "@amina", "@AMINA"] {
            assert_eq!(Handle::parse(text).unwrap().to_string(), "@amina");
        }
        for text in
            ["", "@", "am", "1amina", "_amina", "amina.k", "amína", "@@amina", &"a".repeat(31)]
        {
            assert_eq!(Handle::parse(text), Err(HandleError::Shape), "{text}");
        }
        assert!(Handle::parse(&"a".repeat(30)).is_ok());
    }

    #[test]
    fn reserved_words_are_nobodys() {
        for text in [
            "admin",
            "@Amana",
            "support",
            "mpesa",
            "ad_min",
            "m_pesa",
            "admin_1",
            "mpesa2",
            "amana_support",
            "support_team_24",
        ] {
            assert_eq!(Handle::parse(text), Err(HandleError::Reserved), "{text}");
        }
        for text in ["amanah", "amana_juma", "help_juma", "administrators", "payday", "amina_1"] {
            assert!(Handle::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_handle_may_be_changed_once_in_thirty_days() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let days = 30 * 24 * 3600;
        assert!(may_change(None, at(0)));
        assert!(!may_change(Some(at(0)), at(days - 1)));
        assert!(may_change(Some(at(0)), at(days)));
        // Set by a server whose clock is ahead.
        assert!(!may_change(Some(at(60)), at(0)));
    }
}
