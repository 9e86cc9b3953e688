use super::*;
use amana_domain::handle::Handle;
use amana_domain::id::{DealId, EntryId, UserId};
use amana_domain::ledger::EntryKind;
use amana_domain::money::Currency;
use amana_domain::statement::{Ends, Period};
use amana_domain::transaction::{Counterparty, Reference, Transaction};
use amana_domain::transfer::Category;
use proptest::prelude::*;
use std::collections::BTreeMap;
use uuid::Uuid;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn line(n: i64, amount_minor: i64, name: &str, note: &str) -> Transaction {
    let id = Uuid::from_u128(u128::try_from(n).unwrap());
    let handle = Some(Handle::parse("juma").unwrap());
    Transaction {
        id: EntryId::new(id),
        seq: n,
        kind: EntryKind::Transfer,
        at: at("2026-11-21T10:04:05.123456Z"),
        currency: Currency::Kes,
        amount_minor,
        balance_after_minor: 0,
        counterparty: Some(Counterparty { id: UserId::new(id), name: name.to_owned(), handle }),
        reference: Some(Reference::Deal(DealId::new(id))),
        note: Some(note.to_owned()),
        category: Some(Category::Food),
        metadata: BTreeMap::new(),
    }
}

fn file(locale: Locale, mut lines: Vec<Transaction>) -> StatementFile {
    let (opening_minor, mut closing_minor) = (5_000_000, 5_000_000);
    for line in &mut lines {
        closing_minor += line.amount_minor;
        line.balance_after_minor = closing_minor;
    }
    let statement = Statement {
        currency: Currency::Kes,
        period: Period { from: at("2026-10-31T21:00:00Z"), to: at("2026-11-30T21:00:00Z") },
        ends: Ends { opening_minor, closing_minor },
        lines,
    };
    let statement = statement.proven().unwrap();
    let (name, number) = ("Wanjirũ Ngũgĩ wa Thiong’o".to_owned(), "2547****5678".to_owned());
    let handle = Some(Handle::parse("wanjiru").unwrap());
    let holder = Holder { name, handle, number: Some(number) };
    StatementFile { statement, holder, locale, made_at: at("2026-12-01T05:00:00Z") }
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let records = reader.records().map(Result::unwrap);
    records.map(|record| record.iter().map(str::to_owned).collect()).collect()
}

#[test]
fn a_sheet_has_a_header_the_balances_the_movements_and_the_totals() {
    let text = file(Locale::English, vec![line(1, -150_007, "Juma, \"Otieno\"", "two\ngoats")]);
    let text = text.csv().unwrap();
    assert!(
        text.starts_with("\u{feff}Time,Type,Other party,") && text.ends_with(",48499.93,KES\r\n")
    );
    let rows = rows(&text);
    assert_eq!(rows[1][..2], ["2026-11-01T00:00:00.000000+03:00", "Opening balance"]);
    assert_eq!(rows[1][8..], ["", "50000.00", "KES"]);
    let id = "00000000000000000000000000000001";
    let expected = [
        "2026-11-21T13:04:05.123456+03:00",
        "Transfer",
        "Juma, \"Otieno\"",
        "juma",
        "two\ngoats",
        "food",
        &format!("deal_{id}"),
        &format!("ent_{id}"),
        "-1500.07",
        "48499.93",
        "KES",
    ];
    assert_eq!(rows[2], expected);
    let ends: Vec<_> = rows[3..].iter().map(|row| (row[1].as_str(), row[8].as_str())).collect();
    assert_eq!(ends, [("Total in", "0.00"), ("Total out", "-1500.07"), ("Closing balance", "")]);
}

#[test]
fn headings_follow_the_language() {
    let sheet = file(Locale::Swahili, vec![line(1, -100, "Juma", "asante")]).csv().unwrap();
    assert!(sheet.starts_with("\u{feff}Wakati,Aina,Mhusika mwingine,"), "{sheet}");
    assert!(sheet.contains("Salio la mwanzo") && sheet.contains("Uhamisho wa pesa"), "{sheet}");
}

/// A spreadsheet would execute a name like `=HYPERLINK(…)`.
#[test]
fn what_people_wrote_is_no_formula() {
    for evil in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r1", "＝1+1", "\n=1"] {
        let rows = rows(&file(Locale::English, vec![line(1, -100, evil, evil)]).csv().unwrap());
        assert_eq!((&rows[2][2], &rows[2][4]), (&format!("'{evil}"), &format!("'{evil}")));
        assert_eq!(rows[2][8], "-1.00", "amounts stay numbers");
    }
}

#[test]
fn a_file_is_named_by_its_currency_and_days() {
    let file = file(Locale::English, vec![]);
    assert_eq!(file.name(), "amana-statement-KES-2026-11-01-2026-11-30");
    assert_eq!(time::period(file.statement.period), "2026-11-01 – 2026-11-30");
    let to = at("2026-11-30T21:00:01Z");
    let odd = Period { to, ..file.statement.period };
    assert_eq!(time::period(odd), "2026-11-01 00:00:00 – 2026-12-01 00:00:01");
}

/// Counts the pages of a file.
fn pages(pdf: &[u8]) -> usize {
    pdf.windows(11).filter(|part| part == b"/Type /Page").count() - 1
}

#[test]
fn paper_has_as_many_pages_as_the_movements_need() {
    for (lines, expected) in [(0, 1), (1, 1), (23, 1), (60, 3), (10_000, 358)] {
        let all = (1..=lines).map(|n| line(n, -100, "Juma Otieno", "for the goats")).collect();
        let pdf = file(Locale::English, all).pdf().unwrap();
        assert!(pdf.starts_with(b"%PDF-") && pdf.ends_with(b"%%EOF"));
        assert_eq!(pages(&pdf), expected, "{lines} lines");
    }
}

/// Each script has a font of its own, so a name in another script makes the file larger.
#[test]
fn a_file_carries_only_the_faces_that_it_prints() {
    let pdf = |name| file(Locale::English, vec![line(1, -100, name, "")]).pdf().unwrap();
    let has = |pdf: &[u8], face: &str| pdf.windows(face.len()).any(|part| part == face.as_bytes());
    let (latin, ethiopic) = (pdf("Juma"), pdf("አበበ ቢቂላ"));
    assert!(!has(&latin, "NotoSansEthiopic") && has(&ethiopic, "NotoSansEthiopic"));
    assert!(!has(&ethiopic, "NotoSansVai") && !has(&ethiopic, "Condensed-Arabic"));
    assert!(latin.len() < 130_000 && ethiopic.len() < 240_000, "{}", ethiopic.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_breaks_a_file(name in any::<String>(), note in any::<String>(), minor in any::<i32>()) {
        let file = file(Locale::Swahili, vec![line(1, i64::from(minor), &name, &note)]);
        prop_assert!(file.pdf().unwrap().ends_with(b"%%EOF"));
        let rows = rows(&file.csv().unwrap());
        prop_assert_eq!(rows.len(), 6);
        prop_assert!(rows.iter().all(|row| row.len() == 11));
        prop_assert_eq!(rows[2][2].strip_prefix('\'').unwrap_or(&rows[2][2]), name.strip_prefix('\'').unwrap_or(&name));
    }
}
