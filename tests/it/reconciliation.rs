//! Reconciliation of our books with the provider's statement.

mod discrepancies;
mod healing;
mod off;
mod runs;
