//! The ledger's laws as SQL states them, many hands at one wallet, and the proof.

mod laws;
mod proof;
mod spending;
