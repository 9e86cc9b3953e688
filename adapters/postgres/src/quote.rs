//! What a call would do, without doing it.

use crate::people::PersonView;
use amana_domain::limits::{Limits, Usage};
use amana_domain::money::Money;

/// What limits leave room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    pub transaction_minor_max: i64,
    /// Of the day, after the call.
    pub day_left_minor: i64,
}

impl Allowance {
    pub(crate) fn after(limits: &Limits, usage: Usage) -> Self {
        Self {
            transaction_minor_max: limits.transaction_minor_max,
            day_left_minor: limits.left_minor(usage),
        }
    }
}

/// The caller's side of a call that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    pub amount: Money,
    pub fee_minor: i64,
    pub available_before_minor: i64,
    pub available_after_minor: i64,
    /// `None` where no limit applies.
    pub allowance: Option<Allowance>,
    pub recipient: Option<PersonView>,
}
