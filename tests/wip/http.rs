//! Work in progress: this part of the integration tests alone.
#[path = "../it/access.rs"]
mod access;
#[path = "../it/openapi.rs"]
mod openapi;
