//! A short name that people pay by: `@amina`.

use thiserror::Error;

const CHARS_MIN: usize = 3;
const CHARS_MAX: usize = 30;

/// A handle can be changed again after so many days.
pub const CHANGE_AFTER_DAYS: i64 = 30;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a handle has 3 to 30 letters, digits and underscores and begins with a letter, such as @amina"
)]
pub struct HandleError;

/// Lower case, without the `@`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(String);

impl Handle {
    /// Takes `@Amina` for `amina`.
    ///
    /// # Errors
    /// [`HandleError`] if it is too short, too long, or has other characters.
    pub fn parse(text: &str) -> Result<Self, HandleError> {
        let name = text.strip_prefix('@').unwrap_or(text).to_ascii_lowercase();
        let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let well_formed = (CHARS_MIN..=CHARS_MAX).contains(&name.len())
            && name.bytes().all(known)
            && name.starts_with(|first: char| first.is_ascii_lowercase());
        if well_formed { Ok(Self(name)) } else { Err(HandleError) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As people write it.
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
            assert_eq!(Handle::parse(text), Err(HandleError), "{text}");
        }
        assert!(Handle::parse(&"a".repeat(30)).is_ok());
    }
}
