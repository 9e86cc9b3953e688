//! What a seller shows to have delivered, in detail.

use super::milestone::Proof;
use crate::code::Code;
use crate::id::DocumentId;
use chrono::TimeDelta;

/// How many files are handed in for one milestone, over all its deliveries.
pub const DELIVERY_FILES_MAX: i64 = 20;

/// How often a hand-over code is tried within [`HAND_OVER_PERIOD`], the right one included: who guesses is right
/// once in 200,000 hours.
pub const HAND_OVER_TRIES_MAX: i16 = 5;
pub const HAND_OVER_PERIOD: TimeDelta = TimeDelta::hours(1);

pub const CARRIER_CHARS_MAX: usize = 60;
pub const TRACKING_CHARS_MAX: usize = 60;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// A carrier, and its number for the parcel.
    Tracking { carrier: String, number: String },
    /// What was handed in for this milestone before.
    Files(Vec<DocumentId>),
    /// The code that the buyer told.
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
