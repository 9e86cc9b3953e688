//! Text of a PDF statement, as search and copy in a PDF reader return it.

use super::file;
use amana_harness::App;
use serde_json::json;
use std::collections::BTreeMap;

type Meanings = BTreeMap<u16, String>;

fn find(pdf: &[u8], word: &[u8], from: usize) -> Option<usize> {
    let rest = pdf.get(from..)?;
    rest.windows(word.len()).position(|text| text == word).map(|at| from + at)
}

/// Finds the content of each object by its number. Our objects are sequential and uncompressed.
fn objects(pdf: &[u8]) -> BTreeMap<u32, &[u8]> {
    let (mut found, mut at) = (BTreeMap::new(), 0);
    while let Some(begin) = find(pdf, b" 0 obj", at) {
        let line = pdf[..begin].rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let number = std::str::from_utf8(line).ok().and_then(|text| text.trim().parse().ok());
        let end = find(pdf, b"\nendobj", begin).expect("the end of an object");
        if let Some(number) = number {
            found.insert(number, &pdf[begin..end]);
        }
        at = end;
    }
    found
}

/// Finds the number of the object behind a name, such as `/ToUnicode 8 0 R`.
fn reference(object: &str, name: &str) -> Option<u32> {
    let (_, rest) = object.split_once(&format!("{name} "))?;
    rest.split_whitespace().next()?.parse().ok()
}

fn number(digits: &[u8]) -> u16 {
    u16::from_str_radix(std::str::from_utf8(digits).expect("digits"), 16).expect("a number")
}

/// Reads the characters of a font's glyphs, from lines such as `<0003> <0041>`.
fn meanings(cmap: &[u8]) -> Meanings {
    let text = String::from_utf8_lossy(cmap);
    let pairs = text.lines().filter_map(|line| {
        let (glyph, letters) = line.strip_prefix('<')?.strip_suffix('>')?.split_once("> <")?;
        let units: Vec<u16> = letters.as_bytes().chunks(4).map(number).collect();
        Some((number(glyph.as_bytes()), String::from_utf16(&units).expect("text")))
    });
    pairs.collect()
}

/// Reads the character tables of all fonts, by the names that pages use.
fn fonts(objects: &BTreeMap<u32, &[u8]>) -> BTreeMap<String, Meanings> {
    let text = |number: &u32| String::from_utf8_lossy(objects[number]).into_owned();
    let page = objects.keys().map(text).find(|object| object.contains("/Type /Page\n"));
    let page = page.expect("a page");
    let of = |name: &str| {
        let font = reference(&page, &format!("/{name}"))?;
        let map = reference(&text(&font), "/ToUnicode").expect("a map");
        Some((name.to_owned(), meanings(objects[&map])))
    };
    ["R", "B", "A", "C", "E", "V", "W"].into_iter().filter_map(of).collect()
}

/// Parses a string with its brackets: `(…)` with escapes, or `<…>` in hexadecimal digits.
fn string(written: &[u8]) -> Vec<u8> {
    let inside = &written[1..written.len() - 1];
    if written[0] == b'<' {
        let byte = |pair: &[u8]| u8::try_from(number(pair)).expect("a byte");
        return inside.chunks(2).map(byte).collect();
    }
    let (mut bytes, mut rest) = (vec![], inside);
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'\\' {
            bytes.push(*byte);
            continue;
        }
        let octal = rest.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit));
        let (escaped, after) = match octal {
            Some(digits) => {
                let digits = std::str::from_utf8(digits).expect("digits");
                (u8::from_str_radix(digits, 8).expect("a byte"), &rest[3..])
            }
            None => {
                let plain = match rest[0] {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'f' => 12,
                    other => other,
                };
                (plain, &rest[1..])
            }
        };
        bytes.push(escaped);
        rest = after;
    }
    bytes
}

/// Returns all texts, one per line; right-to-left text is in visual order.
fn text_of(pdf: &[u8]) -> String {
    let objects = objects(pdf);
    let fonts = fonts(&objects);
    let (mut said, mut font) = (String::new(), None);
    let contents = objects.values().filter(|object| find(object, b"\nBT\n", 0).is_some());
    for line in contents.flat_map(|content| content.split(|byte| *byte == b'\n')) {
        if line == b"ET" {
            said.push('\n');
        } else if line.ends_with(b" Tf") {
            let name = line.split(|byte| *byte == b' ').next().expect("a name");
            font = fonts.get(std::str::from_utf8(&name[1..]).expect("text"));
        } else if let Some(written) = line.strip_suffix(b" Tj") {
            let font = font.expect("a font before its text");
            let glyphs = string(written);
            let glyphs = glyphs.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
            glyphs.for_each(|glyph| said.push_str(&font[&glyph]));
        }
    }
    said
}

/// Names in other scripts used to print as boxes, and users with the same name could not be told
/// apart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_in_the_letters_of_the_region_and_their_handles_are_on_the_paper() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person_with("Amina", "amina@example.com", "254711000777").await;
    app.put(&amina, "/v1/me/handle", json!({ "handle": "amina_k" })).await.expect(200);
    app.given(&amina, 100_000, app.clock.now()).await;
    let names = ["አበበ ቢቂላ", "محمد أحمد", "Иван Петров", "Wanjirũ Ngũgĩ", "ꕙꔤ"];
    for (n, name) in names.into_iter().enumerate() {
        let email = format!("other{n}@example.com");
        let other = app.person_with(name, &email, &format!("25471100088{n}")).await;
        app.put(&other, "/v1/me/handle", json!({ "handle": format!("other_{n}") }))
            .await
            .expect(200);
        let amount = json!({ "amount": 1_000, "currency": "KES" });
        let body = json!({ "to": { "email": email }, "amount": amount, "note": name });
        app.post(&amina, "/v1/transfers", body).await.expect(201);
    }
    let (_, _, pdf) = file(&app, &amina, "from=2020-01-01&format=pdf").await;
    let text = text_of(&pdf);
    assert!(text.contains("Amina @amina_k · 2547****0777\n"), "{text}");
    for (n, name) in names.into_iter().enumerate() {
        let is_right_to_left = name.starts_with('م');
        let seen = if is_right_to_left { name.chars().rev().collect() } else { name.to_owned() };
        assert!(text.contains(&format!("Transfer – {seen} @other_{n}\n")), "{name} in {text}");
        assert!(text.contains(&format!("· {seen}\n")), "the note {name} in {text}");
    }
    assert!(!text.contains('\u{fffd}'), "{text}");
    // Characters without a glyph are visible as such.
    let other = app.person_with("Zhang 伟", "zhang@example.com", "254711000889").await;
    let body =
        json!({ "to": { "email": other.email }, "amount": { "amount": 1_000, "currency": "KES" } });
    app.post(&amina, "/v1/transfers", body).await.expect(201);
    let (_, _, pdf) = file(&app, &amina, "from=2020-01-01&format=pdf").await;
    assert!(text_of(&pdf).contains("Transfer – Zhang \u{fffd}"));
    app.assert_sound().await;
}
