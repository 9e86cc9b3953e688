//! Values typed by users, parsed only here. `human` has the types of human text.

use super::{Text, inline, single_value};
use amana_domain::deal::{PERCENT_PLACES_MAX, Percent};
use amana_domain::factor::{CODE_DIGITS, ShownCode};
use amana_domain::handle::{CHARS_MAX, CHARS_MIN, Handle};
use amana_domain::human;
use amana_domain::phone::Msisdn;
use phonenumber::country;
use poem_openapi::registry::MetaSchema;
use poem_openapi::types::{ParseError, ParseFromJSON, ParseResult, ToJSON};
use secrecy::{ExposeSecret, SecretString};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::Value;
use std::borrow::Cow;

pub(super) const EMAIL_BYTES_MAX: usize = 254;
const EMAIL_LOCAL_BYTES_MAX: usize = 64;
const DOMAIN_LABEL_BYTES_MAX: usize = 63;
const PHONE_BYTES_MAX: usize = 32;
const PASSWORD_CHARS_MIN: usize = 10;
const PASSWORD_CHARS_MAX: usize = 128;
const KEY_BYTES_MAX: usize = 128;
/// Length of a backup code with separators.
const CODE_CHARS_MAX: usize = 20;

pub(super) fn text_schema(format: Option<&'static str>, min: usize, max: usize) -> MetaSchema {
    MetaSchema { format, min_length: Some(min), max_length: Some(max), ..MetaSchema::new("string") }
}

impl Text for Percent {
    const NAME: &'static str = "percent";

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|e: amana_domain::deal::PercentError| e.to_string())
    }

    fn text(&self) -> String {
        self.to_string()
    }

    fn schema() -> MetaSchema {
        // Three digits, a point and the decimal places.
        text_schema(None, 1, 4 + PERCENT_PLACES_MAX)
    }
}

impl Text for Handle {
    const NAME: &'static str = "handle";

    fn parse(text: &str) -> Result<Self, String> {
        Handle::parse(text.trim()).map_err(|e| e.to_string())
    }

    fn text(&self) -> String {
        self.to_string()
    }

    fn schema() -> MetaSchema {
        // One more for `@`.
        text_schema(Some("handle"), CHARS_MIN, CHARS_MAX + 1)
    }
}

/// An e-mail address in lower case, without quotes and comments, as every mail server accepts it.
#[derive(Clone)]
pub(crate) struct Email(pub(crate) String);

impl Text for Email {
    const NAME: &'static str = "email";

    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        let (local, domain) = text.rsplit_once('@').unwrap_or_default();
        let atom = |part: &str| {
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&b);
            !part.is_empty() && part.bytes().all(allowed)
        };
        let label = |part: &str| {
            (1..=DOMAIN_LABEL_BYTES_MAX).contains(&part.len())
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !part.starts_with('-')
                && !part.ends_with('-')
        };
        let well_formed = text.len() <= EMAIL_BYTES_MAX
            && local.len() <= EMAIL_LOCAL_BYTES_MAX
            && local.split('.').all(atom)
            && domain.contains('.')
            && domain.split('.').all(label);
        if well_formed {
            Ok(Self(text))
        } else {
            Err("expected an e-mail address such as amina@example.com".into())
        }
    }

    fn text(&self) -> String {
        self.0.clone()
    }

    fn schema() -> MetaSchema {
        text_schema(Some("email"), 3, EMAIL_BYTES_MAX)
    }
}

/// A mobile number, parsed from common notations.
#[derive(Debug, Clone)]
pub(crate) struct Phone(pub(crate) Msisdn);

impl Text for Phone {
    const NAME: &'static str = "phone";

    fn parse(text: &str) -> Result<Self, String> {
        let error = || "expected a mobile number such as +254712345678 or 0712345678".to_owned();
        let text = text.trim();
        if text.len() > PHONE_BYTES_MAX {
            return Err(error());
        }
        // Users often omit the plus sign of their own country code.
        let text = if text.starts_with("254") { format!("+{text}") } else { text.to_owned() };
        let number = phonenumber::parse(Some(country::KE), &text).map_err(|_| error())?;
        let kind = number.number_type(&phonenumber::metadata::DATABASE);
        let is_mobile =
            matches!(kind, phonenumber::Type::Mobile | phonenumber::Type::FixedLineOrMobile);
        if !number.is_valid() || !is_mobile {
            return Err(error());
        }
        let digits = number.format().mode(phonenumber::Mode::E164).to_string();
        Msisdn::parse(&digits).map(Self).map_err(|_| error())
    }

    // Phone numbers are personal data, so output is masked.
    fn text(&self) -> String {
        self.0.masked()
    }

    fn schema() -> MetaSchema {
        text_schema(Some("phone"), 9, PHONE_BYTES_MAX)
    }
}

/// The value of an `Idempotency-Key` header.
#[derive(Debug, Clone)]
pub(crate) struct Key(pub(crate) String);

impl Text for Key {
    const NAME: &'static str = "idempotency-key";

    fn parse(text: &str) -> Result<Self, String> {
        let visible = text.bytes().all(|b| b.is_ascii_graphic());
        if visible && (1..=KEY_BYTES_MAX).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("expected 1 to {KEY_BYTES_MAX} visible ASCII characters without spaces"))
        }
    }

    fn text(&self) -> String {
        self.0.clone()
    }

    fn schema() -> MetaSchema {
        let pattern = Some("^[!-~]+$".to_owned());
        MetaSchema { pattern, ..text_schema(None, 1, KEY_BYTES_MAX) }
    }
}

impl Text for ShownCode {
    const NAME: &'static str = "code";

    fn parse(text: &str) -> Result<Self, String> {
        ShownCode::parse(text).map_err(|e| e.to_string())
    }

    // Codes are never returned.
    fn text(&self) -> String {
        String::new()
    }

    fn schema() -> MetaSchema {
        text_schema(None, CODE_DIGITS, CODE_CHARS_MAX)
    }
}

/// A password for log-in: any text, so that the response does not depend on its form.
pub(crate) struct Secret(pub(crate) SecretString);

/// A new password.
pub(crate) struct NewPassword(pub(crate) SecretString);

fn password_schema(min: usize) -> MetaSchema {
    text_schema(Some("password"), min, PASSWORD_CHARS_MAX)
}

single_value!([] Secret, Cow::Borrowed("password"), inline(password_schema(1)));
single_value!([] NewPassword, Cow::Borrowed("new-password"), inline(password_schema(PASSWORD_CHARS_MIN)));

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Keyboards encode accented letters in different ways, invisibly to the user.
        let typed = SecretString::from(String::deserialize(deserializer)?);
        let text = human::composed(typed.expose_secret());
        if text.chars().count() > PASSWORD_CHARS_MAX {
            return Err(D::Error::custom(format!(
                "expected at most {PASSWORD_CHARS_MAX} characters"
            )));
        }
        Ok(Self(text.into()))
    }
}

impl<'de> Deserialize<'de> for NewPassword {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Secret(secret) = Secret::deserialize(deserializer)?;
        if secret.expose_secret().chars().count() < PASSWORD_CHARS_MIN {
            return Err(D::Error::custom(format!(
                "expected {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters"
            )));
        }
        Ok(Self(secret))
    }
}

macro_rules! never_written {
    ($($secret:ident),+) => {$(
        impl ParseFromJSON for $secret {
            fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
                Self::deserialize(value.unwrap_or_default()).map_err(ParseError::custom)
            }
        }

        impl ToJSON for $secret {
            fn to_json(&self) -> Option<Value> {
                None
            }
        }
    )+};
}

never_written!(Secret, NewPassword);
