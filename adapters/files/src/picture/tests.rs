use super::*;
use amana_domain::kyc::MediaType;

fn verdict(media_type: MediaType, content: &[u8]) -> &'static str {
    let looked = match media_type {
        MediaType::Png => png(content),
        MediaType::Jpeg => jpeg(content),
        MediaType::WebP => webp(content),
        MediaType::Pdf => panic!("no picture"),
    };
    match looked {
        Ok(()) => "taken",
        Err(FileError::Damaged) => "damaged",
        Err(FileError::Pixels) => "too large",
        Err(other) => panic!("{other}"),
    }
}

fn grey(width: u32, height: u32) -> Vec<u8> {
    let mut content = vec![];
    let mut encoder = png::Encoder::new(&mut content, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().unwrap();
    let row = usize::try_from(width.div_ceil(8)).unwrap();
    let bytes = row.saturating_mul(usize::try_from(height).unwrap());
    writer.write_image_data(&vec![0; bytes]).unwrap();
    drop(writer);
    content
}

fn jpeg_of(width: u16, height: u16) -> Vec<u8> {
    let [size_a, size_b] = [height.to_be_bytes(), width.to_be_bytes()];
    [
        b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0".as_slice(),
        b"\xff\xdb\x00\x43\x00",
        &[1; 64],
        b"\xff\xc0\x00\x0b\x08",
        &size_a,
        &size_b,
        b"\x01\x01\x11\x00",
        b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00",
        b"\x12\xff\x00\x34\xff\xd0\x56",
        b"\xff\xd9",
    ]
    .concat()
}

fn riff(chunks: &[u8]) -> Vec<u8> {
    let length = u32::try_from(chunks.len().saturating_add(4)).unwrap();
    [b"RIFF".as_slice(), length.to_le_bytes().as_slice(), b"WEBP", chunks].concat()
}

const LOSSY: &[u8] = b"VP8 \x0a\0\0\0\x30\x01\x00\x9d\x01\x2a\x10\x00\x10\x00";
const LOSSLESS: &[u8] = b"VP8L\x05\0\0\0\x2f\x0f\xc0\x03\x00\0";

#[test]
fn whole_pictures_are_taken() {
    assert_eq!(verdict(MediaType::Png, &grey(640, 480)), "taken");
    assert_eq!(verdict(MediaType::Jpeg, &jpeg_of(4032, 3024)), "taken");
    assert_eq!(verdict(MediaType::WebP, &riff(LOSSY)), "taken");
    assert_eq!(verdict(MediaType::WebP, &riff(LOSSLESS)), "taken");
    // Phones append more pictures after the first.
    let more = [jpeg_of(64, 64), jpeg_of(8, 8)].concat();
    assert_eq!(verdict(MediaType::Jpeg, &more), "taken");
}

#[test]
fn a_picture_by_its_first_bytes_alone_is_refused() {
    for (media_type, content) in [
        (MediaType::Png, b"\x89PNG\r\n\x1a\n".as_slice()),
        (MediaType::Png, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and what follows"),
        (MediaType::Jpeg, b"\xff\xd8\xff<script>alert(1)</script>"),
        (MediaType::Jpeg, b"\xff\xd8\xff\xe0\0\x10JFIF\0"),
        (MediaType::Jpeg, b"\xff\xd8\xff\xd9"),
        (MediaType::WebP, b"RIFF\x24\0\0\0WEBPVP8 "),
        (MediaType::WebP, b"RIFF\x04\0\0\0WEBP"),
    ] {
        assert_eq!(verdict(media_type, content), "damaged", "{content:?}");
    }
}

#[test]
fn a_picture_that_was_cut_off_is_refused_wherever_it_was_cut() {
    for (media_type, whole) in [
        (MediaType::Png, grey(64, 64)),
        (MediaType::Jpeg, jpeg_of(64, 64)),
        (MediaType::WebP, riff(LOSSY)),
        (MediaType::WebP, riff(LOSSLESS)),
    ] {
        for kept in 0..whole.len() {
            assert_eq!(verdict(media_type, &whole[..kept]), "damaged", "{media_type} {kept}");
        }
    }
}

#[test]
fn a_picture_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() {
    assert_eq!(verdict(MediaType::Png, &grey(16_385, 1)), "too large");
    let bomb = grey(16_000, 16_000);
    assert!(bomb.len() < crate::FILE_BYTES_MAX);
    assert_eq!(verdict(MediaType::Png, &bomb), "too large");
    assert_eq!(verdict(MediaType::Jpeg, &jpeg_of(u16::MAX, u16::MAX)), "too large");
    assert_eq!(verdict(MediaType::Jpeg, &jpeg_of(0, 10)), "damaged");
    let wide = b"VP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff";
    assert_eq!(verdict(MediaType::WebP, &riff(&[wide.as_slice(), LOSSY].concat())), "too large");
}

/// Damaged pictures must not cause a panic.
#[test]
fn bent_pictures_are_read_without_a_panic() {
    for (media_type, whole) in [
        (MediaType::Png, grey(16, 16)),
        (MediaType::Jpeg, jpeg_of(16, 16)),
        (MediaType::WebP, riff(LOSSLESS)),
    ] {
        for place in 0..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bent = whole.clone();
                bent[place] ^= flip;
                verdict(media_type, &bent);
            }
        }
    }
}
