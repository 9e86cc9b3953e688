//! The binary `amana`: its commands, and the private servers they run on.

pub mod admin;
pub mod config;
mod connect;
pub mod demo;
pub mod exchanges;
pub mod keys;
pub mod ledger;
pub mod local;
pub mod mpesa;
pub mod schema;
pub mod serve;
pub mod stack;
pub mod up;
mod wait;
