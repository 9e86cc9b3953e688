//! The sandbox seen from outside: over HTTP and SMTP only.

mod b2c;
mod catchers;
mod faults;
mod harness;
mod restart;
mod statement;
mod stk;
mod token;
