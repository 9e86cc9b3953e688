use super::*;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

fn document(objects: &[u8]) -> Vec<u8> {
    [b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog ".as_slice(), objects, b" >>\nendobj\n%%EOF\n"].concat()
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(vec![], Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn with_stream(dictionary: &[u8], data: &[u8]) -> Vec<u8> {
    let head = [b"%PDF-1.7\n4 0 obj\n<< ".as_slice(), dictionary, b" >>\nstream\r\n"].concat();
    [head.as_slice(), data, b"\nendstream\nendobj\n%%EOF\n"].concat()
}

fn is_refused(content: &[u8]) -> bool {
    matches!(look(content), Err(FileError::Active))
}

#[test]
fn a_document_that_acts_is_refused() {
    for active in [
        b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >>".as_slice(),
        b"/OpenAction<</S/Java#53cript/JS 7 0 R>>",
        b"/OpenAction << /S /#4Aav#61Script >>",
        b"/AA << /O << /S /Launch /F (cmd.exe) >> >>",
        b"/Names << /EmbeddedFiles 3 0 R >>",
        b"/Annots [ << /Subtype /FileAttachment >> ]",
        b"/AF [ << /EF << /F 8 0 R >> >> ]",
        b"/AcroForm << /XFA 5 0 R >>",
        b"/Encrypt 9 0 R",
    ] {
        assert!(is_refused(&document(active)), "{}", String::from_utf8_lossy(active));
    }
}

#[test]
fn what_is_packed_is_looked_through() {
    let objects = b"7 0 << /S /JavaScript /JS (app.alert(1)) >>";
    let kind = b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode";
    assert!(is_refused(&with_stream(kind, &packed(objects))));
    // The name spans two pieces.
    for before in (PIECE_BYTES - 20)..(PIECE_BYTES + 20) {
        let long = [vec![b' '; before], objects.to_vec()].concat();
        assert!(is_refused(&with_stream(b"/Length 9", &packed(&long))), "{before}");
    }
    for hidden in [
        b"/Type /ObjStm /Filter [ /ASCIIHexDecode /FlateDecode ]".as_slice(),
        b"/Type /Obj#53tm /Filter [ /FlateDecode /FlateDecode ]",
        b"/Type /ObjStm /Filter /FlateDecode /DecodeParms << /Predictor 12 >>",
        b"/Type /ObjStm /Filter /LZWDecode",
    ] {
        assert!(is_refused(&with_stream(hidden, b"x")), "{}", String::from_utf8_lossy(hidden));
    }
}

/// A small file may decompress to a huge one: the search is bounded and keeps no data.
#[test]
fn a_document_that_unpacks_without_end_is_refused() {
    let large = packed(&vec![b' '; UNPACKED_BYTES_MAX / 8 + 1]);
    let many: Vec<u8> =
        std::iter::repeat_n(with_stream(b"/Filter /FlateDecode", &large), 8).flatten().collect();
    assert!(many.len() < crate::FILE_BYTES_MAX && is_refused(&many));
}

#[test]
fn a_plain_document_is_taken() {
    for plain in [
        b"/Pages 2 0 R /OpenAction [ 3 0 R /Fit ] /Lang (en)".as_slice(),
        b"/URI (https://example.com) /JSX (1) /Launches 3 /Title (/JS)",
    ] {
        assert!(look(&document(plain)).is_ok(), "{}", String::from_utf8_lossy(plain));
    }
    let kind = b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode";
    assert!(look(&with_stream(kind, &packed(b"7 0 << /Type /Page >>"))).is_ok());
    let picture = b"/Subtype /Image /Filter /DCTDecode";
    assert!(look(&with_stream(picture, b"\xff\xd8\xff\xe0 /JS\x00\x01")).is_ok());
    assert!(look(b"%PDF-1.7").is_ok());
}
