//! The built-in fonts: their letters and widths. Each font is reduced to a few scripts (`scripts/fonts`), so a file
//! embeds complete fonts, but only those that it uses.

use crate::DocumentError;
use pdf_writer::Rect;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Face {
    Regular,
    Bold,
    /// Arabic, with the joined shapes.
    Arabic,
    /// Also Greek, and combining marks.
    Cyrillic,
    Ethiopic,
    Vai,
    /// N'Ko and Tifinagh.
    WestAfrican,
}

/// The index of a letter in its font.
pub(crate) type Glyph = u16;

pub(crate) struct Font {
    pub(crate) bytes: &'static [u8],
    units_per_em: u16,
    glyphs: BTreeMap<char, Glyph>,
    /// Indexed by glyph, in font units.
    advances: Vec<u16>,
    /// The bounding box of all letters, in font units: left, bottom, right, top.
    reach: [i16; 4],
    /// Ascent and descent, in font units.
    extent: [i16; 2],
}

impl Face {
    pub(crate) const ALL: [Self; 7] = [
        Self::Regular,
        Self::Bold,
        Self::Arabic,
        Self::Cyrillic,
        Self::Ethiopic,
        Self::Vai,
        Self::WestAfrican,
    ];

    /// The faces that are searched for letters that the wanted face lacks.
    pub(crate) const OTHER_SCRIPTS: [Self; 5] =
        [Self::Arabic, Self::Cyrillic, Self::Ethiopic, Self::Vai, Self::WestAfrican];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Regular => "DejaVuSansCondensed",
            Self::Bold => "DejaVuSansCondensed-Bold",
            Self::Arabic => "DejaVuSansCondensed-Arabic",
            Self::Cyrillic => "DejaVuSansCondensed-Cyrillic",
            Self::Ethiopic => "NotoSansEthiopic-Regular",
            Self::Vai => "NotoSansVai-Regular",
            Self::WestAfrican => "DejaVuSansCondensed-WestAfrican",
        }
    }

    const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("../fonts/DejaVuSansCondensed.ttf"),
            Self::Bold => include_bytes!("../fonts/DejaVuSansCondensed-Bold.ttf"),
            Self::Arabic => include_bytes!("../fonts/DejaVuSansCondensed-Arabic.ttf"),
            Self::Cyrillic => include_bytes!("../fonts/DejaVuSansCondensed-Cyrillic.ttf"),
            Self::Ethiopic => include_bytes!("../fonts/NotoSansEthiopic-Regular.ttf"),
            Self::Vai => include_bytes!("../fonts/NotoSansVai-Regular.ttf"),
            Self::WestAfrican => include_bytes!("../fonts/DejaVuSansCondensed-WestAfrican.ttf"),
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(pair.try_into().ok()?))
}

fn i16_at(bytes: &[u8], at: usize) -> Option<i16> {
    u16_at(bytes, at).map(u16::cast_signed)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_be_bytes(four.try_into().ok()?)).ok()
}

/// Finds a table in the directory at the start of the font, which has 16 bytes per table.
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
    // The last width applies to all remaining glyphs.
    advances.resize(glyphs, *advances.last()?);
    Some(advances)
}

/// Reads a character map in format 4, which maps ranges of letters to glyphs.
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
        Self::read(face.bytes()).ok_or(DocumentError::Font)
    }

    fn read(bytes: &'static [u8]) -> Option<Self> {
        let (head, lines) = (table(bytes, b"head")?, table(bytes, b"hhea")?);
        let units_per_em = u16_at(head, 18).filter(|units| *units > 0)?;
        let reach = [i16_at(head, 36)?, i16_at(head, 38)?, i16_at(head, 40)?, i16_at(head, 42)?];
        let extent = [i16_at(lines, 4)?, i16_at(lines, 6)?];
        let (glyphs, advances) = (glyphs(bytes)?, advances(bytes)?);
        Some(Self { bytes, units_per_em, glyphs, advances, reach, extent })
    }

    pub(crate) fn glyph(&self, letter: char) -> Option<Glyph> {
        self.glyphs.get(&letter).copied()
    }

    pub(crate) fn letters(&self) -> impl Iterator<Item = (char, Glyph)> {
        self.glyphs.iter().map(|(letter, glyph)| (*letter, *glyph))
    }

    /// Returns the widths of all glyphs in order, in thousandths of the font size.
    pub(crate) fn widths(&self) -> impl Iterator<Item = f32> {
        self.advances.iter().map(|advance| self.thousandths(*advance))
    }

    pub(crate) fn reach(&self) -> Rect {
        let [left, bottom, right, top] = self.reach.map(|units| self.thousandths(units));
        Rect::new(left, bottom, right, top)
    }

    /// Returns ascent and descent, in thousandths of the font size.
    pub(crate) fn extent(&self) -> [f32; 2] {
        self.extent.map(|units| self.thousandths(units))
    }

    fn thousandths(&self, units: impl Into<f32>) -> f32 {
        units.into() * 1000.0 / f32::from(self.units_per_em)
    }

    /// Returns the width of a text, in thousandths of the font size.
    pub(crate) fn width(&self, glyphs: &[Glyph]) -> f32 {
        let advance = |glyph: &Glyph| self.advances.get(usize::from(*glyph)).copied().unwrap_or(0);
        glyphs.iter().map(|glyph| self.thousandths(advance(glyph))).sum()
    }
}
