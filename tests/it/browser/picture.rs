//! Screenshot comparison by coarse colours, which do not depend on this machine's fonts.

use std::fs;
use std::path::PathBuf;

const COLUMNS: usize = 24;
const ROWS: usize = 32;

/// Largest difference of a mean colour at which two cells count as equal.
const CELL_TOLERANCE: i32 = 24;

/// Slightly longer or shorter text changes some cells; another page changes most.
const SAME_PERCENT_MIN: usize = 90;

/// A picture, reduced to the mean colours of a coarse grid.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Grid(Vec<[i32; 3]>);

impl Grid {
    pub(super) fn of(png: &[u8]) -> Self {
        let (width, height, pixels) = decode(png);
        let mut sums = vec![([0_usize; 3], 0_usize); COLUMNS * ROWS];
        for (n, pixel) in pixels.iter().enumerate() {
            let (x, y) = (n % width, n / width);
            let (sum, count) = &mut sums[y * ROWS / height * COLUMNS + x * COLUMNS / width];
            for (total, part) in sum.iter_mut().zip(pixel) {
                *total += usize::from(*part);
            }
            *count += 1;
        }
        let mean = |sum: usize, count: usize| i32::try_from(sum / count.max(1)).expect("a byte");
        Self(sums.into_iter().map(|(sum, count)| sum.map(|part| mean(part, count))).collect())
    }

    /// Returns the percentage of cells that are equal within the tolerance.
    pub(super) fn same_percent(&self, other: &Self) -> usize {
        let close = |(a, b): &(&[i32; 3], &[i32; 3])| {
            a.iter().zip(b.iter()).all(|(a, b)| (a - b).abs() <= CELL_TOLERANCE)
        };
        self.0.iter().zip(&other.0).filter(close).count() * 100 / self.0.len()
    }
}

/// Compares with the committed picture, or replaces it if `UPDATE_PICTURES=1` is set.
pub(super) fn assert_like_reference(name: &str, png: &[u8]) {
    let file = folder().join(name);
    if std::env::var_os("UPDATE_PICTURES").is_some() {
        fs::create_dir_all(folder()).expect("the folder of pictures");
        fs::write(&file, png).expect("the picture is written");
    }
    let reference = fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let same = Grid::of(&reference).same_percent(&Grid::of(png));
    if same < SAME_PERCENT_MIN {
        let seen = std::env::temp_dir().join(format!("amana-seen-{name}"));
        fs::write(&seen, png).expect("the picture is written");
        panic!(
            "only {same} % of {name} equals {}; the new picture is in {}",
            file.display(),
            seen.display()
        );
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("it/pictures")
}

/// Decodes a PNG into width, height and pixels, row by row.
fn decode(bytes: &[u8]) -> (usize, usize, Vec<[u8; 3]>) {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().expect("a PNG");
    let mut buffer = vec![0; reader.output_buffer_size().expect("a picture of sane size")];
    let frame = reader.next_frame(&mut buffer).expect("a frame");
    let samples = frame.color_type.samples();
    assert!(samples >= 3, "expected a screenshot with RGB or RGBA pixels");
    let pixels = buffer[..frame.buffer_size()]
        .chunks_exact(samples)
        .map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect();
    let side = |length: u32| usize::try_from(length).expect("a length");
    (side(frame.width), side(frame.height), pixels)
}
