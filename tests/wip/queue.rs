//! Work in progress: this part of the integration tests alone.
#[path = "../it/job_cases.rs"]
mod job_cases;
#[path = "../it/job_prints.rs"]
mod job_prints;
#[path = "../it/jobs.rs"]
mod jobs;
#[path = "../it/queue.rs"]
mod queue;
#[path = "../it/queue_processes.rs"]
mod queue_processes;
