//! Text from users: names, titles, notes, reasons. One parser reads all of it, so that every field has the same rules.

mod name;

pub use name::NameOf;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_properties::{
    GeneralCategory, GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory,
};

/// Maximum number of marks on one letter. More marks cover the lines above and below.
const MARKS_MAX: usize = 4;

const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// Variation selectors: plain text or emoji form of the character before them.
const PRESENTATION: [char; 2] = ['\u{fe0e}', '\u{fe0f}'];

/// Draws a key around the preceding digit.
const KEYCAP: char = '\u{20e3}';

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TextError {
    #[error("expected {min} to {max} characters")]
    Length { min: usize, max: usize },
    #[error("expected one line of text without control characters")]
    NotOneLine,
    #[error("expected text without control characters")]
    Control,
    #[error("expected at least one visible character")]
    Blank,
    #[error(
        "character {position} (U+{code:04X}) is invisible or changes the text direction; remove it"
    )]
    Hidden { position: usize, code: u32 },
    #[error("expected at most {MARKS_MAX} marks on one letter")]
    Marks,
    #[error("expected a name without an e-mail address or a link")]
    Link,
    #[error("the name must not contain `{0}`; choose another name")]
    Reserved(&'static str),
}

/// Text of a user: trimmed, composed (Unicode NFC), of bounded length, with visible characters and no hidden ones.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HumanText(String);

impl HumanText {
    /// Reads one line.
    ///
    /// # Errors
    /// [`TextError`] with the first violation.
    pub fn line(text: &str, min: usize, max: usize) -> Result<Self, TextError> {
        if text.trim().chars().any(char::is_control) {
            return Err(TextError::NotOneLine);
        }
        read(text, min, max)
    }

    /// Reads several lines.
    ///
    /// # Errors
    /// [`TextError`] with the first violation.
    pub fn lines(text: &str, min: usize, max: usize) -> Result<Self, TextError> {
        let text = text.replace("\r\n", "\n");
        if text.trim().chars().any(|c| c.is_control() && c != '\n') {
            return Err(TextError::Control);
        }
        read(&text, min, max)
    }

    /// Reads a name. Names have more rules, because messages show them to other users.
    ///
    /// # Errors
    /// [`TextError`] with the first violation.
    pub fn name(text: &str, max: usize, of: NameOf) -> Result<Self, TextError> {
        let name = Self::line(text, 1, max)?;
        name::check(&name.0, of)?;
        Ok(name)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Returns the text in composed form (Unicode NFC). An accented letter has two encodings that look the same; only the
/// composed one is stored, searched and hashed.
#[must_use]
pub fn composed(text: &str) -> String {
    text.nfc().collect()
}

/// Returns whether a text contains no e-mail address and no link, so that messages can show it to other users.
#[must_use]
pub fn has_no_link(text: &str) -> bool {
    name::check_links(text).is_ok()
}

/// Returns whether a character is invisible on its own.
#[must_use]
pub fn is_hidden_alone(c: char) -> bool {
    is_hidden(c, None, None)
}

fn read(text: &str, min: usize, max: usize) -> Result<HumanText, TextError> {
    let text = composed(text.trim());
    if !(min..=max).contains(&text.chars().count()) {
        return Err(TextError::Length { min, max });
    }
    check_hidden(&text)?;
    check_marks(&text)?;
    if text.chars().any(is_visible) { Ok(HumanText(text)) } else { Err(TextError::Blank) }
}

fn check_hidden(text: &str) -> Result<(), TextError> {
    let chars: Vec<char> = text.chars().collect();
    let hidden = chars.iter().enumerate().find(|(at, c)| {
        let before = at.checked_sub(1).and_then(|at| chars.get(at)).copied();
        let after = chars.get(at.saturating_add(1)).copied();
        is_hidden(**c, before, after)
    });
    match hidden {
        Some((at, c)) => {
            Err(TextError::Hidden { position: at.saturating_add(1), code: u32::from(*c) })
        }
        None => Ok(()),
    }
}

fn check_marks(text: &str) -> Result<(), TextError> {
    let mut marks: usize = 0;
    for c in text.chars() {
        marks = if is_combining_mark(c) { marks.saturating_add(1) } else { 0 };
        if marks > MARKS_MAX {
            return Err(TextError::Marks);
        }
    }
    Ok(())
}

fn is_visible(c: char) -> bool {
    match c.general_category_group() {
        GeneralCategoryGroup::Letter
        | GeneralCategoryGroup::Number
        | GeneralCategoryGroup::Punctuation
        | GeneralCategoryGroup::Symbol => !is_blank_letter(c),
        GeneralCategoryGroup::Mark
        | GeneralCategoryGroup::Separator
        | GeneralCategoryGroup::Other => false,
    }
}

/// Letters and signs without a glyph: Hangul and Khmer fillers, and the blank Braille pattern.
const fn is_blank_letter(c: char) -> bool {
    matches!(
        c,
        '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
    )
}

/// Marks without a glyph of their own: variation selectors and joiners.
const fn is_selector(c: char) -> bool {
    matches!(c, '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Returns whether a character is invisible at its position. A joiner between two emoji and a selector after an emoji
/// are part of a visible picture.
fn is_hidden(c: char, before: Option<char>, after: Option<char>) -> bool {
    // Unicode counts ASCII digits as emoji, because keycap emoji contain them.
    let is_emoji = |c: Option<char>| {
        c.is_some_and(|c| PRESENTATION.contains(&c) || (!c.is_ascii() && c.is_emoji_char()))
    };
    if c == ZERO_WIDTH_JOINER {
        return !(is_emoji(before) && is_emoji(after));
    }
    if PRESENTATION.contains(&c) {
        return !(is_emoji(before) || after == Some(KEYCAP));
    }
    is_blank_letter(c)
        || is_selector(c)
        || matches!(
            c.general_category(),
            GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
                | GeneralCategory::PrivateUse
                | GeneralCategory::Surrogate
                | GeneralCategory::Unassigned
        )
}

#[cfg(test)]
mod tests;
