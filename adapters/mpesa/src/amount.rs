//! Amounts in M-Pesa's formats (`1520`, `1520.00`, `"1,520.00"`), parsed digit by digit, never as floats.

use amana_domain::ledger::Provider;
use amana_domain::money::{Currency, Money};
use amana_domain::payment::limits;

pub(crate) const CURRENCY: Currency = Currency::Kes;

/// Returns the minor units of a decimal text, or `None` for other texts and fractions of a cent.
pub(crate) fn parse_minor(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let has_point = digits.len() > whole.len();
    if whole.is_empty() || (has_point && fraction.is_empty()) {
        return None;
    }
    let cents = [0, 1].map(|i| fraction.as_bytes().get(i).copied().unwrap_or(b'0'));
    if fraction.bytes().skip(cents.len()).any(|digit| digit != b'0') {
        return None;
    }
    let minor = whole.bytes().chain(cents).try_fold(0_i64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| byte.checked_sub(b'0')).flatten()?;
        sum.checked_mul(10)?.checked_add(i64::from(digit))
    })?;
    if negative { minor.checked_neg() } else { Some(minor) }
}

/// Like [`parse_minor`], but accepts thousands separators between groups of three digits.
pub(crate) fn parse_grouped_minor(text: &str) -> Option<i64> {
    let text = text.trim();
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if fraction.contains(',') {
        return None;
    }
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let mut rest = groups.peekable();
    if rest.peek().is_some() && (first.is_empty() || first.len() > 3) {
        return None;
    }
    if rest.any(|group| group.len() != 3) {
        return None;
    }
    parse_minor(&text.replace(',', ""))
}

pub(crate) fn money(minor: i64) -> Option<Money> {
    Money::new(minor, CURRENCY).ok()
}

/// Returns the amount if M-Pesa allows it in one payment.
pub(crate) fn carried(minor: i64) -> Option<Money> {
    let limits = limits(Provider::Mpesa, CURRENCY)?;
    money(minor).filter(|amount| limits.carries(*amount))
}

/// Returns the amount in whole shillings, the only unit of requests.
pub(crate) fn whole_shillings(amount: Money) -> Option<i64> {
    let per_major = CURRENCY.minor_per_major();
    let whole = amount.minor().checked_rem(per_major) == Some(0);
    (amount.currency() == CURRENCY && whole && !amount.is_zero())
        .then(|| amount.minor().checked_div(per_major))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_read_exactly() {
        for (text, minor) in [
            ("1", Some(100)),
            ("1520.00", Some(152_000)),
            ("1520.5", Some(152_050)),
            ("0.07", Some(7)),
            ("10.5000", Some(1_050)),
            ("-60.00", Some(-6_000)),
            (" 5 ", Some(500)),
            ("9007199254740993", Some(900_719_925_474_099_300)),
            ("10.505", None),
            ("1e3", None),
            ("1,520.00", None),
            ("", None),
            ("-", None),
            (".5", None),
            ("5.", None),
            ("--5", None),
            ("99999999999999999999", None),
            ("٣", None),
        ] {
            assert_eq!(parse_minor(text), minor, "{text}");
        }
    }

    #[test]
    fn thousands_are_grouped_by_three() {
        for (text, minor) in [
            ("1,520.00", Some(152_000)),
            ("-1,234,567.89", Some(-123_456_789)),
            ("250000", Some(25_000_000)),
            ("15,20.00", None),
            (",520", None),
            ("1520,000", None),
            ("1,520.0,0", None),
        ] {
            assert_eq!(parse_grouped_minor(text), minor, "{text}");
        }
    }

    #[test]
    fn requests_carry_whole_shillings_only() {
        let kes = |minor| Money::new(minor, Currency::Kes).unwrap();
        assert_eq!(whole_shillings(kes(150_000)), Some(1_500));
        assert_eq!(whole_shillings(kes(150_001)), None);
        assert_eq!(whole_shillings(kes(0)), None);
        assert_eq!(whole_shillings(Money::new(100, Currency::Usd).unwrap()), None);
    }

    proptest! {
        #[test]
        fn what_money_prints_is_read_back(minor in 0..=amana_domain::money::AMOUNT_MINOR_MAX) {
            let text = money(minor).unwrap().to_string();
            prop_assert_eq!(parse_grouped_minor(text.strip_prefix("KES ").unwrap()), Some(minor));
        }
    }
}
