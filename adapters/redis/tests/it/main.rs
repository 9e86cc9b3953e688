//! The transport against a real Redis, which each test starts for itself.

mod consumer;
mod limiter;
mod outage;
mod queue;
mod server;
mod worker;
