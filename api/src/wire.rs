//! JSON and OpenAPI representation of domain types.

mod human;
mod list;
mod money;
mod number;
mod proof;
mod text;
mod time;
mod values;

pub(crate) use human::{
    ApiKeyName, CarrierName, DealReference, Description, Message, Note, OrganisationName,
    PersonName, Receipt, SearchText, TierName, Title, TrackingNumber, Words,
};
pub(crate) use list::AnyOf;
pub(crate) use money::{Money, NonNegativeMoney, PositiveMoney};
pub(crate) use number::{
    Advance, AmountMinor, BasisPoints, CommissionBps, HoldHours, Hours, LifeDays, Limit,
    MinorOrNone, OverlapSeconds, Quantity, Revision,
};
pub(crate) use text::{Text, Wire, text_values};
pub(crate) use time::{DayOrMoment, Moment};
pub(crate) use values::{Email, Key, NewPassword, Phone, Secret};

use chrono::{DateTime, SecondsFormat, Utc};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type};
use serde_json::Value;
use std::borrow::Cow;

/// Implements the methods of poem's `Type` that are equal for all single values.
macro_rules! single_value {
    ([$($generics:tt)*] $ty:ty, $name:expr, $schema:expr) => {
        $crate::wire::single_value!([$($generics)*] $ty, $name, $schema, |_registry| ());
    };
    ([$($generics:tt)*] $ty:ty, $name:expr, $schema:expr, |$registry:ident| $register:expr) => {
        impl<$($generics)*> poem_openapi::types::Type for $ty {
            const IS_REQUIRED: bool = true;
            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> std::borrow::Cow<'static, str> {
                $name
            }

            fn schema_ref() -> poem_openapi::registry::MetaSchemaRef {
                $schema
            }

            fn register($registry: &mut poem_openapi::registry::Registry) {
                $register
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }
    };
}
pub(crate) use single_value;

pub(crate) fn inline(schema: MetaSchema) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(schema))
}

/// A time, written in UTC with `Z`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timestamp(DateTime<Utc>);

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at)
    }
}

single_value!([] Timestamp, Cow::Borrowed("string_date-time"), inline(MetaSchema::new_with_format("string", "date-time")));

impl ToJSON for Timestamp {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.to_rfc3339_opts(SecondsFormat::Millis, true).into())
    }
}

impl ParseFromJSON for Timestamp {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let text = value.as_ref().and_then(Value::as_str).ok_or_else(ParseError::expected_input)?;
        Ok(Self(text.parse()?))
    }
}

/// A member that is always present and may be `null`; a plain `Option` would be documented as never null.
#[derive(Debug, Clone)]
pub(crate) struct Nullable<T>(Option<T>);

impl<T> Nullable<T> {
    pub(crate) fn of(value: Option<impl Into<T>>) -> Self {
        Self(value.map(Into::into))
    }

    pub(crate) const fn none() -> Self {
        Self(None)
    }
}

single_value!(
    [T: Type] Nullable<T>,
    format!("nullable_{}", T::name()).into(),
    T::schema_ref().merge(MetaSchema { nullable: true, ..MetaSchema::ANY }),
    |registry| T::register(registry)
);

impl<T: ToJSON> ToJSON for Nullable<T> {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.as_ref().and_then(ToJSON::to_json).unwrap_or(Value::Null))
    }
}

impl<T: ParseFromJSON> ParseFromJSON for Nullable<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        match value {
            None | Some(Value::Null) => Ok(Self(None)),
            some => T::parse_from_json(some).map(|v| Self(Some(v))).map_err(ParseError::propagate),
        }
    }
}

/// Registers the schema of `T` by name, so that it is described once and referenced.
pub(crate) fn register_named<T: Type>(registry: &mut Registry, name: &str, schema: MetaSchema) {
    registry.create_schema::<T, _>(name.to_owned(), |_| schema);
}

#[cfg(test)]
mod tests;
