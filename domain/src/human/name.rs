//! Rules for names. Messages show names to other users, so a name must not contain a link or imitate Amana or a
//! provider.

use super::TextError;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::skeleton;

/// The owner of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameOf {
    Person,
    Organisation,
}

/// Brands, rejected in every name.
const BRANDS: [&str; 4] = ["amana", "mpesa", "lipanampesa", "safaricom"];

/// Brands that are rejected also as the beginning of a longer word, because no ordinary word begins with them.
const LONG_BRANDS: [&str; 3] = ["mpesa", "lipanampesa", "safaricom"];

/// Job titles, rejected in names of users. An organisation may use them: it can be a support group.
const OFFICES: [&str; 10] = [
    "admin",
    "administrator",
    "customercare",
    "customerservice",
    "customersupport",
    "helpdesk",
    "moderator",
    "operator",
    "superadmin",
    "support",
];

/// A reserved word and its folded form.
type Word = (&'static str, String);

static BRAND_LOOKS: LazyLock<Vec<Word>> = LazyLock::new(|| looks(&BRANDS));
static LONG_BRAND_LOOKS: LazyLock<Vec<Word>> = LazyLock::new(|| looks(&LONG_BRANDS));
static OFFICE_LOOKS: LazyLock<Vec<Word>> = LazyLock::new(|| looks(&OFFICES));

fn looks(words: &[&'static str]) -> Vec<Word> {
    words.iter().map(|word| (*word, folded(word))).collect()
}

pub(super) fn check(name: &str, of: NameOf) -> Result<(), TextError> {
    if !name.chars().any(char::is_alphanumeric) {
        return Err(TextError::Blank);
    }
    check_links(name)?;
    match reserved(name, of) {
        Some(word) => Err(TextError::Reserved(word)),
        None => Ok(()),
    }
}

/// Rejects text that mail and messaging apps turn into a link.
pub(super) fn check_links(text: &str) -> Result<(), TextError> {
    // Full-width and small forms of the signs work in links too.
    let text: Vec<char> = text.nfkc().map(|c| if is_dot(c) { '.' } else { c }).collect();
    let has_sign = text.iter().any(|c| matches!(c, '@' | '/' | '\\' | ':'));
    // A single letter after a dot is an initial: "J.K. Mwangi".
    let is_domain = |four: &[char]| {
        matches!(four, [before, '.', first, second]
            if before.is_alphanumeric() && first.is_alphanumeric() && second.is_alphanumeric())
    };
    if has_sign || text.windows(4).any(is_domain) { Err(TextError::Link) } else { Ok(()) }
}

/// Ideographic full stops separate domain labels too.
const fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}')
}

/// Finds a reserved word in a name: as a word, or spelled in several (`M-Pesa`, `A m a n a`).
fn reserved(name: &str, of: NameOf) -> Option<&'static str> {
    let offices = match of {
        NameOf::Person => OFFICE_LOOKS.as_slice(),
        NameOf::Organisation => &[],
    };
    let words = words(name);
    (0..words.len()).find_map(|first| {
        let mut joined = String::new();
        words.iter().skip(first).find_map(|word| {
            let is_one_word = joined.is_empty();
            joined.push_str(word);
            named(&joined, offices).or_else(|| if is_one_word { begun(&joined) } else { None })
        })
    })
}

fn named(joined: &str, offices: &[Word]) -> Option<&'static str> {
    let mut all = BRAND_LOOKS.iter().chain(offices);
    all.find(|(_, look)| joined == look).map(|(word, _)| *word)
}

/// Finds a brand at the beginning of one word: "MpesaKenya", "AmanaSupport".
fn begun(word: &str) -> Option<&'static str> {
    let is_office = |rest: &str| OFFICE_LOOKS.iter().any(|(_, office)| rest == office);
    let long = LONG_BRAND_LOOKS.iter().find(|(_, look)| word.starts_with(look.as_str()));
    let combined = || {
        BRAND_LOOKS.iter().find(|(_, look)| word.strip_prefix(look.as_str()).is_some_and(is_office))
    };
    long.or_else(combined).map(|(word, _)| *word)
}

/// Returns the folded words of a name. Digits at the end of a word are ignored.
fn words(name: &str) -> Vec<String> {
    let parts = name.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c));
    let letters = parts.map(|part| match part.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "" => part,
        word => word,
    });
    letters.map(folded).filter(|word| !word.is_empty()).collect()
}

/// Folds a word: removes case and marks and maps similar characters to one letter (`Ѕаfаricоm` in Cyrillic letters,
/// `4mana`).
fn folded(word: &str) -> String {
    let lower: String = word.nfkc().flat_map(char::to_lowercase).collect();
    let look: String = skeleton(&lower).filter(|c| !is_combining_mark(*c)).collect();
    look.to_lowercase().chars().map(plain).collect()
}

const fn plain(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | 'l' | '|' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        _ => c,
    }
}
