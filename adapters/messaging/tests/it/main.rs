//! Message templates, and the SMTP and SMS senders against small local servers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop right there")]

mod mail;
mod sms;
mod smtp_server;
mod templates;
