//! Transfers between users: request and response.

mod batch;
mod lane;
mod parties;
mod quote;
mod write;
mod writer;

pub use writer::TransferWriter;

use crate::idempotency::{Answer, Keyed};
use crate::people::PersonView;
use amana_domain::id::EntryId;
use amana_domain::money::Money;
use amana_domain::payee::Payee;
use amana_domain::transfer::Category;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// The sender's details of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferDetails {
    pub note: Option<String>,
    pub category: Category,
    pub metadata: BTreeMap<String, String>,
}

/// A requested transfer.
#[derive(Debug, Clone)]
pub struct NewTransfer {
    pub keyed: Keyed,
    pub to: Payee,
    pub amount: Money,
    pub details: TransferDetails,
    /// Builds the response to a successful transfer; it is stored with the transfer.
    pub render: fn(&TransferView) -> Answer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferView {
    /// Id of the ledger entry, the same for both sides.
    pub id: EntryId,
    pub sender: PersonView,
    pub recipient: PersonView,
    pub amount: Money,
    pub details: TransferDetails,
    pub at: DateTime<Utc>,
}
