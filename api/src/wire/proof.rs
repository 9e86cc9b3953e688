//! Logins and one-time codes in requests.

use super::text::Text;
use super::{Email, Phone};
use amana_domain::code::Code;
use amana_domain::contact::Contact;
use poem_openapi::registry::MetaSchema;

const LOGIN_CHARS_MIN: usize = 3;
const LOGIN_CHARS_MAX: usize = 254;
const CODE_CHARS: usize = 6;

impl Text for Contact {
    const NAME: &'static str = "login";

    fn parse(text: &str) -> Result<Self, String> {
        if text.contains('@') {
            return Email::parse(text).map(|email| Self::Email(email.0));
        }
        let wrong = "expected an e-mail address or a mobile number";
        Phone::parse(text).map(|phone| Self::Phone(phone.0)).map_err(|_| wrong.to_owned())
    }

    fn text(&self) -> String {
        self.masked()
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(LOGIN_CHARS_MIN),
            max_length: Some(LOGIN_CHARS_MAX),
            ..MetaSchema::new("string")
        }
    }
}

impl Text for Code {
    const NAME: &'static str = "code";

    fn parse(text: &str) -> Result<Self, String> {
        Code::parse(text.trim()).map_err(|e| e.to_string())
    }

    // Codes are never returned.
    fn text(&self) -> String {
        "******".to_owned()
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            pattern: Some("^[0-9]{6}$".to_owned()),
            min_length: Some(CODE_CHARS),
            max_length: Some(CODE_CHARS),
            ..MetaSchema::new_with_format("string", "one-time-code")
        }
    }
}
