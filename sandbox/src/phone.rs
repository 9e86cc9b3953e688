//! Kenyan subscriber numbers: validation, masking, and the names of their owners.

const FIRST_NAMES: [&str; 10] =
    ["Amina", "Brian", "Cynthia", "Daudi", "Esther", "Felix", "Grace", "Hassan", "Irene", "Juma"];
const LAST_NAMES: [&str; 10] = [
    "Achieng", "Barasa", "Chebet", "Mwangi", "Njoroge", "Odhiambo", "Otieno", "Wanjiku", "Kamau",
    "Mutua",
];

/// Whether the number is `2547XXXXXXXX` or `2541XXXXXXXX`.
pub(crate) fn is_subscriber(phone: &str) -> bool {
    is_twelve_digits(phone) && (phone.starts_with("2547") || phone.starts_with("2541"))
}

pub(crate) fn is_twelve_digits(phone: &str) -> bool {
    phone.len() == 12 && phone.bytes().all(|byte| byte.is_ascii_digit())
}

/// Accepts `+254…`, `254…` and `07…`/`01…`, because users type numbers into pages.
pub(crate) fn normalise(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let digits = digits.strip_prefix('+').unwrap_or(&digits);
    let phone = match digits.strip_prefix('0') {
        Some(rest) => format!("254{rest}"),
        None => digits.to_owned(),
    };
    is_subscriber(&phone).then_some(phone)
}

pub(crate) fn masked(phone: &str) -> String {
    let head = phone.get(..4).unwrap_or("2547");
    let tail = phone.get(phone.len().saturating_sub(3)..).unwrap_or("000");
    format!("{head}****{tail}")
}

/// Derives the owner's name from the number, so that it never changes.
pub(crate) fn owner(phone: &str) -> String {
    let digit = |from_end: usize| {
        phone.bytes().rev().nth(from_end).map_or(0, |byte| usize::from(byte % 10))
    };
    format!("{} {}", FIRST_NAMES[digit(0)], LAST_NAMES[digit(1)])
}
