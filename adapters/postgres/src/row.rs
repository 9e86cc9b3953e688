//! Rows are parsed on the way out, too: a stored value that the domain does not know is an error, not a guess.

use crate::error::Error;
use amana_domain::money::{Currency, Money};
use std::fmt::Display;
use std::str::FromStr;

pub(crate) fn parse<T>(text: &str) -> Result<T, Error>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(Error::row)
}

pub(crate) fn money(minor: i64, currency: Currency) -> Result<Money, Error> {
    Money::new(minor, currency).map_err(Error::row)
}
