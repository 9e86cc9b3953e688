//! M-Pesa Kenya through Safaricom's Daraja API: collections, their status, payouts, callbacks and
//! the statement of the organisation portal, each translated to the domain's evidence.
//!
//! Nothing here repeats a request, except once after an expired access token: the caller owns the
//! retries and learns from [`MpesaError`] that nothing has happened, or from the evidence that
//! something may have.

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
