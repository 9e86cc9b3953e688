//! Verifies pictures to the end of the file, so that no other content can hide in them.
//!
//! A PNG is decoded line by line. JPEG and WebP are checked by their structure: segment lengths, picture size, and
//! the end of the data.

use crate::FileError;
use std::io::Cursor;

/// Pixels per side. An A4 scan at 1,200 dpi has 14,000 on the longer side.
const SIDE_PIXELS_MAX: u32 = 16_384;
/// Pixels per picture: more than most phone cameras, and decoded in a second or two.
const PIXELS_MAX: u64 = 64_000_000;
/// The memory limit of the decoder.
const MEMORY_BYTES_MAX: usize = 16 * 1024 * 1024;

struct Size {
    width: u32,
    height: u32,
}

impl Size {
    fn within(&self) -> Result<(), FileError> {
        let Self { width, height } = *self;
        let pixels = u64::from(width).saturating_mul(height.into());
        if width == 0 || height == 0 {
            return Err(FileError::Damaged);
        }
        let is_large = width.max(height) > SIDE_PIXELS_MAX || pixels > PIXELS_MAX;
        if is_large { Err(FileError::Pixels) } else { Ok(()) }
    }
}

/// # Errors
/// [`FileError::Damaged`] or [`FileError::Pixels`].
pub(crate) fn png(content: &[u8]) -> Result<(), FileError> {
    let damaged = |_: png::DecodingError| FileError::Damaged;
    let limits = png::Limits { bytes: MEMORY_BYTES_MAX };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(content), limits);
    let header = decoder.read_header_info().map_err(damaged)?;
    // Before decompression.
    Size { width: header.width, height: header.height }.within()?;
    let mut reader = decoder.read_info().map_err(damaged)?;
    while reader.next_interlaced_row().map_err(damaged)?.is_some() {}
    reader.finish().map_err(damaged)
}

/// # Errors
/// [`FileError::Damaged`] or [`FileError::Pixels`].
pub(crate) fn jpeg(content: &[u8]) -> Result<(), FileError> {
    size_of_jpeg(content).ok_or(FileError::Damaged)?.within()
}

/// # Errors
/// [`FileError::Damaged`] or [`FileError::Pixels`].
pub(crate) fn webp(content: &[u8]) -> Result<(), FileError> {
    size_of_webp(content).ok_or(FileError::Damaged)?.within()
}

/// The rest of the file's bytes.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }
}

fn u16_big(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(pair.try_into().ok()?))
}

/// Parses a WebP number: little endian, two to four bytes.
fn little(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

/// JPEG markers by their second byte.
const START: u8 = 0xd8;
const END: u8 = 0xd9;
const SCAN: u8 = 0xda;
const TABLES_OF_QUANTA: u8 = 0xdb;
/// Baseline, extended and progressive frames, which browsers support.
const FRAMES: std::ops::RangeInclusive<u8> = 0xc0..=0xc2;

/// Returns `None` if the picture is incomplete.
fn size_of_jpeg(content: &[u8]) -> Option<Size> {
    let mut bytes = Bytes(content);
    if bytes.take(2)? != [0xff, START] {
        return None;
    }
    let (mut size, mut has_tables) = (None, false);
    loop {
        let marker = marker(&mut bytes)?;
        if marker == END {
            return size;
        }
        let length = usize::from(u16_big(bytes.0, 0)?);
        let segment = bytes.take(length)?.get(2..)?;
        match marker {
            TABLES_OF_QUANTA => has_tables = true,
            SCAN => {
                if size.is_none() || !has_tables {
                    return None;
                }
                skip_scan(&mut bytes)?;
            }
            frame if FRAMES.contains(&frame) => {
                let (height, width) = (u16_big(segment, 1)?, u16_big(segment, 3)?);
                let parts = usize::from(*segment.get(5)?);
                let is_whole = segment.len() == parts.checked_mul(3)?.checked_add(6)?;
                if size.is_some() || !matches!(parts, 1 | 3 | 4) || !is_whole {
                    return None;
                }
                size = Some(Size { width: width.into(), height: height.into() });
            }
            // Tables, restart intervals, profiles and comments; other segments are rejected.
            0xc4 | 0xdd | 0xe0..=0xef | 0xfe => {}
            _ => return None,
        }
    }
}

/// Returns the second byte of the next marker. The first may be repeated.
fn marker(bytes: &mut Bytes<'_>) -> Option<u8> {
    if bytes.byte()? != 0xff {
        return None;
    }
    loop {
        match bytes.byte()? {
            0xff => {}
            marker => return Some(marker),
        }
    }
}

/// Skips picture data up to the next marker.
fn skip_scan(bytes: &mut Bytes<'_>) -> Option<()> {
    loop {
        let at = bytes.0.iter().position(|byte| *byte == 0xff)?;
        match bytes.0.get(at.checked_add(1)?)? {
            0x00 | 0xd0..=0xd7 | 0xff => bytes.take(at.checked_add(1)?)?,
            _ => {
                bytes.take(at)?;
                return Some(());
            }
        };
    }
}

/// Returns `None` if the picture is incomplete.
fn size_of_webp(content: &[u8]) -> Option<Size> {
    let mut bytes = Bytes(content);
    let head = bytes.take(12)?;
    let told = usize::try_from(little(head.get(4..8)?)).ok()?;
    if !head.starts_with(b"RIFF") || !head.ends_with(b"WEBP") {
        return None;
    }
    let mut chunks = Bytes(bytes.take(told.checked_sub(4)?)?);
    let (mut canvas, mut picture) = (None, None);
    while !chunks.0.is_empty() {
        let head = chunks.take(8)?;
        let length = usize::try_from(little(head.get(4..)?)).ok()?;
        let chunk = chunks.take(length)?;
        // Chunks are padded to even length; the padding of the last one may be missing.
        if length % 2 == 1 && !chunks.0.is_empty() {
            chunks.take(1)?;
        }
        match head.get(..4)? {
            b"VP8 " => picture = Some(lossy(chunk)?),
            b"VP8L" => picture = Some(lossless(chunk)?),
            b"VP8X" => canvas = Some(extended(chunk)?),
            b"ICCP" | b"ALPH" | b"EXIF" | b"XMP " => {}
            // Animations are rejected: they do not document one moment.
            _ => return None,
        }
    }
    let picture = picture?;
    Some(canvas.unwrap_or(picture))
}

fn lossy(chunk: &[u8]) -> Option<Size> {
    let is_key_frame = chunk.first()? & 1 == 0 && chunk.get(3..6)? == [0x9d, 0x01, 0x2a];
    let side = |at: std::ops::Range<usize>| Some(little(chunk.get(at)?) & 0x3fff);
    let size = Size { width: side(6..8)?, height: side(8..10)? };
    is_key_frame.then_some(size)
}

fn lossless(chunk: &[u8]) -> Option<Size> {
    let bits = little(chunk.get(1..5)?);
    let side = |bits: u32| (bits & 0x3fff).saturating_add(1);
    let size = Size { width: side(bits), height: side(bits >> 14) };
    (*chunk.first()? == 0x2f).then_some(size)
}

fn extended(chunk: &[u8]) -> Option<Size> {
    let side = |at: std::ops::Range<usize>| Some(little(chunk.get(at)?).saturating_add(1));
    Some(Size { width: side(4..7)?, height: side(7..10)? })
}

#[cfg(test)]
mod tests;
