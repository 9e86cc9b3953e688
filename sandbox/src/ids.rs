//! Identifiers in Safaricom's formats.

use rand::Rng;

use crate::clock;

const RECEIPT_ALPHABET: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const RECEIPT_YEAR_OF_A: i32 = 2006;

fn random_from(alphabet: &[u8], length: usize) -> String {
    let mut rng = rand::rng();
    (0..length).map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())])).collect()
}

fn hex(length: usize) -> String {
    random_from(b"0123456789abcdef", length)
}

/// Encodes a date: year letter (A = 2006), month letter, day as 1-9 then A-V.
fn receipt_date(instant_ms: i64) -> String {
    use chrono::Datelike;
    let date = clock::eat(instant_ms);
    let letter =
        |zero_based: u32| char::from_u32(u32::from(b'A').saturating_add(zero_based)).unwrap_or('A');
    let year = u32::try_from(date.year().saturating_sub(RECEIPT_YEAR_OF_A)).unwrap_or(0) % 26;
    let day = date.day();
    let day = char::from_digit(day, 36).unwrap_or('1').to_ascii_uppercase();
    format!("{}{}{day}", letter(year), letter(date.month0()))
}

pub(crate) fn receipt(instant_ms: i64) -> String {
    format!("{}{}", receipt_date(instant_ms), random_from(RECEIPT_ALPHABET, 7))
}

/// Returns the receipt field of a failed payout.
pub(crate) fn placeholder_receipt(instant_ms: i64) -> String {
    format!("{}0000000", receipt_date(instant_ms))
}

pub(crate) fn access_token() -> String {
    random_from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 28)
}

pub(crate) fn request_id() -> String {
    format!("{}-{}-{}-{}", hex(4), hex(4), hex(4), hex(12))
}

pub(crate) fn merchant_request_id() -> String {
    format!("{}{}", request_id(), random_from(b"0123456789", 7))
}

/// Contains the payer's last nine digits, like the real id.
pub(crate) fn checkout_request_id(instant_ms: i64, phone: &str) -> String {
    let digits = random_from(b"0123456789", 3);
    let tail = phone.get(phone.len().saturating_sub(9)..).unwrap_or(phone);
    format!("ws_CO_{}{digits}{tail}", clock::eat_text(instant_ms, "%d%m%Y%H%M%S"))
}

pub(crate) fn conversation_id(instant_ms: i64) -> String {
    format!("AG_{}_{}", clock::eat_text(instant_ms, "%Y%m%d"), hex(20))
}

pub(crate) fn sms_id() -> String {
    format!("ATXid_{}", hex(32))
}

#[cfg(test)]
mod tests {
    use super::{checkout_request_id, receipt};

    #[test]
    fn identifiers_bear_the_date_in_east_africa() {
        // 21 November 2026, 22:30 UTC is already the 22nd in Nairobi.
        let instant_ms = 1_795_300_200_000;
        assert!(receipt(instant_ms).starts_with("UKM"), "{}", receipt(instant_ms));
        assert_eq!(receipt(instant_ms).len(), 10);
        let id = checkout_request_id(instant_ms, "254712345678");
        assert!(id.starts_with("ws_CO_22112026013000") && id.ends_with("712345678"), "{id}");
    }
}
