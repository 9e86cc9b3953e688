use super::*;

fn line(text: &str) -> Result<String, TextError> {
    HumanText::line(text, 1, 40).map(HumanText::into_string)
}

#[test]
fn text_that_cannot_be_seen_is_refused() {
    for blank in ["\u{200b}", "\u{3164}", "\u{2800}", "\u{2060}\u{feff}", "\u{301}", "\u{ad}"] {
        assert!(line(blank).is_err(), "{blank:?}");
    }
    assert_eq!(line("\u{a0}\u{2003}"), Err(TextError::Length { min: 1, max: 40 }));
    for hidden in [
        "Two\u{200b}goats",
        "Two \u{202e}staog",
        "a\u{2066}b\u{2069}",
        "a\u{200d}b",
        "a\u{fe0f}",
        "1\u{200d}2",
    ] {
        assert!(matches!(line(hidden), Err(TextError::Hidden { .. })), "{hidden:?}");
    }
    let error = line("ab\u{202e}").unwrap_err().to_string();
    assert!(error.starts_with("character 3 (U+202E) is invisible"), "{error}");
}

#[test]
fn text_of_every_script_and_emoji_are_welcome() {
    for text in [
        "Wanjirũ",
        "አበበ ቢቂላ",
        "محمد علي",
        "Ng'ang'a",
        "2 goats",
        "!",
        "👩‍🌾 shamba",
        "❤️",
        "1️⃣",
        "Anna\u{a0}K",
    ] {
        assert_eq!(line(text), Ok(composed(text)), "{text}");
    }
}

#[test]
fn both_forms_of_a_letter_are_stored_as_one() {
    assert_eq!(line("Wanjiru\u{303}"), line("Wanjir\u{169}"));
    assert_eq!(composed("e\u{301}"), "\u{e9}");
    // The length is that of the composed text.
    assert!(HumanText::line(&"e\u{301}".repeat(40), 1, 40).is_ok());
}

#[test]
fn marks_do_not_paint_over_other_lines() {
    assert_eq!(line(&format!("Z{}", "\u{34a}".repeat(5))), Err(TextError::Marks));
}

#[test]
fn lines_end_in_one_way() {
    let lines = HumanText::lines("one\r\ntwo\nthree", 1, 40).unwrap();
    assert_eq!(lines.as_str(), "one\ntwo\nthree");
    assert_eq!(HumanText::lines("one\rtwo", 1, 40), Err(TextError::Control));
    assert_eq!(line("one\ntwo"), Err(TextError::NotOneLine));
}

#[test]
fn a_name_is_no_address() {
    for text in ["A", "Soko la Wakulima", "Mboga & Co. Ltd.", "Duka (2), Mombasa", "J.K. Mwangi"] {
        assert!(HumanText::name(text, 60, NameOf::Organisation).is_ok(), "{text}");
    }
    for text in [
        "evil.example",
        "See evil.example now",
        "a@b",
        "http://a",
        "a/b",
        "a\\b",
        "evil。example",
        "evil．example",
    ] {
        assert_eq!(HumanText::name(text, 60, NameOf::Organisation), Err(TextError::Link), "{text}");
    }
}

#[test]
fn a_name_passes_for_nobody_that_people_trust() {
    let name = |text| HumanText::name(text, 60, NameOf::Person);
    for text in [
        "Amana",
        "AMANA",
        "Amana Support",
        "AmanaSupport",
        "A m a n a",
        "4mana",
        "Аmаnа",
        "Amaná",
        "amana24",
        "M-PESA",
        "M Pesa",
        "MPESA Kenya",
        "Safaricom PLC",
        "Ѕafaricоm",
        "SAFAR1COM",
        "Customer Care",
        "Support",
        "Ｓｕｐｐｏｒｔ",
        "super-admin",
    ] {
        assert!(matches!(name(text), Err(TextError::Reserved(_))), "{text}");
    }
    for text in
        ["Amani", "Venkata Ramana", "Tom Pesa", "Amanawa Oti", "Safari Combo", "Adminah", "Wanjirũ"]
    {
        assert!(name(text).is_ok(), "{text}: {:?}", name(text));
    }
    assert_eq!(name("..."), Err(TextError::Blank));
    assert!(HumanText::name("Youth Support Group", 60, NameOf::Organisation).is_ok());
    assert!(HumanText::name("Amana Butchers", 60, NameOf::Organisation).is_err());
}
