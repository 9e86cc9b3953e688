//! Kenya shillings as integer cents, in the formats of Daraja, the portal and the phone.

use serde_json::{Number, Value};

const CENTS: i64 = 100;
const WHOLE_DIGITS_MAX: usize = 12;

pub(crate) const fn shillings(whole: i64) -> i64 {
    whole.saturating_mul(CENTS)
}

/// Parses `"1"`, `"1.00"` and `"1520.5"` into cents. Decimals after the second must be zero.
pub(crate) fn parse_cents(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > WHOLE_DIGITS_MAX || !digits(whole) || !digits(fraction) {
        return None;
    }
    let (cents, rest) = fraction.split_at(fraction.len().min(2));
    if rest.bytes().any(|byte| byte != b'0') {
        return None;
    }
    let cents: i64 = format!("{cents:0<2}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(CENTS)?.checked_add(cents)
}

/// Formats `152000` as `1520.00`.
pub(crate) fn plain(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let whole = cents.unsigned_abs() / 100;
    let rest = cents.unsigned_abs() % 100;
    format!("{sign}{whole}.{rest:02}")
}

/// Formats `152000` as `1,520.00`.
pub(crate) fn grouped(cents: i64) -> String {
    let text = plain(cents);
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, rest) = text.split_once('.').unwrap_or((text, "00"));
    let mut out = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && whole.len().saturating_sub(index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{out}.{rest}")
}

/// Returns a JSON number with decimals (`1520.0`) for callbacks, from text instead of float arithmetic.
pub(crate) fn json_decimal(cents: i64) -> Value {
    serde_json::from_str::<Number>(&plain(cents)).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::{grouped, parse_cents, plain};

    #[test]
    fn amounts_parse_and_print() {
        for (text, cents) in [("1", 100), ("1.0", 100), ("1520.5", 152_050), ("0.01", 1)] {
            assert_eq!(parse_cents(text), Some(cents), "{text}");
        }
        for text in ["", "-1", "1e3", "1.001", "1,000", ".5", "9999999999999"] {
            assert_eq!(parse_cents(text), None, "{text}");
        }
        assert_eq!(plain(-6_000), "-60.00");
        assert_eq!(grouped(123_456_789), "1,234,567.89");
        assert_eq!(grouped(-100_000), "-1,000.00");
        assert_eq!(grouped(99_900), "999.00");
    }
}
