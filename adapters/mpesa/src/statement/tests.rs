//! Exports as the portal writes them, with their variations.

use super::*;
use proptest::prelude::*;

const EXPORT: &str = "\u{feff}Organization Name:,Amana Ltd\r\nShort Code:,600123\r\n\r\n\
Receipt No.,Completion Time,Initiation Time,Details,Transaction Status,Paid In,Withdrawn,Balance,Balance Confirmed,Reason Type,Other Party Info,Linked Transaction ID,A/C No.\r\n\
UKL7AAAAA3,21-11-2026 07:16:00,21-11-2026 07:15:59,\"Business Payment to Customer. Original conversation ID is pay_0f. Done\",Completed,,-60.00,\"1,460.00\",true,B2C,254708****49 - A B,,\r\n\
UKL7AAAAA2,2026-11-21 07:10:00,2026-11-21 07:09:00,Pay Bill from 254708****49,Failed,500.00,,,,,,,REF1\r\n\
ukl7aaaaa1,2026-11-21 07:00:00,2026-11-21 06:59:00,Pay Bill from 254708****49 Acc. REF1,Completed,\"1,520.00\",0.00,\"1,520.00\",true,Pay Bill Online,254708****49 - A B,,REF1\r\n\
,,,,,\"1,520.00\",-60.00\r\nTotal\r\n";

fn line(receipt: &str, at: &str, (flow, minor): (Flow, i64)) -> StatementLine {
    let (at, amount) = (at.parse().unwrap(), money(minor).unwrap());
    let receipt = receipt.into();
    StatementLine { receipt, at, flow, amount, reference: None, balance_minor: None }
}

#[test]
fn an_export_is_read_as_it_is() {
    let out = line("UKL7AAAAA3", "2026-11-21T04:16:00Z", (Flow::Out, 6_000));
    let paid = line("UKL7AAAAA1", "2026-11-21T04:00:00Z", (Flow::In, 152_000));
    let lines = vec![
        StatementLine { reference: Some("pay_0f".into()), balance_minor: Some(146_000), ..out },
        StatementLine { reference: Some("REF1".into()), balance_minor: Some(152_000), ..paid },
    ];
    assert_eq!(parse_statement(EXPORT.as_bytes()), Ok(Statement { lines }));
}

#[test]
fn columns_are_found_by_name_and_may_be_few() {
    let few = "Withdrawn,Transaction Status,Receipt No.,Paid In,Completion Time\n\
               60,COMPLETED,UKL7AAAAA3,,21-11-2026 07:16:00\n";
    let out = line("UKL7AAAAA3", "2026-11-21T04:16:00Z", (Flow::Out, 6_000));
    assert_eq!(parse_statement(few.as_bytes()), Ok(Statement { lines: vec![out] }));
}

#[test]
fn a_completed_line_that_cannot_be_read_spoils_the_statement() {
    for (from, to, what) in [
        ("21-11-2026 07:16:00", "yesterday", "completion time"),
        ("-60.00", "sixty", "amount withdrawn"),
        ("-60.00", "-60.005", "amount withdrawn"),
        (",,-60.00", ",60.00,-60.00", "direction"),
        (",,-60.00", ",-60.00,", "amount"),
        ("\"1,460.00\"", "x", "balance"),
    ] {
        let file = EXPORT.replace(from, to);
        assert_ne!(file, EXPORT, "{from}");
        let read = parse_statement(file.as_bytes());
        assert_eq!(read, Err(StatementError::Entry { entry: 1, what }), "{to}");
    }
}

#[test]
fn a_file_without_the_columns_is_no_statement() {
    for file in
        ["", "Receipt No.,Completion Time\n", "<html><body>log in</body></html>", "\u{feff}"]
    {
        assert_eq!(parse_statement(file.as_bytes()), Err(StatementError::NoHeader), "{file}");
    }
    let empty = "Receipt No.,Completion Time,Transaction Status,Paid In,Withdrawn\n";
    assert_eq!(parse_statement(empty.as_bytes()), Ok(Statement { lines: vec![] }));
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(
        noise in prop::collection::vec(any::<u8>(), 0..300),
        changes in prop::collection::vec((0..EXPORT.len(), any::<u8>()), 0..6),
    ) {
        let _ = parse_statement(&noise);
        let mut bytes = EXPORT.as_bytes().to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        let _ = parse_statement(&bytes);
    }
}
