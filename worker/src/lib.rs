//! The worker: takes jobs from the queues and carries them out. Truth about a job is its row in
//! PostgreSQL; Redis carries ids and wakes us up.

mod backoff;
mod context;
mod failure;
mod jobs;
mod relay;
mod runner;
mod schedule;
mod service;

pub use context::{Context, Interruption, Probe, Settings};
pub use relay::relay_once;
pub use runner::run_claim;
pub use schedule::schedule_once;
pub use service::run;
