//! Rejects PDF documents with active content: scripts, programs, attached files.
//!
//! Files are not parsed, because a parser and the reader of a staff member may interpret a file differently. Instead,
//! all content, compressed content too, is searched for the names that active content needs. Doubtful files are
//! rejected; their owner can print them to a new PDF.

use crate::FileError;
use flate2::read::ZlibDecoder;
use std::io::Read;

/// Names that no ordinary document needs.
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
    // Encrypted content cannot be searched.
    b"Encrypt",
];
const NAME_BYTES_MAX: usize = 15;
/// Each byte of a name may be written as an escape such as `#4a`.
const WRITTEN_BYTES_MAX: usize = 3 * NAME_BYTES_MAX + 1;

/// Short names that count only with a value after them: they occur by chance in compressed pictures.
const WITH_VALUE: [&[u8]; 2] = [b"JS", b"EF"];

const PIECE_BYTES: usize = 64 * 1024;
/// One piece, after the end of the previous one.
const WINDOW_BYTES: usize = PIECE_BYTES + WRITTEN_BYTES_MAX;
/// The limit of all decompressed streams of a file: about twenty pages of scans.
const UNPACKED_BYTES_MAX: usize = 512 * 1024 * 1024;
/// The search for a stream's dictionary goes back this far.
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

/// Returns the unescaped name at the start of `text`, and the rest. Returns `None` for names that are too long.
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

/// Returns all names up to the maximum length, each with the text after it.
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

/// Returns the data after each word `stream`, with the text before it.
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

/// Whether a stream has objects in an encoding that the search cannot read: anything but one Flate filter.
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

/// Whether a stream contains an active name, exceeds the budget, or breaks off.
fn unpacks(data: &[u8], budget: &mut usize) -> bool {
    let mut unpacked = ZlibDecoder::new(data);
    let (mut text, mut kept) = (vec![0; WINDOW_BYTES], 0);
    loop {
        let read = match text.get_mut(kept..).map(|room| unpacked.read(room)) {
            None | Some(Ok(0)) => return false,
            // A tolerant reader shows the part before the error. Uncompressed data fails at once, with nothing kept.
            Some(Err(_)) => return kept > 0 || has_active_name(&text),
            Some(Ok(read)) => read,
        };
        let Some(left) = budget.checked_sub(read) else { return true };
        *budget = left;
        let end = kept.saturating_add(read);
        if has_active_name(text.get(..end).unwrap_or_default()) {
            return true;
        }
        // A name may continue in the next piece.
        let from = end.saturating_sub(WRITTEN_BYTES_MAX);
        text.copy_within(from..end, 0);
        kept = end.saturating_sub(from);
    }
}

#[cfg(test)]
mod tests;
