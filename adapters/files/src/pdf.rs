//! PDF documents that do something when they are opened: scripts, programs, attached files.
//!
//! A parser sees one meaning of a file, and the reader of a staff member may see another one. So nothing is parsed:
//! the names that such things need are looked for everywhere, also where content is packed. In doubt a file is refused;
//! its owner can print it to a new PDF.

use crate::FileError;
use flate2::read::ZlibDecoder;
use std::io::Read;

/// Names that no plain document needs.
const ACTIVE: [&[u8]; 12] = [
    b"JavaScript",
    b"Launch",
    b"EmbeddedFile",
    b"EmbeddedFiles",
    b"FileAttachment",
    b"RichMedia",
    b"Rendition",
    b"SubmitForm",
    b"ImportData",
    b"GoToE",
    b"XFA",
    // What is locked cannot be looked through.
    b"Encrypt",
];
const NAME_BYTES_MAX: usize = 15;
/// Each byte of a name may be written as `#4a`.
const WRITTEN_BYTES_MAX: usize = 3 * NAME_BYTES_MAX + 1;

/// Two short names that count only with a value behind them: they come about by chance in packed pictures.
const WITH_VALUE: [&[u8]; 2] = [b"JS", b"EF"];

const PIECE_BYTES: usize = 64 * 1024;
/// A piece, behind the end of the one before.
const WINDOW_BYTES: usize = PIECE_BYTES + WRITTEN_BYTES_MAX;
/// What all streams of a file unpack to at most: about twenty pages of scans.
const UNPACKED_BYTES_MAX: usize = 512 * 1024 * 1024;
/// So far before its content the dictionary of a stream begins.
const DICTIONARY_BYTES_MAX: usize = 4096;

/// # Errors
/// [`FileError::Active`].
pub(crate) fn look(content: &[u8]) -> Result<(), FileError> {
    let is_refused = has_active_name(content) || has_active_stream(content);
    if is_refused { Err(FileError::Active) } else { Ok(()) }
}

const fn ends_name(byte: u8) -> bool {
    matches!(
        byte,
        0 | b'\t'
            | b'\n'
            | 0x0c
            | b'\r'
            | b' '
            | b'('
            | b')'
            | b'<'
            | b'>'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'/'
            | b'%'
    )
}

fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The name that a text begins with, its escapes undone, and what follows; `None` if it is longer than what we look for.
fn name(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (mut found, mut rest) = (Vec::with_capacity(NAME_BYTES_MAX), text);
    while let [byte, after @ ..] = rest {
        if ends_name(*byte) {
            break;
        }
        let (byte, after) = match after {
            [high, low, after @ ..] if *byte == b'#' => match (nibble(*high), nibble(*low)) {
                (Some(high), Some(low)) => ((high << 4) | low, after),
                _ => (*byte, rest.get(1..).unwrap_or_default()),
            },
            _ => (*byte, after),
        };
        if found.len() == NAME_BYTES_MAX {
            return None;
        }
        found.push(byte);
        rest = after;
    }
    Some((found, rest))
}

/// All names that are short enough, with what follows each.
fn names(text: &[u8]) -> impl Iterator<Item = (Vec<u8>, &[u8])> {
    let slashes = text.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    slashes.filter_map(move |(at, _)| name(text.get(at.saturating_add(1)..)?))
}

fn has_active_name(text: &[u8]) -> bool {
    names(text).any(|(name, rest)| {
        let with_value = || {
            let value = rest.iter().find(|byte| !byte.is_ascii_whitespace());
            value.is_some_and(|byte| matches!(byte, b'(' | b'<' | b'[' | b'0'..=b'9'))
        };
        ACTIVE.contains(&name.as_slice()) || (WITH_VALUE.contains(&name.as_slice()) && with_value())
    })
}

/// The places behind each word `stream`, with what stands before them.
fn streams(content: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    const WORD: &[u8] = b"stream";
    let places = content.windows(WORD.len()).enumerate().filter(|(_, text)| *text == WORD);
    places.filter_map(move |(at, _)| {
        let before = content.get(at.saturating_sub(DICTIONARY_BYTES_MAX)..at)?;
        let behind = content.get(at.saturating_add(WORD.len())..)?;
        let data = behind.strip_prefix(b"\r\n").or_else(|| behind.strip_prefix(b"\n"));
        Some((before, data.or_else(|| behind.strip_prefix(b"\r"))?))
    })
}

/// Objects can be packed into a stream. They are found if it is packed in the one usual way; another way is refused.
fn hides_objects(before: &[u8]) -> bool {
    let from = before.windows(6).rposition(|text| text == b"endobj").unwrap_or_default();
    let names: Vec<Vec<u8>> =
        names(before.get(from..).unwrap_or_default()).map(|(name, _)| name).collect();
    let count = |wanted: &[u8]| names.iter().filter(|name| *name == wanted).count();
    let filters = count(b"FlateDecode").saturating_add(count(b"Fl"));
    let has_others = names.iter().any(|name| name.ends_with(b"Decode") && name != b"FlateDecode");
    let is_unusual = filters > 1 || has_others || count(b"DecodeParms") > 0 || count(b"DP") > 0;
    count(b"ObjStm") > 0 && is_unusual
}

fn has_active_stream(content: &[u8]) -> bool {
    let mut budget = UNPACKED_BYTES_MAX;
    streams(content).any(|(before, data)| hides_objects(before) || unpacks(data, &mut budget))
}

/// Whether a stream unpacks to an active name, to more than is looked through, or breaks in the middle.
fn unpacks(data: &[u8], budget: &mut usize) -> bool {
    let mut unpacked = ZlibDecoder::new(data);
    let (mut text, mut kept) = (vec![0; WINDOW_BYTES], 0);
    loop {
        let read = match text.get_mut(kept..).map(|room| unpacked.read(room)) {
            None | Some(Ok(0)) => return false,
            // A lenient reader shows what came before the break. Other content is not packed, and breaks at once.
            Some(Err(_)) => return kept > 0 || has_active_name(&text),
            Some(Ok(read)) => read,
        };
        let Some(left) = budget.checked_sub(read) else { return true };
        *budget = left;
        let end = kept.saturating_add(read);
        if has_active_name(text.get(..end).unwrap_or_default()) {
            return true;
        }
        // A name may go on in the next piece.
        let from = end.saturating_sub(WRITTEN_BYTES_MAX);
        text.copy_within(from..end, 0);
        kept = end.saturating_sub(from);
    }
}

#[cfg(test)]
mod tests;
