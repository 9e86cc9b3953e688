//! A parameter with several values, repeated or separated by commas.

use super::text::{Text, Wire};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseError, ParseFromParameter, ParseResult, Type};
use std::borrow::Cow;

const VALUES_MAX: usize = 50;

#[derive(Debug, Clone)]
pub(crate) struct AnyOf<T>(pub(crate) Vec<T>);

impl<T: Text> Type for AnyOf<T> {
    const IS_REQUIRED: bool = false;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        format!("any_of_{}", T::NAME).into()
    }

    fn schema_ref() -> MetaSchemaRef {
        super::inline(MetaSchema {
            items: Some(Box::new(Wire::<T>::schema_ref())),
            max_items: Some(VALUES_MAX),
            ..MetaSchema::new("array")
        })
    }

    fn register(registry: &mut Registry) {
        Wire::<T>::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl<T: Text> ParseFromParameter for AnyOf<T> {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        Self::parse_from_parameters([value])
    }

    fn parse_from_parameters<I: IntoIterator<Item = A>, A: AsRef<str>>(
        values: I,
    ) -> ParseResult<Self> {
        let mut found = vec![];
        for value in values {
            for part in value.as_ref().split(',') {
                found.push(T::parse(part).map_err(ParseError::custom)?);
                if found.len() > VALUES_MAX {
                    return Err(ParseError::custom(format!(
                        "expected at most {VALUES_MAX} values"
                    )));
                }
            }
        }
        Ok(Self(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use amana_domain::ledger::EntryKind::{self, Deposit, Fund, Transfer};

    #[test]
    fn values_come_one_by_one_or_separated_by_commas() {
        let read = |values: &[&str]| {
            AnyOf::<EntryKind>::parse_from_parameters(values).ok().map(|AnyOf(kinds)| kinds)
        };
        assert_eq!(read(&[]), Some(vec![]));
        assert_eq!(read(&["deposit,fund", "transfer"]), Some(vec![Deposit, Fund, Transfer]));
        for wrong in [&[""][..], &["gift"], &["deposit,"], &["deposit", "x"], &["fund,"; 51]] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
        assert_eq!(read(&[&["fund"; 51].join(",")]), None);
    }
}
