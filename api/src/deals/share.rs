//! The seller's share in a request: an amount or a percentage.

use crate::problem::ApiError;
use crate::wire::{NonNegativeMoney, Wire};
use amana_domain::deal::{Percent, Share};

/// Requires exactly one of the two.
pub(crate) fn share(
    to_seller: Option<&NonNegativeMoney>,
    percent: Option<Wire<Percent>>,
) -> Result<Share, ApiError> {
    match (to_seller, percent) {
        (Some(money), None) => Ok(Share::Exactly(money.money()?)),
        (None, Some(Wire(percent))) => Ok(Share::Percent(percent)),
        (None, None) | (Some(_), Some(_)) => {
            Err(ApiError::field("", "expected either to_seller or seller_percent"))
        }
    }
}
