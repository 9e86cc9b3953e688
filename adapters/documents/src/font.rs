//! The built-in fonts: which letters they have and how wide those are. They were reduced to what is printed
//! here, so a statement carries them whole.

use crate::DocumentError;
use std::collections::BTreeMap;

const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSansCondensed.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSansCondensed-Bold.ttf");

/// Stands in for letters that the font lacks.
const REPLACEMENT: char = '\u{FFFD}';

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    Regular,
    Bold,
}

/// Names a letter in its font.
pub(crate) type Glyph = u16;

pub(crate) struct Font {
    pub(crate) bytes: &'static [u8],
    units_per_em: u16,
    glyphs: BTreeMap<char, Glyph>,
    /// By glyph, in the font's own units.
    advances: Vec<u16>,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(pair.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_be_bytes(four.try_into().ok()?)).ok()
}

/// The tables of a font are listed at its beginning, 16 bytes each.
fn table(bytes: &'static [u8], name: &[u8; 4]) -> Option<&'static [u8]> {
    let count = usize::from(u16_at(bytes, 4)?);
    let records = bytes.get(12..)?.chunks_exact(16).take(count);
    let record = records.into_iter().find(|record| record.starts_with(name))?;
    let (from, length) = (u32_at(record, 8)?, u32_at(record, 12)?);
    bytes.get(from..from.checked_add(length)?)
}

fn advances(bytes: &'static [u8]) -> Option<Vec<u16>> {
    let (header, metrics) = (table(bytes, b"hhea")?, table(bytes, b"hmtx")?);
    let glyphs = usize::from(u16_at(table(bytes, b"maxp")?, 4)?);
    let told = usize::from(u16_at(header, 34)?);
    let mut advances: Vec<u16> =
        metrics.chunks_exact(4).take(told).filter_map(|metric| u16_at(metric, 0)).collect();
    // The last width goes for all glyphs behind it.
    advances.resize(glyphs, *advances.last()?);
    Some(advances)
}

/// The letters of a character map in format 4: segments of neighbours, each with a way to its glyphs.
fn glyphs(bytes: &'static [u8]) -> Option<BTreeMap<char, Glyph>> {
    let maps = table(bytes, b"cmap")?;
    let map = maps.get(u32_at(maps, 8)?..)?;
    if u16_at(map, 0)? != 4 {
        return None;
    }
    let double = usize::from(u16_at(map, 6)?);
    let column = |n: usize| double.checked_mul(n)?.checked_add(if n == 0 { 14 } else { 16 });
    let mut found = BTreeMap::new();
    for offset in (0..double).step_by(2) {
        let last = u16_at(map, column(0)?.checked_add(offset)?)?;
        let first = u16_at(map, column(1)?.checked_add(offset)?)?;
        let delta = u16_at(map, column(2)?.checked_add(offset)?)?;
        let place = column(3)?.checked_add(offset)?;
        let range = usize::from(u16_at(map, place)?);
        for (n, code) in (first..=last).enumerate() {
            let listed = || u16_at(map, place.checked_add(range)?.checked_add(n.checked_mul(2)?)?);
            let glyph = if range == 0 { code } else { listed().unwrap_or(0) };
            let is_missing = range != 0 && glyph == 0;
            if let Some(letter) = char::from_u32(code.into()).filter(|_| !is_missing) {
                found.insert(letter, glyph.wrapping_add(delta));
            }
        }
    }
    found.retain(|_, glyph| *glyph != 0);
    Some(found)
}

impl Font {
    pub(crate) fn of(face: Face) -> Result<Self, DocumentError> {
        let bytes = match face {
            Face::Regular => REGULAR,
            Face::Bold => BOLD,
        };
        Self::read(bytes).ok_or(DocumentError::Font)
    }

    fn read(bytes: &'static [u8]) -> Option<Self> {
        let units_per_em = u16_at(table(bytes, b"head")?, 18).filter(|units| *units > 0)?;
        let (glyphs, advances) = (glyphs(bytes)?, advances(bytes)?);
        glyphs.get(&REPLACEMENT)?;
        Some(Self { bytes, units_per_em, glyphs, advances })
    }

    pub(crate) fn letters(&self) -> impl Iterator<Item = (char, Glyph)> {
        self.glyphs.iter().map(|(letter, glyph)| (*letter, *glyph))
    }

    /// In thousandths of the letter size, for all glyphs in order.
    pub(crate) fn widths(&self) -> impl Iterator<Item = f32> {
        self.advances.iter().map(|advance| self.thousandths(*advance))
    }

    fn thousandths(&self, units: u16) -> f32 {
        f32::from(units) * 1000.0 / f32::from(self.units_per_em)
    }

    /// What is printed for a text. White space becomes a space, what the font lacks its replacement sign.
    pub(crate) fn glyphs_of(&self, text: &str) -> Vec<Glyph> {
        let printed = |letter: char| if letter.is_whitespace() { ' ' } else { letter };
        let replacement = self.glyphs.get(&REPLACEMENT).copied().unwrap_or_default();
        let known = |letter| self.glyphs.get(&letter).copied().unwrap_or(replacement);
        text.chars().map(printed).filter(|c| !c.is_control()).map(known).collect()
    }

    pub(crate) fn width(&self, glyphs: &[Glyph], size: f32) -> f32 {
        let advance = |glyph: &Glyph| self.advances.get(usize::from(*glyph)).copied().unwrap_or(0);
        glyphs.iter().map(|glyph| self.thousandths(advance(glyph))).sum::<f32>() * size / 1000.0
    }

    /// As much of a text as fits, with an ellipsis where it was cut.
    pub(crate) fn fitted(&self, text: &str, size: f32, room: f32) -> Vec<Glyph> {
        let mut glyphs = self.glyphs_of(text);
        if self.width(&glyphs, size) <= room {
            return glyphs;
        }
        let ellipsis = self.glyphs_of("…");
        let room = room - self.width(&ellipsis, size);
        while !glyphs.is_empty() && self.width(&glyphs, size) > room {
            glyphs.pop();
        }
        glyphs.extend(ellipsis);
        glyphs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_of_east_african_names_are_there_and_others_are_replaced() {
        for face in [Face::Regular, Face::Bold] {
            let font = Font::of(face).unwrap();
            let missing = font.glyphs.get(&REPLACEMENT).copied().unwrap();
            let names =
                "Wanjirũ Ngũgĩ Çelik Nguyễn Ọláolúwa Ɛfua Łukasz Ng’ang’a – € − 0123456789.,@";
            assert!(font.glyphs_of(names).iter().all(|glyph| ![0, missing].contains(glyph)));
            assert_eq!(font.glyphs_of("名🐐"), [missing, missing]);
            assert_eq!(font.glyphs_of("a\u{0}\n"), font.glyphs_of("a "));
        }
    }

    #[test]
    fn digits_are_all_as_wide_as_each_other_and_a_long_text_is_cut() {
        let font = Font::of(Face::Regular).unwrap();
        let width = |text: &str| font.width(&font.glyphs_of(text), 10.0);
        assert!("0123456789".chars().all(|digit| width(&digit.to_string()) == width("0")));
        assert!(width("W") > width("i") && width("i") > 0.0);
        let cut = font.fitted(&"W".repeat(100), 10.0, 50.0);
        assert!(font.width(&cut, 10.0) <= 50.0 && cut.ends_with(&font.glyphs_of("…")));
        assert_eq!(font.fitted("Amina", 10.0, 50.0), font.glyphs_of("Amina"));
    }
}
