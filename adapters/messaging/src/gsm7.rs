//! GSM-7, the alphabet of SMS. One character outside of it halves the capacity of a message.
//! Therefore values are converted to it where the meaning stays the same.

/// Characters of one septet.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Characters of two septets.
const EXTENDED: &str = "^{}\\[~]|€";

/// Returns the length of a text in septets, or `None` if it has a character outside of GSM-7.
pub fn sms_septets(text: &str) -> Option<usize> {
    text.chars().try_fold(0_usize, |sum, c| {
        let places = if BASIC.contains(c) {
            1
        } else if EXTENDED.contains(c) {
            2
        } else {
            return None;
        };
        sum.checked_add(places)
    })
}

/// Replaces letters and typographic marks that are common in Kenyan names by the nearest GSM-7
/// character. Other scripts stay unchanged: a longer message is better than an unreadable one.
pub(crate) fn fold(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut folded, c| {
        match plain(c) {
            Some(spelling) => folded.push_str(spelling),
            None => folded.push(c),
        }
        folded
    })
}

fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'á' | 'â' | 'ã' | 'ā' => "a",
        'ê' | 'ë' | 'ẽ' | 'ē' => "e",
        'í' | 'î' | 'ï' | 'ĩ' | 'ī' => "i",
        'ó' | 'ô' | 'õ' | 'ō' => "o",
        'ú' | 'û' | 'ũ' | 'ū' => "u",
        'Á' | 'À' | 'Â' | 'Ã' => "A",
        'È' | 'Ê' | 'Ë' => "E",
        'Í' | 'Ì' | 'Î' | 'Ï' | 'Ĩ' => "I",
        'Ó' | 'Ò' | 'Ô' | 'Õ' => "O",
        'Ú' | 'Ù' | 'Û' | 'Ũ' => "U",
        'ç' => "c",
        '‘' | '’' | '‚' | 'ʼ' | '`' | '´' => "'",
        '“' | '”' | '„' | '«' | '»' => "\"",
        '‐' | '‑' | '–' | '—' | '−' | '•' | '·' => "-",
        '…' => "...",
        _ => return None,
    })
}
