//! Detects the type of a file from its first bytes. The `Content-Type` header is ignored.

use amana_domain::kyc::MediaType;

/// The number of bytes that are examined.
pub(crate) const HEAD_BYTES: usize = 1024;

/// Returns `None` for unsupported types.
pub(crate) fn of(head: &[u8]) -> Option<MediaType> {
    let media_type = infer::get(head)?.mime_type().parse().ok()?;
    // The crate checks less: it accepts `%PDF` anywhere near the start as a PDF, and any file with the format's name
    // in the right place as WebP.
    let begins: &[u8] = match media_type {
        MediaType::Jpeg => b"\xff\xd8\xff",
        MediaType::Png => b"\x89PNG\r\n\x1a\n",
        MediaType::WebP => b"RIFF",
        MediaType::Pdf => b"%PDF-",
    };
    head.starts_with(begins).then_some(media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_begins_with() {
        let table: [(&[u8], Option<MediaType>); 16] = [
            (b"\xff\xd8\xff\xe0\x00\x10JFIF", Some(MediaType::Jpeg)),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Some(MediaType::Png)),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Some(MediaType::WebP)),
            (b"%PDF-1.7\n%\xe2\xe3", Some(MediaType::Pdf)),
            (b"", None),
            (b"\xff\xd8", None),
            (b"\x89PNG", None),
            (b"#!/bin/sh\nrm -rf /", None),
            (b"<html><script>alert(1)</script>", None),
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", None),
            (b"<script>/* %PDF-1.7 */ alert(1)</script>", None),
            (b"\n%PDF-1.7", None),
            (b"alert(1)WEBPVP8 ", None),
            (b"GIF89a", None),
            (b"MZ\x90\0", None),
            (b"PK\x03\x04", None),
        ];
        for (head, expected) in table {
            assert_eq!(of(head), expected, "{}", String::from_utf8_lossy(head));
        }
    }
}
