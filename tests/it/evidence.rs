//! External evidence is not final until the provider's own books confirm it: statements, callbacks,
//! and expired requests.

mod forged;
mod portal;
mod requests;
mod statements;
mod strays;
