//! Delivery proofs that a seller submits.

use super::milestone::Proof;
use crate::code::Code;
use crate::id::DocumentId;
use chrono::TimeDelta;

/// Maximum number of files per milestone, over all of its deliveries.
pub const DELIVERY_FILES_MAX: i64 = 20;

/// Maximum number of tries of a hand-over code within [`HAND_OVER_PERIOD`], including the correct one. Guessing
/// succeeds once in 200,000 hours.
pub const HAND_OVER_TRIES_MAX: i16 = 5;
pub const HAND_OVER_PERIOD: TimeDelta = TimeDelta::hours(1);

pub const CARRIER_CHARS_MAX: usize = 60;
pub const TRACKING_CHARS_MAX: usize = 60;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// A carrier and its tracking number.
    Tracking { carrier: String, number: String },
    /// Files that were uploaded for this milestone before.
    Files(Vec<DocumentId>),
    /// The code that the buyer gave the seller.
    HandOver(Code),
}

impl Shown {
    #[must_use]
    pub const fn proof(&self) -> Proof {
        match self {
            Shown::Tracking { .. } => Proof::Tracking,
            Shown::Files(_) => Proof::Files,
            Shown::HandOver(_) => Proof::HandOver,
        }
    }
}
