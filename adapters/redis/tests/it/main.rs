//! The transport with a real Redis, which each test starts.

mod consumer;
mod limiter;
mod outage;
mod queue;
mod server;
mod worker;
