//! Whole numbers with limits, checked on parsing and stated in the document.

use super::{inline, single_value};
use amana_domain::api_key::{LIFE_DAYS_MAX, OVERLAP_MAX};
use amana_domain::deal::{COMMISSION_BPS_MAX, REVISIONS_MAX, TERM_MAX};
use amana_domain::fee::BASIS_POINTS_MAX;
use amana_domain::hold::HOURS_MAX;
use amana_domain::money::AMOUNT_MINOR_MAX;
use amana_postgres::PAGE_MAX;
use poem_openapi::registry::MetaSchema;
use poem_openapi::types::{ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::Value;
use std::borrow::Cow;

/// A whole number from `MIN` to `MAX`. Limits are below 2^53, so that every JSON parser can represent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole<const MIN: i64, const MAX: i64>(i64);

/// A positive amount in minor units.
pub(crate) type AmountMinor = Whole<1, AMOUNT_MINOR_MAX>;

/// A part of an amount, in minor units.
pub(crate) type PartMinor = Whole<0, AMOUNT_MINOR_MAX>;

/// A period of a deal in hours.
pub(crate) type Hours = Whole<1, { TERM_MAX.num_hours() }>;

/// The number of an offer within its deal.
pub(crate) type Revision = Whole<1, { REVISIONS_MAX as i64 }>;

/// A broker's commission in basis points (hundredths of a percent).
pub(crate) type CommissionBps = Whole<0, { COMMISSION_BPS_MAX as i64 }>;

/// A fee in basis points (hundredths of a percent).
pub(crate) type BasisPoints = Whole<0, { BASIS_POINTS_MAX as i64 }>;

/// An amount in minor units; may be zero.
pub(crate) type MinorOrNone = Whole<0, AMOUNT_MINOR_MAX>;

/// Number of units of an item.
pub(crate) type Quantity = Whole<1, 1_000_000>;

/// Duration of a hold in hours.
pub(crate) type HoldHours = Whole<1, HOURS_MAX>;

/// Lifetime of an API key's secret in days.
pub(crate) type LifeDays = Whole<1, LIFE_DAYS_MAX>;

/// Time in seconds for which the previous secret of an API key stays valid.
pub(crate) type OverlapSeconds = Whole<0, { OVERLAP_MAX.num_seconds() }>;

/// Seconds to advance a test clock: up to 366 days.
pub(crate) type Advance = Whole<1, 31_622_400>;

/// Maximum number of items per page.
pub(crate) type Limit = Whole<1, PAGE_MAX>;

impl<const MIN: i64, const MAX: i64> Whole<MIN, MAX> {
    /// # Errors
    /// The limits as text.
    pub(crate) fn new(value: i64) -> Result<Self, String> {
        if (MIN..=MAX).contains(&value) { Ok(Self(value)) } else { Err(Self::expected()) }
    }

    fn expected() -> String {
        format!("expected a whole number from {MIN} to {MAX}")
    }

    pub(crate) const fn get(self) -> i64 {
        self.0
    }

    /// Returns the number as `u32`, for limits that fit.
    pub(crate) fn get_u32(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }

    /// Returns the number as `u16`, for limits that fit.
    pub(crate) fn get_u16(self) -> u16 {
        u16::try_from(self.0).unwrap_or(u16::MAX)
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "bounds below 2^53 are exact"
)]
fn schema(min: i64, max: i64) -> MetaSchema {
    let (minimum, maximum) = (Some(min as f64), Some(max as f64));
    MetaSchema { minimum, maximum, ..MetaSchema::new_with_format("integer", "int64") }
}

single_value!(
    [const MIN: i64, const MAX: i64] Whole<MIN, MAX>,
    Cow::Borrowed("integer_int64"),
    inline(schema(MIN, MAX))
);

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let whole = value.as_i64().ok_or_else(|| D::Error::custom(Self::expected()))?;
        Self::new(whole).map_err(D::Error::custom)
    }
}

impl<const MIN: i64, const MAX: i64> ParseFromJSON for Whole<MIN, MAX> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let value =
            value.as_ref().and_then(Value::as_i64).ok_or_else(ParseError::expected_input)?;
        Self::new(value).map_err(ParseError::custom)
    }
}

impl<const MIN: i64, const MAX: i64> ParseFromParameter for Whole<MIN, MAX> {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        value.parse().map_err(|_| Self::expected()).and_then(Self::new).map_err(ParseError::custom)
    }
}

impl<const MIN: i64, const MAX: i64> ToJSON for Whole<MIN, MAX> {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.into())
    }
}
