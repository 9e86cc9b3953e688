//! Exports of the portal with their variations, and files that must be rejected.

use super::*;
use crate::amount::money;
use amana_domain::reconciliation::{Flow, Nature, Payer};
use proptest::prelude::*;

const HEAD: &str = "\u{feff}Organization Name:,Amana Ltd\r\nShort Code:,600123\r\n\
Time Period:,From 21-11-2026 00:00:00 To 22-11-2026 00:00:00\r\n\
Opening Balance:,100.00\r\nClosing Balance:,\"1,537.00\"\r\n\r\n";
const NAMES: &str = "Receipt No.,Completion Time,Initiation Time,Details,Transaction Status,Paid In,Withdrawn,\
Balance,Balance Confirmed,Reason Type,Other Party Info,Linked Transaction ID,A/C No.\r\n";
const ROWS: [&str; 4] = [
    "UKL7AAAAA3,21-11-2026 07:16:00,21-11-2026 07:15:59,\"Business Payment to Customer. Original conversation ID is \
pay_0f. Done\",Completed,,-60.00,\"1,537.00\",true,B2C,254708****49 - A B,,\r\n",
    "UKL7AAAAA2,2026-11-21 07:10:00,2026-11-21 07:09:00,Pay Bill from 254708****49,Failed,500.00,,,,,,,REF1\r\n",
    "ukl7aaaaa1,2026-11-21 07:00,2026-11-21 06:59,Pay Bill Charge,Completed,-,-23.00,\"1,597.00\",true,\
Pay Bill Charge,254708****49 - A B,,\r\n",
    "ukl7aaaaa1,2026-11-21 07:00,2026-11-21 06:59,Pay Bill from 254708****49 Acc. REF1,Completed,\"1,520.00\",-,\
\"1,620.00\",true,Pay Bill Online,254708****49 - A B,,REF1\r\n",
];
const TOTALS: &str = ",,,,,\"1,520.00\",-83.00\r\nTotal\r\n";

fn asked() -> Asked<'static> {
    let at = |text: &str| text.parse().unwrap();
    Asked { shortcode: "600123", from: at("2026-11-20T21:00:00Z"), to: at("2026-11-21T21:00:00Z") }
}

fn export() -> String {
    format!("{HEAD}{NAMES}{}{TOTALS}", ROWS.concat())
}

fn read(file: &str) -> Result<Vec<StatementLine>, StatementError> {
    parse_statement(file.as_bytes(), &asked()).map(|read| read.lines)
}

fn line(receipt: &str, at: &str, (flow, minor, balance): (Flow, i64, i64)) -> StatementLine {
    let (at, amount) = (at.parse().unwrap(), money(minor).unwrap());
    let (receipt, nature) = (receipt.into(), Nature::Payment);
    StatementLine {
        receipt,
        at,
        flow,
        nature,
        amount,
        reference: None,
        payer: None,
        balance_minor: Some(balance),
    }
}

/// Times without seconds and `-` for empty cells are accepted, in both orders of rows.
#[test]
fn an_export_is_read_as_it_is() {
    let out = line("UKL7AAAAA3", "2026-11-21T04:16:00Z", (Flow::Out, 6_000, 153_700));
    let charge = line("UKL7AAAAA1", "2026-11-21T04:00:00Z", (Flow::Out, 2_300, 159_700));
    let paid = line("UKL7AAAAA1", "2026-11-21T04:00:00Z", (Flow::In, 152_000, 162_000));
    let mut lines = vec![
        StatementLine { reference: Some("pay_0f".into()), ..out },
        StatementLine { nature: Nature::Charge, ..charge },
        StatementLine {
            reference: Some("REF1".into()),
            payer: Some(Payer::new("254708****49 - A B")),
            ..paid
        },
    ];
    assert_eq!(read(&export()), Ok(lines.clone()));
    let mut rows = ROWS;
    rows.reverse();
    lines.reverse();
    assert_eq!(read(&format!("{HEAD}{NAMES}{}", rows.concat())), Ok(lines));
}

#[test]
fn columns_are_found_by_name_and_may_be_few() {
    let few = "Withdrawn,Transaction Status,Receipt No.,Paid In,Balance,Completion Time\n\
               60,COMPLETED,UKL7AAAAA3,,40.00,21-11-2026 07:16:00\n";
    let head = HEAD.replace("\"1,537.00\"", "40.00");
    let out = line("UKL7AAAAA3", "2026-11-21T04:16:00Z", (Flow::Out, 6_000, 4_000));
    assert_eq!(read(&format!("{head}{few}")), Ok(vec![out]));
    let empty = HEAD.replace("\"1,537.00\"", "100.00");
    assert_eq!(read(&format!("{empty}{NAMES}")), Ok(vec![]));
}

fn refused(file: &str) -> (usize, String, &'static str) {
    let StatementError { row, column, why } = read(file).expect_err(file);
    (row, column, why)
}

#[test]
fn a_completed_row_that_cannot_be_read_spoils_the_statement() {
    for (from, to, column) in [
        ("21-11-2026 07:16:00,", "yesterday,", "Completion Time"),
        ("-60.00", "sixty", "Withdrawn"),
        ("-60.00", "-60.005", "Withdrawn"),
        (",,-60.00", ",60.00,-60.00", "Withdrawn"),
        (",,-60.00", ",-60.00,", "Paid In"),
        ("\"1,537.00\",true", "x,true", "Balance"),
        ("\"1,537.00\",true", ",true", "Balance"),
    ] {
        let file = export().replacen(from, to, 1);
        assert_ne!(file, export(), "{from}");
        let (row, named, _) = refused(&file);
        assert_eq!((row, named.as_str()), (8, column), "{to}");
    }
}

#[test]
fn a_truncated_statement_is_refused() {
    let whole = export();
    let [first, second, third, _] = ROWS;
    let rows = "does not follow from the previous balance: rows are missing or moved";
    // Cut after a row: the oldest row is missing, so the opening balance does not lead to the others.
    let cut = format!("{HEAD}{NAMES}{first}{second}{third}");
    assert_eq!(refused(&cut), (10, "Balance".to_owned(), rows));
    // Without the newest row.
    let cut = format!("{HEAD}{NAMES}{second}{third}{}", ROWS[3]);
    let newest = "is not the balance of the newest row: rows are missing";
    assert_eq!(refused(&cut), (5, "Closing Balance".to_owned(), newest));
    // Cut at any other place, up to the end of the last row.
    let end = whole.len() - TOTALS.len();
    for at in (0..end).filter(|at| whole.is_char_boundary(*at)) {
        assert!(read(&whole[..at]).is_err(), "{at}: {}", &whole[..at]);
    }
}

/// A parser that let one unclosed quote hide all rows made paid payments count as failed.
#[test]
fn an_unclosed_statement_is_refused() {
    let (open, behind) = ("the quote is not closed", "there is text after the closing quote");
    for (from, to, row, column, why) in [
        ("Done\",", "Done,", 8, "column 4", behind),
        ("\"1,537.00\",true", "\"1,537.00,true", 8, "column 8", open),
        ("\"1,597.00\",true", "\"1597.00,true", 10, "column 8", open),
        ("ukl7aaaaa1", "\"ukl7aaaaa1", 10, "column 1", behind),
        ("UKL7AAAAA2", "\"UKL7AAAAA2", 9, "column 1", open),
        ("Amana Ltd", "\"Amana Ltd", 1, "column 2", open),
    ] {
        let file = export().replacen(from, to, 1);
        assert_ne!(file, export(), "{from}");
        assert_eq!(refused(&file), (row, column.to_owned(), why), "{to}");
    }
}

#[test]
fn a_reordered_statement_is_refused() {
    let [first, second, third, fourth] = ROWS;
    for rows in [[third, second, first, fourth], [first, second, fourth, third]] {
        let (row, column, _) = refused(&format!("{HEAD}{NAMES}{}", rows.concat()));
        assert!((8..=11).contains(&row) && column == "Balance", "row {row}, {column}");
    }
}

#[test]
fn a_foreign_statement_is_refused() {
    for (from, to, row, column) in [
        ("600123", "600124", 2, "Short Code"),
        ("Short Code:,600123\r\n", "", 4, "Short Code"),
        ("To 22-11", "To 21-11", 3, "Time Period"),
        ("From 21-11", "From 22-11", 3, "Time Period"),
        ("From 21-11-2026 00:00:00 To 22-11-2026 00:00:00", "today", 3, "Time Period"),
        ("Opening Balance:,100.00", "Opening Balance:,101.00", 11, "Balance"),
        ("Closing Balance:,\"1,537.00\"", "Closing Balance:,1.00", 5, "Closing Balance"),
        ("Closing Balance:", "Closed:", 5, "Closing Balance"),
    ] {
        let file = export().replacen(from, to, 1);
        assert_ne!(file, export(), "{from}");
        let (at, named, _) = refused(&file);
        assert_eq!((at, named.as_str()), (row, column), "{to}");
    }
}

#[test]
fn a_row_of_another_width_is_refused() {
    let narrow = export().replacen(",254708****49 - A B,,\r\n", "\r\n", 1);
    let why = "the row has not as many cells as the header";
    assert_eq!(refused(&narrow), (8, "column 11".to_owned(), why));
    let wide = export().replacen("REF1\r\n", "REF1,\r\n", 1);
    assert_eq!(refused(&wide), (9, "column 14".to_owned(), why));
    let below = format!("{}{}", export(), ROWS[0]);
    assert_eq!(refused(&below).1, "Receipt No.");
}

#[test]
fn charges_and_settlements_are_told_by_their_reason_and_not_by_names() {
    for (reason, nature) in [
        ("Pay Bill Charge", Nature::Charge),
        ("Business Charges", Nature::Charge),
        ("Organization Settlement to Bank", Nature::Settlement),
        ("Organization Settle to Bank", Nature::Settlement),
        ("Business Payment to Customer via API", Nature::Payment),
        ("Business Payment to CHARGE LTD", Nature::Payment),
    ] {
        let file = export().replacen(",B2C,", &format!(",{reason},"), 1);
        assert_eq!(read(&file).unwrap()[0].nature, nature, "{reason}");
    }
}

#[test]
fn a_file_without_the_columns_is_no_statement() {
    for file in
        ["", "Receipt No.,Completion Time\n", "<html><body>log in</body></html>", "\u{feff}"]
    {
        let (row, column, _) = refused(file);
        assert_eq!((row, column.as_str()), (1, "Receipt No."), "{file}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(
        noise in prop::collection::vec(any::<u8>(), 0..300),
        changes in prop::collection::vec((0..1_000_usize, any::<u8>()), 0..6),
    ) {
        let _ = parse_statement(&noise, &asked());
        let mut bytes = export().into_bytes();
        for (at, byte) in changes {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        let _ = parse_statement(&bytes, &asked());
    }
}
