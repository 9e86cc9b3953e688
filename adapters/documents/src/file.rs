//! Writes pages and fonts as PDF objects.

use crate::DocumentError;
use crate::font::{Face, Font, Glyph};
use crate::line::Fonts;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use std::collections::{BTreeMap, BTreeSet};
use unicode_normalization::UnicodeNormalization;

/// A4, in points.
pub(crate) const WIDTH: f32 = 595.0;
pub(crate) const HEIGHT: f32 = 842.0;

const IDENTITY: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// The height of capital letters, in thousandths of the font size.
const CAP_HEIGHT: f32 = 729.0;

/// Returns the resource name of a font on a page.
pub(crate) const fn resource(face: Face) -> Name<'static> {
    match face {
        Face::Regular => Name(b"R"),
        Face::Bold => Name(b"B"),
        Face::Arabic => Name(b"A"),
        Face::Cyrillic => Name(b"C"),
        Face::Ethiopic => Name(b"E"),
        Face::Vai => Name(b"V"),
        Face::WestAfrican => Name(b"W"),
    }
}

const fn stem(face: Face) -> f32 {
    match face {
        Face::Bold => 140.0,
        Face::Regular
        | Face::Arabic
        | Face::Cyrillic
        | Face::Ethiopic
        | Face::Vai
        | Face::WestAfrican => 80.0,
    }
}

/// The content of a page, and the faces that it uses.
pub(crate) struct Leaf {
    pub(crate) content: Content,
    pub(crate) faces: BTreeSet<Face>,
}

/// Allocates object numbers.
struct Numbers(i32);

impl Numbers {
    fn next(&mut self) -> Result<Ref, DocumentError> {
        self.0 = self.0.checked_add(1).ok_or(DocumentError::Pages)?;
        Ok(Ref::new(self.0))
    }
}

pub(crate) fn write(
    title: &str,
    language: &str,
    fonts: &Fonts,
    pages: Vec<Leaf>,
) -> Result<Vec<u8>, DocumentError> {
    let (mut pdf, mut numbers) = (Pdf::new(), Numbers(0));
    let (catalog, tree) = (numbers.next()?, numbers.next()?);
    pdf.catalog(catalog).pages(tree).lang(TextStr(language));
    pdf.document_info(numbers.next()?).title(TextStr(title)).producer(TextStr("Amana"));
    let mut embedded = BTreeMap::new();
    let faces: BTreeSet<Face> = pages.iter().flat_map(|page| &page.faces).copied().collect();
    for face in faces {
        let font = fonts.get(face).ok_or(DocumentError::Font)?;
        embedded.insert(face, embed(&mut pdf, &mut numbers, (face, font))?);
    }
    let mut leaves = Vec::with_capacity(pages.len());
    for Leaf { content, .. } in pages {
        let (leaf, stream) = (numbers.next()?, numbers.next()?);
        pdf.stream(stream, content.finish().as_slice());
        let mut page = pdf.page(leaf);
        page.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(tree).contents(stream);
        let mut resources = page.resources();
        let mut named = resources.fonts();
        embedded.iter().for_each(|(face, font)| {
            named.pair(resource(*face), *font);
        });
        named.finish();
        resources.finish();
        page.finish();
        leaves.push(leaf);
    }
    let count = i32::try_from(leaves.len()).map_err(|_| DocumentError::Pages)?;
    pdf.pages(tree).kids(leaves).count(count);
    Ok(pdf.finish())
}

/// Maps glyphs to letters. A joined shape maps to its plain letters.
fn meanings(font: &Font) -> BTreeMap<Glyph, String> {
    let mut meanings = BTreeMap::new();
    for (letter, glyph) in font.letters() {
        let is_shape = matches!(letter, '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}');
        let plain = || if is_shape { letter.nfkc().collect() } else { letter.to_string() };
        meanings.entry(glyph).or_insert_with(plain);
    }
    meanings
}

/// Embeds a font with its widths and a map from glyphs to letters, so that text can be searched and copied.
fn embed(
    pdf: &mut Pdf,
    numbers: &mut Numbers,
    (face, font): (Face, &Font),
) -> Result<Ref, DocumentError> {
    let (whole, letters, outlines) = (numbers.next()?, numbers.next()?, numbers.next()?);
    let (descriptor, stream, map) = (numbers.next()?, outlines, numbers.next()?);
    let name = Name(face.name().as_bytes());
    pdf.type0_font(whole)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(letters)
        .to_unicode(map);
    let mut cid = pdf.cid_font(letters);
    cid.subtype(CidFontType::Type2).base_font(name).system_info(IDENTITY);
    cid.font_descriptor(descriptor).cid_to_gid_map_predefined(Name(b"Identity"));
    cid.widths().consecutive(0, font.widths());
    cid.finish();
    let [ascent, descent] = font.extent();
    pdf.font_descriptor(descriptor)
        .name(name)
        .flags(FontFlags::NON_SYMBOLIC)
        .bbox(font.reach())
        .italic_angle(0.0)
        .ascent(ascent)
        .descent(descent)
        .cap_height(CAP_HEIGHT)
        .stem_v(stem(face))
        .font_file2(stream);
    pdf.stream(stream, font.bytes);
    let mut cmap = UnicodeCmap::new(Name(b"Letters"), IDENTITY);
    for (glyph, text) in meanings(font) {
        cmap.pair_with_multiple(glyph, text.chars());
    }
    pdf.cmap(map, cmap.finish().as_slice());
    Ok(whole)
}
