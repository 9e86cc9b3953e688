//! The ledger's laws as SQL states them, many hands at one wallet, and the proof.

mod check;
mod laws;
mod proof;
mod spending;
