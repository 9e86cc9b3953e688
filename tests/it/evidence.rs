//! Evidence from outside is a hint until the provider's own books say the same: statements, callbacks, requests that
//! nobody expects any more.

mod forged;
mod portal;
mod requests;
mod statements;
mod strays;
