//! The CSV statement: RFC 4180, one transaction per row, exact decimal numbers.

use crate::words::{kind, words};
use crate::{DocumentError, StatementFile, time};
use amana_domain::transaction::{Reference, Transaction};
use chrono::{DateTime, Utc};
use csv::{Terminator, WriterBuilder};

const COLUMNS: usize = 11;

/// Without it, Excel on Windows assumes an old code page and shows `Wanjirũ` garbled.
const BYTE_ORDER_MARK: char = '\u{feff}';

type Row = [String; COLUMNS];

/// Quotes text that a spreadsheet would execute as a formula. Users wrote it.
fn said(text: &str) -> String {
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let is_control = text.starts_with(['\t', '\r', '\n']);
    if is_formula || is_control { format!("'{text}") } else { text.to_owned() }
}

fn reference(line: &Transaction) -> String {
    match line.reference {
        Some(Reference::Deal(id)) => id.to_string(),
        Some(Reference::Payment(id)) => id.to_string(),
        Some(Reference::Hold(id)) => id.to_string(),
        None => String::new(),
    }
}

fn header(file: &StatementFile) -> Row {
    let words = words(file.locale);
    [
        words.time,
        words.kind,
        words.counterparty,
        words.handle,
        words.note,
        words.category,
        words.reference,
        words.transaction,
        words.amount,
        words.balance,
        words.currency,
    ]
    .map(str::to_owned)
}

fn movement(file: &StatementFile, line: &Transaction) -> Row {
    let party = line.counterparty.as_ref();
    let handle = party.and_then(|party| party.handle.as_ref());
    [
        time::exact(line.at),
        kind(line.kind, file.locale).to_owned(),
        party.map(|party| said(&party.name)).unwrap_or_default(),
        handle.map(|handle| handle.as_str().to_owned()).unwrap_or_default(),
        line.note.as_deref().map(said).unwrap_or_default(),
        line.category.map(|category| category.to_string()).unwrap_or_default(),
        reference(line),
        line.id.to_string(),
        line.currency.decimal(line.amount_minor),
        line.currency.decimal(line.balance_after_minor),
        line.currency.to_string(),
    ]
}

/// Builds a row before or after the transactions: a balance or a total.
fn frame(
    file: &StatementFile,
    (at, what): (DateTime<Utc>, &str),
    (amount_minor, balance_minor): (Option<i64>, Option<i64>),
) -> Row {
    let currency = file.statement.currency;
    let number = |minor: Option<i64>| minor.map(|m| currency.decimal(m)).unwrap_or_default();
    let mut row = Row::default();
    let (time, kind) = (time::exact(at), what.to_owned());
    let ends = [number(amount_minor), number(balance_minor), currency.to_string()];
    for (cell, text) in row.iter_mut().zip([time, kind]) {
        *cell = text;
    }
    for (cell, text) in row.iter_mut().rev().zip(ends.into_iter().rev()) {
        *cell = text;
    }
    row
}

pub(crate) fn write(file: &StatementFile) -> Result<String, DocumentError> {
    let statement = &file.statement;
    let (words, ends, totals) = (words(file.locale), statement.ends, statement.totals()?);
    let (from, to) = (statement.period.from, statement.period.to);
    let mut sheet = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(vec![]);
    sheet.write_record(header(file))?;
    sheet.write_record(frame(file, (from, words.opening), (None, Some(ends.opening_minor))))?;
    for line in &statement.lines {
        sheet.write_record(movement(file, line))?;
    }
    let out_minor = totals.out_minor.saturating_neg();
    sheet.write_record(frame(file, (to, words.total_in), (Some(totals.in_minor), None)))?;
    sheet.write_record(frame(file, (to, words.total_out), (Some(out_minor), None)))?;
    sheet.write_record(frame(file, (to, words.closing), (None, Some(ends.closing_minor))))?;
    let bytes = sheet.into_inner().map_err(|e| csv::Error::from(e.into_error()))?;
    let text = String::from_utf8(bytes).map_err(|_| DocumentError::Encoding)?;
    Ok(format!("{BYTE_ORDER_MARK}{text}"))
}
