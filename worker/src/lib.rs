//! The worker: takes jobs from the queues and executes them. The state of a job is its row in PostgreSQL; Redis only
//! carries ids and wakes workers.

mod backoff;
mod context;
mod failure;
mod jobs;
mod relay;
mod runner;
mod schedule;
mod sequencer;
mod service;

pub use context::{Context, Interruption, Probe, Settings};
pub use relay::relay_once;
pub use runner::run_claim;
pub use schedule::schedule_once;
pub use sequencer::follow_log_once;
pub use service::run;
