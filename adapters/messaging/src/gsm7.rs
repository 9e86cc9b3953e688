//! The alphabet of SMS. One character outside of it halves what a message can hold, so values are
//! spelled with it where that loses nothing.

/// Characters that take one place of the 160.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Characters that take two.
const EXTENDED: &str = "^{}\\[~]|€";

/// How many of the 160 places a text takes, or `None` if it has a character GSM-7 does not know.
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

/// Spells letters and typographic marks that are common in names here with their nearest GSM-7
/// character. Other scripts stay as they are: a dearer message is better than an unreadable one.
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
