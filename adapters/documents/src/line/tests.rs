use super::*;

fn fonts() -> Fonts {
    Fonts::new().unwrap()
}

fn seen(text: &str) -> String {
    in_order_of_the_eye(text).into_iter().collect()
}

/// Returns the faces of a text, and asserts that no letter is replaced.
fn faces(fonts: &Fonts, text: &str) -> Vec<Face> {
    let line = fonts.line(Face::Regular, text);
    let replacement = fonts.find(Face::Regular, REPLACEMENT);
    for run in &line {
        let missing = |glyph: &Glyph| *glyph == 0 || (run.face, *glyph) == replacement;
        assert!(!run.glyphs.iter().any(missing), "{text}: {run:?}");
    }
    line.iter().map(|run| run.face).collect()
}

#[test]
fn names_in_the_scripts_of_the_region_are_printed() {
    let fonts = fonts();
    let latin = "Wanjirũ Ngũgĩ Çelik Nguyễn Ọláolúwa Ɛfua Łukasz Ng’ang’a – € − 0123456789.,@*";
    assert_eq!(faces(&fonts, latin), [Face::Regular]);
    assert_eq!(faces(&fonts, "አበበ"), [Face::Ethiopic]);
    let (ethiopic, regular) = (Face::Ethiopic, Face::Regular);
    assert_eq!(faces(&fonts, "አበበ ቢቂላ"), [ethiopic, regular, ethiopic]);
    for (name, face) in [
        ("محمد", Face::Arabic),
        ("صلاح", Face::Arabic),
        ("Иван", Face::Cyrillic),
        ("Ελένη", Face::Cyrillic),
        ("ߛߟߏߡߊߣߊ", Face::WestAfrican),
        ("ⵎⵓⵃⵎⵎⴷ", Face::WestAfrican),
        ("ꕙꔤ", Face::Vai),
    ] {
        assert_eq!(faces(&fonts, name), [face], "{name}");
    }
}

#[test]
fn a_letter_without_a_glyph_is_replaced_and_never_left_out() {
    let fonts = fonts();
    let (face, missing) = fonts.find(Face::Regular, REPLACEMENT);
    assert_eq!(fonts.line(Face::Regular, "名🐐"), [Run { face, glyphs: vec![missing; 2] }]);
    let line = |text| fonts.line(Face::Bold, text);
    assert_eq!(line("a\u{0}\n\u{200b}b"), line("a b"));
}

#[test]
fn arabic_is_joined_and_read_from_the_right() {
    // Dal, meem, hah, meem from left to right, each in its joined shape.
    assert_eq!(seen("محمد"), "\u{feaa}\u{fee4}\u{fea4}\u{fee3}");
    assert_eq!(seen("(لا)"), "(\u{fefb})");
    let line = format!("Transfer – {} @juma", isolated("محمد 254"));
    assert_eq!(seen(&line), "Transfer – 254 \u{feaa}\u{fee4}\u{fea4}\u{fee3} @juma");
    let plain = format!("Transfer – {} @juma", isolated("Juma 254"));
    assert_eq!(seen(&plain), "Transfer – Juma 254 @juma");
}

#[test]
fn digits_are_all_as_wide_as_each_other_and_a_long_text_is_cut() {
    let fonts = fonts();
    let width = |text: &str| fonts.width(&fonts.line(Face::Regular, text), 10.0);
    assert!("0123456789".chars().all(|digit| width(&digit.to_string()) == width("0")));
    assert!(width("W") > width("i") && width("i") > 0.0 && width("አ") > 0.0);
    for long in ["W".repeat(100), "አ".repeat(100), "م".repeat(100)] {
        let cut = fonts.fitted(Face::Regular, &long, 10.0, 50.0);
        let printed = fonts.width(&cut, 10.0);
        assert!(printed <= 50.0 && printed > 25.0, "{printed}");
        let (face, ellipsis) = fonts.find(Face::Regular, '…');
        let has = |run: &Run| run.face == face && run.glyphs.contains(&ellipsis);
        assert!(cut.iter().any(has));
    }
    let short = fonts.fitted(Face::Regular, "Amina", 10.0, 50.0);
    assert_eq!(short, fonts.line(Face::Regular, "Amina"));
}
