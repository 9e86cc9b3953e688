//! The PDF statement: a summary, then the transactions, on as many pages as needed.

use crate::file::{self, HEIGHT, Leaf, WIDTH, resource};
use crate::font::Face;
use crate::line::{Fonts, Run, isolated};
use crate::words::{Words, kind, words};
use crate::{DocumentError, Holder, StatementFile, time};
use amana_domain::money::Currency;
use amana_domain::statement::Totals;
use amana_domain::transaction::Transaction;
use pdf_writer::{Content, Str};
use std::collections::BTreeSet;

const LEFT: f32 = 42.0;
const RIGHT: f32 = WIDTH - LEFT;
const TOP: f32 = HEIGHT - 54.0;
const BOTTOM: f32 = 62.0;
const FOOT: f32 = 36.0;

const WHAT_AT: f32 = LEFT + 92.0;
const AMOUNT_UNTIL: f32 = RIGHT - 98.0;
const WHAT_ROOM: f32 = AMOUNT_UNTIL - 84.0 - WHAT_AT;
/// The second line of a transaction may extend below the amounts.
const DETAIL_ROOM: f32 = RIGHT - WHAT_AT;
const LINE: f32 = 25.0;

#[derive(Clone, Copy)]
struct Style {
    face: Face,
    size: f32,
    gray: f32,
}

const TITLE: Style = Style { face: Face::Bold, size: 18.0, gray: 0.0 };
const HEAD: Style = Style { face: Face::Bold, size: 8.5, gray: 0.0 };
const BODY: Style = Style { face: Face::Regular, size: 8.5, gray: 0.0 };
const SMALL: Style = Style { face: Face::Regular, size: 7.0, gray: 0.4 };

/// The current page and the vertical position on it.
struct Page<'a> {
    leaf: Leaf,
    fonts: &'a Fonts,
    y: f32,
}

impl<'a> Page<'a> {
    fn new(fonts: &'a Fonts) -> Self {
        let leaf = Leaf { content: Content::new(), faces: BTreeSet::new() };
        Self { leaf, fonts, y: TOP }
    }

    fn print(&mut self, x: f32, style: Style, line: &[Run]) {
        let content = &mut self.leaf.content;
        content.begin_text().set_fill_gray(style.gray).next_line(x, self.y);
        for Run { face, glyphs } in line {
            let bytes: Vec<u8> = glyphs.iter().flat_map(|glyph| glyph.to_be_bytes()).collect();
            content.set_font(resource(*face), style.size).show(Str(&bytes));
            self.leaf.faces.insert(*face);
        }
        content.end_text();
    }

    fn left(&mut self, x: f32, style: Style, text: &str, room: f32) {
        let line = self.fonts.fitted(style.face, text, style.size, room);
        self.print(x, style, &line);
    }

    fn right(&mut self, until: f32, style: Style, text: &str) {
        let line = self.fonts.line(style.face, text);
        let x = until - self.fonts.width(&line, style.size);
        self.print(x, style, &line);
    }

    /// Draws a thin horizontal line.
    fn rule(&mut self, y: f32, gray: f32) {
        self.leaf.content.set_line_width(0.5).set_stroke_gray(gray);
        self.leaf.content.move_to(LEFT, y).line_to(RIGHT, y).stroke();
    }

    fn down(&mut self, by: f32) {
        self.y -= by;
    }

    fn columns(&mut self, words: &Words) {
        self.left(LEFT, HEAD, words.time, WHAT_AT - LEFT);
        self.left(WHAT_AT, HEAD, words.transaction, WHAT_ROOM);
        self.right(AMOUNT_UNTIL, HEAD, words.amount);
        self.right(RIGHT, HEAD, words.balance);
        self.rule(self.y - 5.0, 0.0);
        self.down(18.0);
    }
}

/// Formats `-1,500.00`: grouped, without the currency, which the summary names.
fn number(currency: Currency, minor: i64) -> String {
    let text = currency.decimal(minor);
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (major, cents) = digits.split_once('.').unwrap_or((digits, ""));
    let mut grouped = String::from(sign);
    for (n, digit) in major.chars().enumerate() {
        if n > 0 && major.len().saturating_sub(n).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if cents.is_empty() { grouped } else { format!("{grouped}.{cents}") }
}

/// Describes a transaction: `Transfer – Juma Otieno @juma`.
fn what(file: &StatementFile, line: &Transaction) -> String {
    let kind = kind(line.kind, file.locale);
    match &line.counterparty {
        Some(party) => {
            let handle = party.handle.as_ref().map(|handle| format!(" {handle}"));
            format!("{kind} – {}{}", isolated(&party.name), handle.unwrap_or_default())
        }
        None => kind.to_owned(),
    }
}

/// Describes the owner. Handle and masked number distinguish users with the same name.
fn holder(file: &StatementFile) -> String {
    let Holder { name, handle, number } = &file.holder;
    let handle = handle.as_ref().map(|handle| format!(" {handle}"));
    let number = number.as_ref().map(|number| format!(" · {number}"));
    format!("{}{}{}", isolated(name), handle.unwrap_or_default(), number.unwrap_or_default())
}

fn detail(line: &Transaction) -> String {
    match &line.note {
        Some(note) => format!("{} · {}", line.id, isolated(note)),
        None => line.id.to_string(),
    }
}

fn head(page: &mut Page<'_>, file: &StatementFile, totals: Totals, words: &Words) {
    let statement = &file.statement;
    page.left(LEFT, TITLE, words.title, RIGHT - LEFT);
    page.right(RIGHT, TITLE, "Amana");
    page.down(30.0);
    let facts = [
        (words.holder, holder(file)),
        (words.period, time::period(statement.period)),
        (words.currency, statement.currency.to_string()),
        (words.made, time::minute(file.made_at)),
    ];
    let ends = statement.ends;
    let sums = [
        (words.opening, ends.opening_minor),
        (words.total_in, totals.in_minor),
        (words.total_out, totals.out_minor.saturating_neg()),
        (words.closing, ends.closing_minor),
    ];
    for ((name, fact), (sum, minor)) in facts.into_iter().zip(sums) {
        page.left(LEFT, SMALL, name, 80.0);
        page.left(WHAT_AT, BODY, &fact, 215.0);
        page.left(WHAT_AT + 225.0, SMALL, sum, 90.0);
        page.right(
            RIGHT,
            if name == words.made { HEAD } else { BODY },
            &number(statement.currency, minor),
        );
        page.down(15.0);
    }
    page.down(14.0);
}

fn movement(page: &mut Page<'_>, file: &StatementFile, line: &Transaction) {
    page.left(LEFT, BODY, &time::minute(line.at), WHAT_AT - LEFT);
    page.left(WHAT_AT, BODY, &what(file, line), WHAT_ROOM);
    page.right(AMOUNT_UNTIL, BODY, &number(line.currency, line.amount_minor));
    page.right(RIGHT, BODY, &number(line.currency, line.balance_after_minor));
    page.down(10.0);
    page.left(WHAT_AT, SMALL, &detail(line), DETAIL_ROOM);
    page.rule(page.y - 4.5, 0.85);
    page.down(LINE - 10.0);
}

/// Prints the balance before the first or after the last transaction.
fn balance(page: &mut Page<'_>, currency: Currency, (name, minor): (&str, i64)) {
    page.left(WHAT_AT, HEAD, name, WHAT_ROOM);
    page.right(RIGHT, HEAD, &number(currency, minor));
    page.down(18.0);
}

fn foot(page: &mut Page<'_>, words: &Words, (nth, count): (usize, usize)) {
    page.y = FOOT;
    page.rule(FOOT + 12.0, 0.6);
    page.left(LEFT, SMALL, words.time_zone, 300.0);
    let number = format!("{} {nth} {} {count}", words.page, words.of);
    page.right(RIGHT, SMALL, &number);
}

pub(crate) fn write(file: &StatementFile) -> Result<Vec<u8>, DocumentError> {
    let (fonts, words, statement) = (Fonts::new()?, words(file.locale), &file.statement);
    let mut done = vec![];
    let mut page = Page::new(&fonts);
    head(&mut page, file, statement.totals()?, words);
    page.columns(words);
    balance(&mut page, statement.currency, (words.opening, statement.ends.opening_minor));
    if statement.lines.is_empty() {
        page.left(WHAT_AT, BODY, words.nothing, DETAIL_ROOM);
        page.down(LINE);
    }
    for line in &statement.lines {
        // Keeps the closing balance together with the last transaction.
        if page.y - LINE < BOTTOM {
            done.push(std::mem::replace(&mut page, Page::new(&fonts)));
            page.columns(words);
        }
        movement(&mut page, file, line);
    }
    balance(&mut page, statement.currency, (words.closing, statement.ends.closing_minor));
    done.push(page);
    let count = done.len();
    for (nth, page) in (1..).zip(&mut done) {
        foot(page, words, (nth, count));
    }
    let pages = done.into_iter().map(|page| page.leaf).collect();
    let title = format!("{} – {}", words.title, file.holder.name);
    file::write(&title, file.locale.as_str(), &fonts, pages)
}
