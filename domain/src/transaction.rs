//! Transactions: the effect of a ledger entry on a user's available balance.

use crate::handle::Handle;
use crate::id::{DealId, EntryId, HoldId, PaymentId, UserId};
use crate::ledger::EntryKind;
use crate::money::Currency;
use crate::text_enum;
use crate::transfer::Category;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

text_enum! {
    pub enum Direction as "direction" {
        In = "in",
        Out = "out",
    }
}

/// The user on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterparty {
    pub id: UserId,
    pub name: String,
    pub handle: Option<Handle>,
}

/// The object that an entry belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    Deal(DealId),
    Payment(PaymentId),
    Hold(HoldId),
}

impl Reference {
    /// Reads the reference from the key of an entry, which begins with the id of its object. Returns `None` for other
    /// objects, such as milestones.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        let id = key.split(':').next()?;
        let deal = id.parse().map(Reference::Deal);
        let payment = || id.parse().map(Reference::Payment);
        let hold = || id.parse().map(Reference::Hold);
        deal.or_else(|_| payment()).or_else(|_| hold()).ok()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Id of the ledger entry, the same for all users whom it concerns.
    pub id: EntryId,
    /// Sequence number within this balance, from 1.
    pub seq: i64,
    pub kind: EntryKind,
    pub at: DateTime<Utc>,
    pub currency: Currency,
    /// Signed amount, positive if the balance increased.
    pub amount_minor: i64,
    pub balance_after_minor: i64,
    pub counterparty: Option<Counterparty>,
    pub reference: Option<Reference>,
    pub note: Option<String>,
    pub category: Option<Category>,
    pub metadata: BTreeMap<String, String>,
}

impl Transaction {
    #[must_use]
    pub const fn direction(&self) -> Direction {
        if self.amount_minor > 0 { Direction::In } else { Direction::Out }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_key_of_an_entry_tells_what_it_belongs_to() {
        let n = Uuid::from_u128(7);
        let (deal, payment, hold) = (DealId::new(n), PaymentId::new(n), HoldId::new(n));
        let of = |key: String| Reference::of_key(&key);
        assert_eq!(of(format!("{deal}:fund")), Some(Reference::Deal(deal)));
        assert_eq!(of(format!("{payment}:deposit")), Some(Reference::Payment(payment)));
        assert_eq!(of(format!("{hold}:hold")), Some(Reference::Hold(hold)));
        for key in ["", "mpesa:QK1:suspense_in", "deal_7:fund", "ms_7:release", "ent_7:transfer"] {
            assert_eq!(Reference::of_key(key), None, "{key}");
        }
    }
}
