use super::*;
use amana_domain::id::DealId;
use amana_domain::money::Currency;
use serde_json::json;

fn phone(text: &str) -> Option<String> {
    Phone::parse(text).ok().map(|phone| phone.0.as_str().to_owned())
}

#[test]
fn phones_are_read_as_people_write_them() {
    for text in [
        "+254712345678",
        "254712345678",
        "0712345678",
        "0712 345 678",
        "+254 712-345-678",
        " 0712345678 ",
        "712345678",
    ] {
        assert_eq!(phone(text).as_deref(), Some("254712345678"), "{text}");
    }
    assert_eq!(phone("0110345678").as_deref(), Some("254110345678"));
    assert_eq!(phone("+255754123456").as_deref(), Some("255754123456"));
}

#[test]
fn other_numbers_than_mobile_ones_are_rejected() {
    for text in [
        "",
        "0",
        "12345",
        "hello",
        "07123456789",
        "0202222222",
        "+254",
        "+1",
        "254254712345678",
        "071234567\u{0}",
        &"7".repeat(500),
    ] {
        assert_eq!(phone(text), None, "{text}");
    }
}

#[test]
fn a_phone_goes_out_masked() {
    let phone = Wire(Phone::parse("0712345678").unwrap());
    assert_eq!(phone.to_json(), Some(json!("2547****5678")));
}

#[test]
fn emails_are_lower_case_and_plain() {
    assert_eq!(Email::parse(" Amina.K+x@Example.co.KE ").unwrap().0, "amina.k+x@example.co.ke");
    for text in [
        "",
        "amina",
        "amina@",
        "@example.com",
        "amina@example",
        "a b@example.com",
        "a..b@example.com",
        ".a@example.com",
        "a@-example.com",
        "a@example..com",
        "a@b@example.com",
        "a\r\nbcc:x@example.com",
        "a\u{0}@example.com",
        &format!("{}@example.com", "a".repeat(65)),
        &format!("a@{}.com", "b".repeat(64)),
    ] {
        assert!(Email::parse(text).is_err(), "{text}");
    }
}

#[test]
fn lines_are_trimmed_and_bounded() {
    assert_eq!(Title::parse("  A bicycle ").unwrap().0, "A bicycle");
    for text in ["", "   ", "a\nb", "a\u{0}b", &"x".repeat(121)] {
        assert!(Title::parse(text).is_err(), "{text}");
    }
    assert!(Title::parse(&"é".repeat(120)).is_ok());
}

#[test]
fn keys_are_visible_ascii() {
    for (text, good) in
        [("k", true), (&*"k".repeat(128), true), ("", false), (&*"k".repeat(129), false)]
    {
        assert_eq!(Key::parse(text).is_ok(), good, "{text}");
    }
    assert!(Key::parse("a b").is_err());
    assert!(Key::parse("ä").is_err());
}

#[test]
fn amounts_are_whole_positive_and_bounded() {
    let read = |amount: Value| {
        serde_json::from_value::<PositiveMoney>(json!({ "amount": amount, "currency": "KES" }))
            .is_ok()
    };
    assert!(read(json!(1)));
    assert!(read(json!(1_000_000_000_000_000i64)));
    for bad in [
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1.0),
        json!("100"),
        json!(1_000_000_000_000_001i64),
        json!(u64::MAX),
        json!(1e300),
        json!(null),
        json!(true),
    ] {
        assert!(!read(bad.clone()), "{bad}");
    }
}

#[test]
fn money_goes_out_as_minor_units_and_currency() {
    let money = Money::minor(-150_000, Currency::Kes);
    assert_eq!(money.to_json(), Some(json!({ "amount": -150_000, "currency": "KES" })));
}

#[test]
fn ids_and_closed_sets_read_back() {
    let id = "deal_00000000000000000000000000000007";
    assert_eq!(DealId::parse(id).unwrap().text(), id);
    assert!(DealId::parse("pay_00000000000000000000000000000007").is_err());
    assert_eq!(Currency::parse("KES"), Ok(Currency::Kes));
    let error = Currency::parse("XXX").unwrap_err();
    assert!(error.starts_with("expected one of: KES, TZS"), "{error}");
}

#[test]
fn times_end_with_z_and_absent_members_are_null() {
    let at: DateTime<Utc> = "2026-11-21T07:00:00.123456Z".parse().unwrap();
    assert_eq!(Timestamp::from(at).to_json(), Some(json!("2026-11-21T07:00:00.123Z")));
    assert_eq!(Nullable::<Timestamp>(None).to_json(), Some(Value::Null));
}
