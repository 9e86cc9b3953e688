//! Checks of ranges. A reversed range is rejected, because an empty list would look like missing data.

use crate::problem::{ApiError, Code};
use crate::wire::AmountMinor;
use chrono::{DateTime, Utc};

/// # Errors
/// `invalid_parameter` at `to`.
pub(crate) fn in_order(
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
) -> Result<(), ApiError> {
    match from.zip(to) {
        Some((from, to)) if from >= to => {
            Err(ApiError::new(Code::InvalidParameter, "`to` must be after `from`")
                .at("to", "expected a time after `from`"))
        }
        Some(_) | None => Ok(()),
    }
}

/// # Errors
/// `invalid_parameter` at `amount_max`.
pub(crate) fn amounts_in_order(
    min: Option<&AmountMinor>,
    max: Option<&AmountMinor>,
) -> Result<(), ApiError> {
    match min.zip(max) {
        Some((min, max)) if min.get() > max.get() => {
            Err(ApiError::new(Code::InvalidParameter, "`amount_max` must be at least `amount_min`")
                .at("amount_max", "expected at least `amount_min`"))
        }
        Some(_) | None => Ok(()),
    }
}
