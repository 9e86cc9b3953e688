//! M-Pesa Kenya through Safaricom's Daraja API: collections, status queries, payouts, callbacks and the statement of
//! the organisation portal. All are translated into the domain's evidence.
//!
//! Requests are not repeated, except once after an expired access token. The caller decides about retries:
//! [`MpesaError`] means that no money has moved, and evidence tells whether it may have.

mod amount;
mod callback;
mod classify;
mod client;
mod codes;
mod collect;
mod config;
mod credential;
mod eat;
mod error;
mod exchange;
mod paybill;
mod payout;
mod query;
mod statement;
mod token;
mod wire;

pub use callback::{CallbackError, parse_collection, parse_payout_result, parse_payout_timeout};
pub use client::Mpesa;
pub use collect::Collect;
pub use config::{ConfigError, MpesaConfig, check_setting, is_callback_path_token};
pub use error::MpesaError;
pub use exchange::{Answered, Exchange};
pub use paybill::parse_confirmation;
pub use payout::Payout;
pub use statement::{Asked, Statement, StatementError, parse_statement};
