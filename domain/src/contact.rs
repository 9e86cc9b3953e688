//! Contacts of a user: e-mail addresses and phone numbers, which the user has to verify.

use crate::notice::Channel;
use crate::phone::{Msisdn, PhoneError};
use crate::text_enum;

text_enum! {
    pub enum ContactKind as "way to be reached" {
        Email = "email",
        Phone = "phone",
    }
}

impl ContactKind {
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Email => Self::Phone,
            Self::Phone => Self::Email,
        }
    }

    /// Returns the kind of contact that a channel delivers to.
    #[must_use]
    pub const fn reached_by(channel: Channel) -> Self {
        match channel {
            Channel::Email => Self::Email,
            Channel::Sms => Self::Phone,
        }
    }
}

/// An e-mail address or a phone number. Its `Debug` is masked: both are personal data.
#[derive(Clone, PartialEq, Eq)]
pub enum Contact {
    /// Lower case.
    Email(String),
    Phone(Msisdn),
}

impl Contact {
    /// Reads a contact that was stored with [`Contact::as_str`].
    ///
    /// # Errors
    /// [`PhoneError`] if a phone number is malformed.
    pub fn stored(kind: ContactKind, text: String) -> Result<Self, PhoneError> {
        match kind {
            ContactKind::Email => Ok(Self::Email(text)),
            ContactKind::Phone => Msisdn::parse(&text).map(Self::Phone),
        }
    }

    #[must_use]
    pub const fn kind(&self) -> ContactKind {
        match self {
            Self::Email(_) => ContactKind::Email,
            Self::Phone(_) => ContactKind::Phone,
        }
    }

    /// Returns the channel that delivers to this contact.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Email(_) => Channel::Email,
            Self::Phone(_) => Channel::Sms,
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(address) => address,
            Self::Phone(number) => number.as_str(),
        }
    }

    /// Returns the form for display and records: `a****@example.com`, `2547****5678`.
    #[must_use]
    pub fn masked(&self) -> String {
        match self {
            Self::Email(address) => {
                let (local, domain) = address.rsplit_once('@').unwrap_or_default();
                let first: String = local.chars().take(1).collect();
                format!("{first}****@{domain}")
            }
            Self::Phone(number) => number.masked(),
        }
    }
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_reads_back_and_is_shown_masked() {
        for (kind, text, shown) in [
            (ContactKind::Email, "amina@example.com", "a****@example.com"),
            (ContactKind::Phone, "254712345678", "2547****5678"),
        ] {
            let contact = Contact::stored(kind, text.to_owned()).unwrap();
            assert_eq!((contact.kind(), contact.as_str()), (kind, text));
            assert_eq!(format!("{contact:?}"), shown);
        }
        assert_eq!(Contact::stored(ContactKind::Phone, "0712".to_owned()), Err(PhoneError));
    }
}
