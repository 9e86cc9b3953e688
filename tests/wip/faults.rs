//! Work in progress: this part of the integration tests alone.
#[path = "../it/faults.rs"]
mod faults;
