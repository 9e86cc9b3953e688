//! Work in progress: this part of the integration tests alone.

#[path = "../it/browser.rs"]
mod browser;
#[path = "../it/up.rs"]
mod up;
