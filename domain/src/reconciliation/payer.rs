//! The payer of a collection, as far as the statement identifies them.

use crate::personal::Personal;
use crate::phone::Msisdn;

/// Separates number and name in a statement.
const SEPARATOR: &str = " - ";

/// The provider's text about a payer, such as `2547****0111 - AMINA ACHIENG`. The number may be complete, masked,
/// hashed or missing. The text is personal data, so its `Debug` prints nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payer(Personal<String>);

impl Payer {
    #[must_use]
    pub fn new(told: impl Into<String>) -> Self {
        Self(Personal::new(told.into()))
    }

    #[must_use]
    pub fn told(&self) -> &str {
        self.0.expose()
    }

    /// Returns the phone number if it is complete. Money is returned only to a complete number.
    #[must_use]
    pub fn number(&self) -> Option<Msisdn> {
        Msisdn::parse(self.first()).ok()
    }

    /// Returns the text of the number: complete, masked or hashed.
    #[must_use]
    pub fn shown_number(&self) -> Option<&str> {
        Some(self.first()).filter(|text| text.contains(|letter: char| letter.is_ascii_digit()))
    }

    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self.told().split_once(SEPARATOR) {
            Some((_, name)) => Some(name.trim()).filter(|name| !name.is_empty()),
            None => Some(self.first()).filter(|_| self.shown_number().is_none()),
        }
    }

    fn first(&self) -> &str {
        self.told().split_once(SEPARATOR).map_or(self.told(), |(first, _)| first).trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "8f5a1c0b2d3e4f5061728394a5b6c7d8e9f00112233445566778899aabbccdde";

    #[test]
    fn only_a_whole_number_is_one_to_pay_to() {
        let whole = Some("254708374149");
        for (told, number, shown, name) in [
            ("254708374149 - AMINA ACHIENG", whole, whole, Some("AMINA ACHIENG")),
            ("+254708374149", whole, Some("+254708374149"), None),
            (
                "2547****149 - AMINA - NEE OTIENO",
                None,
                Some("2547****149"),
                Some("AMINA - NEE OTIENO"),
            ),
            ("2547 ***** 126 - AMINA", None, Some("2547 ***** 126"), Some("AMINA")),
            ("0708374149 - AMINA", None, Some("0708374149"), Some("AMINA")),
            (HASH, None, Some(HASH), None),
            ("AMINA ACHIENG", None, None, Some("AMINA ACHIENG")),
            (" - ", None, None, None),
        ] {
            let payer = Payer::new(told);
            assert_eq!(payer.number().as_ref().map(Msisdn::as_str), number, "{told}");
            assert_eq!((payer.shown_number(), payer.name()), (shown, name), "{told}");
        }
    }

    #[test]
    fn nothing_of_a_payer_is_printed() {
        let shown = format!("{:?}", Payer::new("254708374149 - AMINA"));
        assert!(!shown.contains("254708") && !shown.contains("AMINA"), "{shown}");
    }
}
