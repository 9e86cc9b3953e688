//! The time zone of the market.

use chrono::FixedOffset;

/// East Africa Time (UTC+3), without daylight saving. Days of limits and statements use it, and so does M-Pesa.
pub const EAT: FixedOffset = match FixedOffset::east_opt(3 * 60 * 60) {
    Some(offset) => offset,
    None => panic!("three hours are a valid offset"),
};
