//! The program `amana`: its commands, and the private servers of `up` and `demo`.

pub mod admin;
pub mod commands;
pub mod config;
mod connect;
pub mod demo;
pub mod environment;
pub mod exchanges;
mod help;
pub mod keys;
pub mod ledger;
pub mod local;
pub mod mpesa;
mod ports;
pub mod schema;
pub mod serve;
pub mod stack;
mod supervisor;
pub mod up;
mod wait;
