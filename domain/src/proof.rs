//! The proof of the ledger: every row is read once, in order, and must follow from the rows before it.
//!
//! Three passes, each fed row by row. None of them keeps more than one account, entry or person at a time, so
//! that a ledger of any size is proven in constant memory. The first row that is wrong ends the proof.

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
