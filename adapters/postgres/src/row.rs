//! Rows are parsed on the way out, too: a stored value that the domain does not know is an error, not a guess.

use crate::error::Error;
use amana_domain::money::{Currency, Money};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

pub(crate) fn parse<T>(text: &str) -> Result<T, Error>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(Error::row)
}

/// Values by their key, each key's in the order in which they came.
pub(crate) fn grouped<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, Vec<V>> {
    let mut found: BTreeMap<K, Vec<V>> = BTreeMap::new();
    for (key, value) in pairs {
        found.entry(key).or_default().push(value);
    }
    found
}

pub(crate) fn money(minor: i64, currency: Currency) -> Result<Money, Error> {
    Money::new(minor, currency).map_err(Error::row)
}
