//! Work in progress: this part of the integration tests alone.
#[path = "../it/callbacks.rs"]
mod callbacks;
#[path = "../it/disorder.rs"]
mod disorder;
#[path = "../it/faults.rs"]
mod faults;
#[path = "../it/late.rs"]
mod late;
#[path = "../it/misfits.rs"]
mod misfits;
#[path = "../it/payments.rs"]
mod payments;
#[path = "../it/payouts.rs"]
mod payouts;
