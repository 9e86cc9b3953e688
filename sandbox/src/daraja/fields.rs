//! Request fields as Daraja accepts them: numbers, strings or floats, with unknown fields ignored.

use serde_json::{Map, Value};

use crate::money;

const URL_CHARS_MAX: usize = 2048;
/// Callback URLs that contain one of these words are rejected.
const URL_KEYWORDS: [&str; 7] = ["mpesa", "m-pesa", "safaricom", "exe", "cmd", "sql", "query"];

pub(super) struct Fields(pub(super) Map<String, Value>);

impl Fields {
    /// Returns the field as text, from any scalar JSON type. Returns `None` if it is missing or empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let text = match self.0.get(name)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// Returns a positive amount of whole shillings in cents. `1`, `"1"` and `1.0` are equal.
    pub(super) fn amount_cents(&self) -> Option<i64> {
        let cents = money::parse_cents(&self.text("Amount")?)?;
        (cents > 0 && cents % 100 == 0).then_some(cents)
    }

    pub(super) fn url(&self, name: &str) -> Option<String> {
        let text = self.text(name).filter(|text| text.len() <= URL_CHARS_MAX)?;
        let lower = text.to_ascii_lowercase();
        let schemed = lower.starts_with("https://") || lower.starts_with("http://");
        let clean = !text.chars().any(|c| c.is_whitespace() || c.is_control());
        let parsed = reqwest::Url::parse(&text).is_ok_and(|url| url.has_host());
        let banned = URL_KEYWORDS.iter().any(|word| lower.contains(word));
        (schemed && clean && parsed && !banned).then_some(text)
    }
}

/// Whether the text has five to seven digits.
pub(super) fn is_short_code(text: &str) -> bool {
    (5..=7).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
