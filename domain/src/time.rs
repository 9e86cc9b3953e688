//! The time of the market.

use chrono::FixedOffset;

/// East Africa Time, all year round: days of limits and statements begin by it, and M-Pesa knows no other.
pub const EAT: FixedOffset = match FixedOffset::east_opt(3 * 60 * 60) {
    Some(offset) => offset,
    None => panic!("three hours are a valid offset"),
};
