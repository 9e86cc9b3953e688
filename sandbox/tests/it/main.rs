//! The sandbox from outside, over HTTP and SMTP only.

#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]
#![expect(clippy::arithmetic_side_effects, reason = "sums of known small amounts")]

mod b2c;
mod catchers;
mod faults;
mod harness;
mod restart;
mod statement;
mod stk;
mod token;
