//! Pagination with stable order and cursors.

use crate::problem::ApiError;
use crate::wire::{Limit, Nullable, inline, single_value};
use amana_domain::id::{DisputeId, KycId};
use amana_postgres::{DisputePlace, Page, ReviewPlace, StatementPlace};
use poem_openapi::Object;
use poem_openapi::registry::MetaSchema;
use poem_openapi::types::{
    ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type,
};
use std::borrow::Cow;
use std::fmt::{self, Display};
use std::str::FromStr;

const LIMIT_DEFAULT: i64 = 20;
const CURSOR_BYTES_MAX: usize = 100;

/// End of a page. Clients return it unchanged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<T>(pub(crate) T);

/// A position in a list, as written in cursors.
pub(crate) trait Place: FromStr + Send + Sync {
    /// Returns a regular expression for the whole text, in JSON Schema syntax.
    fn pattern() -> String;

    /// Checks the format: unlike `FromStr`, rejects signs and long numbers.
    fn is_form(text: &str) -> bool {
        !text.contains(['+', '-']) && text.split('.').all(is_short_number_or_id)
    }
}

fn is_short_number_or_id(part: &str) -> bool {
    !part.bytes().all(|b| b.is_ascii_digit()) || part.len() <= NUMBER_DIGITS_MAX
}

const NUMBER_DIGITS_MAX: usize = 19;

impl Place for i64 {
    fn pattern() -> String {
        format!("^[0-9]{{1,{NUMBER_DIGITS_MAX}}}$")
    }
}

impl Place for u32 {
    fn pattern() -> String {
        "^[0-9]{1,9}$".to_owned()
    }

    fn is_form(text: &str) -> bool {
        text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit())
    }
}

/// A provider's receipt.
impl Place for String {
    fn pattern() -> String {
        "^[!-~]+$".to_owned()
    }

    fn is_form(text: &str) -> bool {
        !text.is_empty()
    }
}

impl Place for LinePlace {
    fn pattern() -> String {
        format!("^[0-9]{{1,{NUMBER_DIGITS_MAX}}}\\.[0-9]{{1,{NUMBER_DIGITS_MAX}}}$")
    }
}

/// Returns the pattern of a time in microseconds and an id.
fn moment_and_id(prefix: &str) -> String {
    format!("^[0-9]{{1,15}}\\.{prefix}_[0-9a-f]{{32}}$")
}

impl Place for ReviewPlace {
    fn pattern() -> String {
        moment_and_id(KycId::PREFIX)
    }
}

impl Place for DisputePlace {
    fn pattern() -> String {
        moment_and_id(DisputeId::PREFIX)
    }
}

fn schema<T: Place>() -> MetaSchema {
    MetaSchema {
        max_length: Some(CURSOR_BYTES_MAX),
        pattern: Some(T::pattern()),
        ..MetaSchema::new("string")
    }
}

single_value!([T: Place] Cursor<T>, Cow::Owned(format!("cursor_{}", T::pattern())), inline(schema::<T>()));

impl<T: Place> ParseFromParameter for Cursor<T> {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        let known = value.len() <= CURSOR_BYTES_MAX
            && value.bytes().all(|b| b.is_ascii_graphic())
            && T::is_form(value);
        let parsed = if known { value.parse().ok() } else { None };
        parsed.map(Self).ok_or_else(|| ParseError::custom("expected a `next_cursor` of this list"))
    }
}

/// Returns the `limit` parameter or the default page size.
pub(crate) fn limit(asked: Option<Limit>) -> i64 {
    asked.map_or(LIMIT_DEFAULT, Limit::get)
}

/// One page of a list.
#[derive(Debug, Object)]
pub(crate) struct PageOf<T: Type + ParseFromJSON + ToJSON> {
    pub(crate) items: Vec<T>,
    /// Value of `after` for the next page; `null` on the last page.
    pub(crate) next_cursor: Nullable<String>,
}

impl<T: Type + ParseFromJSON + ToJSON> PageOf<T> {
    /// `cursor` returns the position of a row in the list.
    pub(crate) fn of<R, C: Display>(
        page: Page<R>,
        cursor: impl Fn(&R) -> C,
        item: impl FnMut(R) -> T,
    ) -> Self {
        let next = next(&page, cursor);
        Self { items: page.items.into_iter().map(item).collect(), next_cursor: Nullable::of(next) }
    }

    /// Like [`PageOf::of`], for rows that may be unreadable.
    pub(crate) fn try_of<R, C: Display>(
        page: Page<R>,
        cursor: impl Fn(&R) -> C,
        item: impl FnMut(R) -> Result<T, ApiError>,
    ) -> Result<Self, ApiError> {
        let next = next(&page, cursor);
        let items = page.items.into_iter().map(item).collect::<Result<_, _>>()?;
        Ok(Self { items, next_cursor: Nullable::of(next) })
    }
}

fn next<R, C: Display>(page: &Page<R>, cursor: impl Fn(&R) -> C) -> Option<String> {
    page.items.last().filter(|_| page.more).map(|row| cursor(row).to_string())
}

/// Position of a statement line: its number, and the number of the statement's last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinePlace {
    pub(crate) seq: i64,
    pub(crate) last_seq: i64,
}

impl From<LinePlace> for StatementPlace {
    fn from(place: LinePlace) -> Self {
        Self { seq: place.seq, last_seq: place.last_seq }
    }
}

impl Display for LinePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.seq, self.last_seq)
    }
}

impl FromStr for LinePlace {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (seq, last_seq) = text.split_once('.').ok_or(())?;
        Ok(Self { seq: seq.parse().map_err(drop)?, last_seq: last_seq.parse().map_err(drop)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_is_one() {
        let place = LinePlace { seq: 7, last_seq: 20 };
        assert_eq!(place.to_string().parse(), Ok(place));
        for text in ["", "1", "7.", "7.x", &"9".repeat(101), "a\u{0}b"] {
            assert!(Cursor::<LinePlace>::parse_from_parameter(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_a_page_that_goes_on_has_a_cursor() {
        let page = |more| {
            let page = Page { items: vec![1i64, 2], more };
            PageOf::<i64>::of(page, |n| *n, |n| n).to_json().unwrap()
        };
        assert_eq!(page(true), json!({ "items": [1, 2], "next_cursor": "2" }));
        assert_eq!(page(false), json!({ "items": [1, 2], "next_cursor": null }));
    }
}
