//! Phone numbers as mobile money uses them (MSISDN): country code and subscriber number, digits only.

use thiserror::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a phone number has 10 to 15 digits with the country code first, such as 254712345678")]
pub struct PhoneError;

/// A phone number: 10 to 15 digits, country code first, no plus sign. Its `Debug` is masked: numbers are personal data.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Msisdn(String);

impl Msisdn {
    /// # Errors
    /// [`PhoneError`] unless the text has 10 to 15 digits and does not start with zero.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let well_formed = (10..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if well_formed { Ok(Self(digits.to_owned())) } else { Err(PhoneError) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the form for display and logs: `2547****5678`.
    #[must_use]
    pub fn masked(&self) -> String {
        let head = self.0.get(..4).unwrap_or_default();
        let tail = self.0.get(self.0.len().saturating_sub(4)..).unwrap_or_default();
        format!("{head}****{tail}")
    }
}

impl std::fmt::Debug for Msisdn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_international_digits_are_a_number() {
        assert_eq!(Msisdn::parse("+254712345678").unwrap().as_str(), "254712345678");
        for text in ["", "0712345678", "25471234567a", "254 712 345", "2547123456781234"] {
            assert_eq!(Msisdn::parse(text), Err(PhoneError), "{text}");
        }
    }

    #[test]
    fn debug_hides_the_middle() {
        assert_eq!(format!("{:?}", Msisdn::parse("254712345678").unwrap()), "2547****5678");
    }
}
