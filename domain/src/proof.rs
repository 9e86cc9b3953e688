//! Verification of the ledger: every row is read once, in order, and must be consistent with the rows before it.
//!
//! Three passes read row by row. Each keeps only one account, entry or user at a time, so a ledger of any size is
//! verified in constant memory. The verification stops at the first wrong row.

mod accounts;
mod entries;
mod holds;
mod trust;
mod wrong;

pub use accounts::{AccountPosting, AccountRow, AccountsPass};
pub use entries::{EntriesPass, EntryLine, EntryRow, TransferRow};
pub use holds::{HeldRow, HoldRow, HoldsPass};
pub use trust::{Sums, Trust};
pub use wrong::{Fault, Row, Wrong};

#[cfg(test)]
mod tests;
