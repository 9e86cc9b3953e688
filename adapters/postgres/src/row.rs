//! Conversion of stored values. A value that is invalid in the domain is an error.

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

/// Groups values by key. The values of a key keep their order.
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
