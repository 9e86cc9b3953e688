//! Work in progress: this part of the integration tests alone.
#[path = "../it/access.rs"]
mod access;
#[path = "../it/config.rs"]
mod config;
#[path = "../it/conformance.rs"]
mod conformance;
#[path = "../it/deadlines.rs"]
mod deadlines;
#[path = "../it/deals.rs"]
mod deals;
#[path = "../it/idempotency.rs"]
mod idempotency;
#[path = "../it/input.rs"]
mod input;
#[path = "../it/openapi.rs"]
mod openapi;
#[path = "../it/races.rs"]
mod races;
#[path = "../it/requests.rs"]
mod requests;
#[path = "../it/users.rs"]
mod users;
#[path = "../it/wallet.rs"]
mod wallet;
