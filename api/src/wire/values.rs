//! Texts that people type: each is parsed once, here, and nothing past the edge holds a raw one.

use super::{Text, inline, single_value};
use amana_domain::api_key::NAME_CHARS_MAX as API_KEY_NAME_CHARS_MAX;
use amana_domain::deal::{
    CARRIER_CHARS_MAX, DESCRIPTION_CHARS_MAX, PERCENT_PLACES_MAX, Percent, REFERENCE_CHARS_MAX,
    TITLE_CHARS_MAX, TRACKING_CHARS_MAX,
};
use amana_domain::factor::{CODE_DIGITS, ShownCode};
use amana_domain::handle::{CHARS_MAX, CHARS_MIN, Handle};
use amana_domain::organisation;
use amana_domain::phone::Msisdn;
use amana_domain::transfer::NOTE_CHARS_MAX as MESSAGE_CHARS_MAX;
use phonenumber::country;
use poem_openapi::registry::MetaSchema;
use poem_openapi::types::{ParseError, ParseFromJSON, ParseResult, ToJSON};
use secrecy::{ExposeSecret, SecretString};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::Value;
use std::borrow::Cow;

const NAME_CHARS_MAX: usize = 120;
const EMAIL_BYTES_MAX: usize = 254;
const EMAIL_LOCAL_BYTES_MAX: usize = 64;
const DOMAIN_LABEL_BYTES_MAX: usize = 63;
const SEARCH_CHARS_MIN: usize = 2;
const PHONE_BYTES_MAX: usize = 32;
const PASSWORD_CHARS_MIN: usize = 10;
const PASSWORD_CHARS_MAX: usize = 128;
/// With the `@`.
const NOTE_CHARS_MIN: usize = 3;
const NOTE_CHARS_MAX: usize = 500;
/// What a side or an arbiter says in a dispute.
const WORDS_CHARS_MAX: usize = 2_000;
const RECEIPT_CHARS_MAX: usize = 64;
const KEY_BYTES_MAX: usize = 128;
/// A backup code, with what people put in between.
const CODE_CHARS_MAX: usize = 20;

/// Text of a line: trimmed, with visible characters only.
fn line(text: &str, chars_min: usize, chars_max: usize) -> Result<String, String> {
    let text = text.trim();
    if !(chars_min..=chars_max).contains(&text.chars().count()) {
        return Err(format!("expected {chars_min} to {chars_max} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err("expected one line without control characters".into());
    }
    Ok(text.to_owned())
}

fn text_schema(format: Option<&'static str>, min: usize, max: usize) -> MetaSchema {
    MetaSchema { format, min_length: Some(min), max_length: Some(max), ..MetaSchema::new("string") }
}

macro_rules! lines {
    ($($(#[$meta:meta])* $name:ident = $wire:literal, $min:expr, $max:expr;)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub(crate) struct $name(pub(crate) String);

        impl Text for $name {
            const NAME: &'static str = $wire;

            fn parse(text: &str) -> Result<Self, String> {
                line(text, $min, $max).map(Self)
            }

            fn text(&self) -> String {
                self.0.clone()
            }

            fn schema() -> MetaSchema {
                text_schema(None, $min, $max)
            }
        }
    )+};
}

lines! {
    /// What a person is called.
    PersonName = "name", 1, NAME_CHARS_MAX;
    /// Of a deal or a milestone.
    Title = "title", 1, TITLE_CHARS_MAX;
    /// What one person writes to another about money.
    Message = "message", 1, MESSAGE_CHARS_MAX;
    /// An operator's reason.
    Note = "note", NOTE_CHARS_MIN, NOTE_CHARS_MAX;
    /// What an API key is called.
    ApiKeyName = "api-key-name", 1, API_KEY_NAME_CHARS_MAX;
    /// Of a parcel.
    CarrierName = "carrier", 1, CARRIER_CHARS_MAX;
    /// What a carrier calls a parcel.
    TrackingNumber = "tracking-number", 1, TRACKING_CHARS_MAX;
    /// Of a set of limits.
    TierName = "tier", 2, 30;
    /// What the creator of a deal calls it in their own records.
    DealReference = "deal-reference", 1, REFERENCE_CHARS_MAX;
    /// Of a provider.
    Receipt = "receipt", 1, RECEIPT_CHARS_MAX;
}

/// Several lines: trimmed, without control characters.
fn lines(text: &str, chars_min: usize, chars_max: usize) -> Result<String, String> {
    let text = text.trim();
    if !(chars_min..=chars_max).contains(&text.chars().count()) {
        return Err(format!("expected {chars_min} to {chars_max} characters"));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err("expected text without control characters".into());
    }
    Ok(text.to_owned())
}

macro_rules! several_lines {
    ($($(#[$meta:meta])* $name:ident = $wire:literal, $min:expr, $max:expr;)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub(crate) struct $name(pub(crate) String);

        impl Text for $name {
            const NAME: &'static str = $wire;

            fn parse(text: &str) -> Result<Self, String> {
                lines(text, $min, $max).map(Self)
            }

            fn text(&self) -> String {
                self.0.clone()
            }

            fn schema() -> MetaSchema {
                text_schema(None, $min, $max)
            }
        }
    )+};
}

several_lines! {
    /// About what is to be delivered.
    Description = "description", 1, DESCRIPTION_CHARS_MAX;
    /// What a side or an arbiter says in a dispute.
    Words = "words", NOTE_CHARS_MIN, WORDS_CHARS_MAX;
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
        // Three digits, a point, and the places.
        text_schema(None, 1, 4 + PERCENT_PLACES_MAX)
    }
}

/// What an organisation is called.
#[derive(Debug, Clone)]
pub(crate) struct OrganisationName(pub(crate) String);

impl Text for OrganisationName {
    const NAME: &'static str = "organisation-name";

    fn parse(text: &str) -> Result<Self, String> {
        let text = line(text, 1, organisation::NAME_CHARS_MAX)?;
        let refused = || "expected a name, not an address or a link".to_owned();
        organisation::is_name(&text).then_some(Self(text)).ok_or_else(refused)
    }

    fn text(&self) -> String {
        self.0.clone()
    }

    fn schema() -> MetaSchema {
        text_schema(None, 1, organisation::NAME_CHARS_MAX)
    }
}

/// What people are searched by. So few characters that everybody has them find nobody.
#[derive(Debug, Clone)]
pub(crate) struct SearchText(pub(crate) String);

impl Text for SearchText {
    const NAME: &'static str = "search";

    fn parse(text: &str) -> Result<Self, String> {
        let text = line(text, SEARCH_CHARS_MIN, EMAIL_BYTES_MAX)?;
        let name = text.strip_prefix('@').unwrap_or(&text);
        if name.chars().count() < SEARCH_CHARS_MIN {
            return Err(format!("expected at least {SEARCH_CHARS_MIN} characters after the `@`"));
        }
        Ok(Self(text))
    }

    fn text(&self) -> String {
        self.0.clone()
    }

    fn schema() -> MetaSchema {
        text_schema(None, SEARCH_CHARS_MIN, EMAIL_BYTES_MAX)
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
        // With the `@`.
        text_schema(Some("handle"), CHARS_MIN, CHARS_MAX + 1)
    }
}

/// An e-mail address in lower case, of the kind that every mail server carries (no quotes, no comments).
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

/// A mobile number, written as people write it; held as mobile money needs it.
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
        // People leave the plus sign of their own country's code out.
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

    // Numbers are personal data: what goes out is masked.
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
        text_schema(None, 1, KEY_BYTES_MAX)
    }
}

impl Text for ShownCode {
    const NAME: &'static str = "code";

    fn parse(text: &str) -> Result<Self, String> {
        ShownCode::parse(text).map_err(|e| e.to_string())
    }

    // It only comes in.
    fn text(&self) -> String {
        String::new()
    }

    fn schema() -> MetaSchema {
        text_schema(None, CODE_DIGITS, CODE_CHARS_MAX)
    }
}

/// A password as it was typed to log in: any text, so that the answer does not depend on its form.
pub(crate) struct Secret(pub(crate) SecretString);

/// A password that is to be set.
pub(crate) struct NewPassword(pub(crate) SecretString);

fn password_schema(min: usize) -> MetaSchema {
    text_schema(Some("password"), min, PASSWORD_CHARS_MAX)
}

single_value!([] Secret, Cow::Borrowed("password"), inline(password_schema(1)));
single_value!([] NewPassword, Cow::Borrowed("new-password"), inline(password_schema(PASSWORD_CHARS_MIN)));

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
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
