//! The rules of Amana: money, ledger, deals, payments, risk. The crate has no I/O, no async, no clock and no
//! randomness: functions take values and return the changes to store.
#![cfg_attr(
    test,
    expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails loudly")
)]

pub mod access;
pub mod api_key;
pub mod approval;
pub mod code;
pub mod contact;
pub mod deal;
pub mod event;
pub mod factor;
pub mod fee;
pub mod handle;
pub mod hold;
pub mod human;
pub mod id;
pub mod kyc;
pub mod ledger;
pub mod limits;
pub mod money;
pub mod notice;
pub mod organisation;
pub mod payee;
pub mod payment;
pub mod permission;
pub mod personal;
pub mod phone;
pub mod proof;
pub mod reconciliation;
pub mod risk;
pub mod session;
pub mod signing_key;
pub mod statement;
pub mod text;
pub mod threshold;
pub mod time;
pub mod transaction;
pub mod transfer;
