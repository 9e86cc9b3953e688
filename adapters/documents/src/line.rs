//! A printed line: glyphs in visual order, each in a face that has it.

use crate::DocumentError;
use crate::arabic;
use crate::font::{Face, Font, Glyph};
use unicode_bidi::{BidiClass, Level, ParagraphBidiInfo, bidi_class};

/// Replaces letters that no face has.
const REPLACEMENT: char = '\u{fffd}';

const ELLIPSIS: &str = "…";

/// Characters that are mirrored in right-to-left text.
const MIRRORED: [(char, char); 5] = [('(', ')'), ('[', ']'), ('{', '}'), ('<', '>'), ('«', '»')];

/// Adjacent glyphs of one face.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) face: Face,
    pub(crate) glyphs: Vec<Glyph>,
}

pub(crate) struct Fonts {
    faces: Vec<(Face, Font)>,
}

/// Isolates the direction of a name from the rest of a line that combines several texts.
pub(crate) fn isolated(text: &str) -> String {
    format!("\u{2068}{text}\u{2069}")
}

/// Whether a character only controls other characters and has no glyph.
const fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{34f}' | '\u{61c}' | '\u{feff}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}')
}

fn is_right_to_left(letter: char) -> bool {
    matches!(bidi_class(letter), BidiClass::R | BidiClass::AL | BidiClass::AN)
}

fn mirrored(letter: char) -> char {
    let pair = MIRRORED.into_iter().find(|(left, right)| [*left, *right].contains(&letter));
    pair.map_or(letter, |(left, right)| if letter == left { right } else { left })
}

/// Returns the letters from left to right. White space becomes a space; control characters are removed.
fn in_order_of_the_eye(text: &str) -> Vec<char> {
    let spaced = |letter: char| if letter.is_whitespace() { ' ' } else { letter };
    let clean: String = text.chars().map(spaced).filter(|letter| !letter.is_control()).collect();
    if !clean.chars().any(is_right_to_left) {
        return clean.chars().filter(|letter| !is_invisible(*letter)).collect();
    }
    let order = ParagraphBidiInfo::new(&clean, Some(Level::ltr()));
    let (levels, runs) = order.visual_runs(0..clean.len());
    let mut seen = Vec::with_capacity(clean.len());
    for run in runs {
        let is_reversed = levels.get(run.start).is_some_and(Level::is_rtl);
        let shaped = arabic::joined(clean.get(run).unwrap_or_default());
        let letters = shaped.into_iter().filter(|letter| !is_invisible(*letter));
        if is_reversed {
            seen.extend(letters.rev().map(mirrored));
        } else {
            seen.extend(letters);
        }
    }
    seen
}

impl Fonts {
    pub(crate) fn new() -> Result<Self, DocumentError> {
        let read = |face: &Face| Font::of(*face).map(|font| (*face, font));
        let fonts =
            Self { faces: Face::ALL.iter().map(read).collect::<Result<_, DocumentError>>()? };
        let is_whole = |face| fonts.glyph(face, REPLACEMENT).is_some();
        if is_whole(Face::Regular) && is_whole(Face::Bold) {
            Ok(fonts)
        } else {
            Err(DocumentError::Font)
        }
    }

    pub(crate) fn get(&self, face: Face) -> Option<&Font> {
        self.faces.iter().find(|(of, _)| *of == face).map(|(_, font)| font)
    }

    fn glyph(&self, face: Face, letter: char) -> Option<Glyph> {
        self.get(face)?.glyph(letter)
    }

    /// Returns the wanted face if it has the letter, otherwise another face, otherwise the replacement character.
    fn find(&self, wanted: Face, letter: char) -> (Face, Glyph) {
        let own = self.glyph(wanted, letter).map(|glyph| (wanted, glyph));
        let other = || {
            let faces = Face::OTHER_SCRIPTS.iter();
            faces.copied().find_map(|face| Some((face, self.glyph(face, letter)?)))
        };
        let replaced = || (wanted, self.glyph(wanted, REPLACEMENT).unwrap_or_default());
        own.or_else(other).unwrap_or_else(replaced)
    }

    /// Lays out the whole text.
    pub(crate) fn line(&self, wanted: Face, text: &str) -> Vec<Run> {
        let mut runs: Vec<Run> = vec![];
        for letter in in_order_of_the_eye(text) {
            let (face, glyph) = self.find(wanted, letter);
            match runs.last_mut() {
                Some(run) if run.face == face => run.glyphs.push(glyph),
                _ => runs.push(Run { face, glyphs: vec![glyph] }),
            }
        }
        runs
    }

    pub(crate) fn width(&self, line: &[Run], size: f32) -> f32 {
        let width = |run: &Run| self.get(run.face).map_or(0.0, |font| font.width(&run.glyphs));
        line.iter().map(width).sum::<f32>() * size / 1000.0
    }

    /// Lays out as much of the text as fits, with an ellipsis if it is cut. The cut is in logical order.
    pub(crate) fn fitted(&self, face: Face, text: &str, size: f32, room: f32) -> Vec<Run> {
        let whole = self.line(face, text);
        if self.width(&whole, size) <= room {
            return whole;
        }
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let cut = |end: usize| {
            let kept = text.get(..end).unwrap_or_default();
            self.line(face, &format!("{kept}{ELLIPSIS}"))
        };
        let count = ends.partition_point(|end| self.width(&cut(*end), size) <= room);
        cut(count.checked_sub(1).and_then(|last| ends.get(last)).copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
