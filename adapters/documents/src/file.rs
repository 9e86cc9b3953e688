//! Pages and fonts as the objects of a PDF file.

use crate::DocumentError;
use crate::font::{Face, Font};
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

/// A4, in points.
pub(crate) const WIDTH: f32 = 595.0;
pub(crate) const HEIGHT: f32 = 842.0;

const IDENTITY: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

// Of both faces, in thousandths of the letter size.
const ASCENT: f32 = 928.0;
const DESCENT: f32 = -236.0;
const CAP_HEIGHT: f32 = 729.0;
const BOX: Rect = Rect { x1: -963.0, y1: -463.0, x2: 1778.0, y2: 1233.0 };

pub(crate) struct Fonts {
    pub(crate) regular: Font,
    pub(crate) bold: Font,
}

impl Fonts {
    pub(crate) fn new() -> Result<Self, DocumentError> {
        Ok(Self { regular: Font::of(Face::Regular)?, bold: Font::of(Face::Bold)? })
    }

    pub(crate) const fn get(&self, face: Face) -> &Font {
        match face {
            Face::Regular => &self.regular,
            Face::Bold => &self.bold,
        }
    }
}

/// By which name the pages call a font.
pub(crate) const fn resource(face: Face) -> Name<'static> {
    match face {
        Face::Regular => Name(b"R"),
        Face::Bold => Name(b"B"),
    }
}

const fn name(face: Face) -> Name<'static> {
    match face {
        Face::Regular => Name(b"DejaVuSansCondensed"),
        Face::Bold => Name(b"DejaVuSansCondensed-Bold"),
    }
}

const fn stem(face: Face) -> f32 {
    match face {
        Face::Regular => 80.0,
        Face::Bold => 140.0,
    }
}

/// Hands out the numbers of objects.
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
    pages: Vec<Content>,
) -> Result<Vec<u8>, DocumentError> {
    let (mut pdf, mut numbers) = (Pdf::new(), Numbers(0));
    let (catalog, tree) = (numbers.next()?, numbers.next()?);
    pdf.catalog(catalog).pages(tree).lang(TextStr(language));
    pdf.document_info(numbers.next()?).title(TextStr(title)).producer(TextStr("Amana"));
    let regular = embed(&mut pdf, &mut numbers, fonts, Face::Regular)?;
    let bold = embed(&mut pdf, &mut numbers, fonts, Face::Bold)?;
    let mut leaves = Vec::with_capacity(pages.len());
    for content in pages {
        let (leaf, stream) = (numbers.next()?, numbers.next()?);
        pdf.stream(stream, content.finish().as_slice());
        let mut page = pdf.page(leaf);
        page.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(tree).contents(stream);
        let mut resources = page.resources();
        let mut named = resources.fonts();
        named.pair(resource(Face::Regular), regular).pair(resource(Face::Bold), bold);
        named.finish();
        resources.finish();
        page.finish();
        leaves.push(leaf);
    }
    let count = i32::try_from(leaves.len()).map_err(|_| DocumentError::Pages)?;
    pdf.pages(tree).kids(leaves).count(count);
    Ok(pdf.finish())
}

/// The whole font, its widths, and which letter each glyph stands for, so that text can be searched and copied.
fn embed(
    pdf: &mut Pdf,
    numbers: &mut Numbers,
    fonts: &Fonts,
    face: Face,
) -> Result<Ref, DocumentError> {
    let font = fonts.get(face);
    let (whole, letters, outlines) = (numbers.next()?, numbers.next()?, numbers.next()?);
    let (descriptor, stream, map) = (numbers.next()?, outlines, numbers.next()?);
    pdf.type0_font(whole)
        .base_font(name(face))
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(letters)
        .to_unicode(map);
    let mut cid = pdf.cid_font(letters);
    cid.subtype(CidFontType::Type2).base_font(name(face)).system_info(IDENTITY);
    cid.font_descriptor(descriptor).cid_to_gid_map_predefined(Name(b"Identity"));
    cid.widths().consecutive(0, font.widths());
    cid.finish();
    pdf.font_descriptor(descriptor)
        .name(name(face))
        .flags(FontFlags::NON_SYMBOLIC)
        .bbox(BOX)
        .italic_angle(0.0)
        .ascent(ASCENT)
        .descent(DESCENT)
        .cap_height(CAP_HEIGHT)
        .stem_v(stem(face))
        .font_file2(stream);
    pdf.stream(stream, font.bytes);
    let mut meanings = UnicodeCmap::new(Name(b"Letters"), IDENTITY);
    font.letters().for_each(|(letter, glyph)| meanings.pair(glyph, letter));
    pdf.cmap(map, meanings.finish().as_slice());
    Ok(whole)
}
