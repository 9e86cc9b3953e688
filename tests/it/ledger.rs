//! Ledger invariants in SQL, concurrent spending, and the proof.

mod check;
mod laws;
mod proof;
mod spending;
