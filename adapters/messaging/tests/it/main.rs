//! The messages of every template, and the senders against small servers of our own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop right there")]

mod mail;
mod sms;
mod smtp_server;
mod templates;
