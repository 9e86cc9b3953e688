//! A GeoIP file in the MaxMind DB format (version 2.0) with one network, that of this machine.

use crate::servers::files_folder;
use amana_api::Places;

/// The bits of 127.0.0.0/8; each is one node of the tree.
const NETWORK: [u8; 8] = [0, 1, 1, 1, 1, 1, 1, 1];
/// The separator between tree and data.
const GAP: [u8; 16] = [0; 16];
const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";

/// The type numbers of the format.
const TEXT: u8 = 2;
const SHORT: u8 = 5;
const NUMBER: u8 = 6;
const MAP: u8 = 7;
const LONG: u8 = 9;
const LIST: u8 = 11;

fn value(kind: u8, size: usize, content: &[u8]) -> Vec<u8> {
    let size = u8::try_from(size).expect("a size");
    assert!(size < 29, "larger sizes need another encoding");
    let begin = if kind > MAP { vec![size, kind - MAP] } else { vec![(kind << 5) | size] };
    [&begin, content].concat()
}

fn text(text: &str) -> Vec<u8> {
    value(TEXT, text.len(), text.as_bytes())
}

fn map(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let one = |(name, value): &(&str, Vec<u8>)| [text(name), value.clone()].concat();
    value(MAP, members.len(), &members.iter().flat_map(one).collect::<Vec<u8>>())
}

fn short(n: u8) -> Vec<u8> {
    value(SHORT, 1, &[n])
}

/// Builds the tree. In each node, the branch of the network's bit leads to the next node; the other one is empty.
fn tree() -> Vec<u8> {
    let (count, gap) = (NETWORK.len(), GAP.len());
    let node = |(n, bit): (usize, &u8)| {
        let next = if n + 1 == count { count + gap } else { n + 1 };
        let ways = if *bit == 0 { [next, count] } else { [count, next] };
        ways.map(|way| [0, 0, u8::try_from(way).expect("a place")]).concat()
    };
    NETWORK.iter().enumerate().flat_map(node).collect()
}

fn description() -> Vec<u8> {
    map(&[
        ("binary_format_major_version", short(2)),
        ("binary_format_minor_version", short(0)),
        ("build_epoch", value(LONG, 1, &[1])),
        ("database_type", text("Test-City")),
        ("description", map(&[("en", text("This machine"))])),
        ("ip_version", short(4)),
        ("languages", value(LIST, 1, &text("en"))),
        ("node_count", value(NUMBER, 1, &[u8::try_from(NETWORK.len()).expect("a number")])),
        ("record_size", short(24)),
    ])
}

/// Returns a GeoIP file that places this machine in the city and country.
pub(crate) fn of_this_machine((city, country): (&str, &str)) -> Places {
    let record = map(&[
        ("country", map(&[("iso_code", text(country))])),
        ("city", map(&[("names", map(&[("en", text(city))]))])),
    ]);
    let content = [&tree()[..], &GAP, &record, MARKER, &description()].concat();
    let file = files_folder();
    std::fs::write(&file, content).expect("a file");
    Places::open(&file).expect("a file of places")
}
