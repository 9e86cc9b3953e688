//! Dependencies and settings of all jobs.

use crate::failure::Failure;
use amana_files::Files;
use amana_messaging::{House, Mailer, SmsGateway};
use amana_mpesa::Mpesa;
use amana_postgres::{Claim, Clock, CodeKey, Store};
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// A test's interruption of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// The step fails, as with a network or database error.
    Fail,
    /// The worker dies: the job is not settled and its lease expires.
    Die,
}

/// Called between the steps of a job; `Some` ends the attempt there. Tests use it to interrupt every job at every
/// step. It is `None` in production.
pub type Probe =
    Arc<dyn Fn(Claim, &'static str) -> BoxFuture<'static, Option<Interruption>> + Send + Sync>;

#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// A claim expires after this time unless it is renewed.
    pub lease: Duration,
    /// The time limit of one attempt.
    pub job_time_max: Duration,
    /// The time limit of a check of the whole ledger.
    pub ledger_check_time_max: Duration,
    /// The pause between two reads of the outbox.
    pub relay_interval: Duration,
    pub reconcile_every: TimeDelta,
    /// A payment prompt that could not be sent within this time is cancelled: the payer no longer expects it.
    pub request_wait: TimeDelta,
    /// Each reconciliation reads again this much of the statement before the end of the previous run.
    pub statement_reach: TimeDelta,
    /// Whether the clock can be advanced by API calls (test mode).
    pub test_clock: bool,
    /// The time that running jobs have to finish after SIGTERM.
    pub shutdown_time_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            job_time_max: Duration::from_secs(180),
            ledger_check_time_max: Duration::from_secs(6 * 3600),
            relay_interval: Duration::from_millis(100),
            reconcile_every: TimeDelta::minutes(5),
            request_wait: TimeDelta::minutes(5),
            statement_reach: TimeDelta::hours(48),
            test_clock: false,
            shutdown_time_max: Duration::from_secs(25),
        }
    }
}

#[derive(Clone)]
pub struct Context {
    pub store: Store,
    pub clock: Clock,
    /// Derives the one-time codes in messages.
    pub codes: CodeKey,
    pub mpesa: Arc<Mpesa>,
    pub mailer: Arc<Mailer>,
    pub sms: Arc<SmsGateway>,
    /// The web address and the support contact that messages name.
    pub house: Arc<House>,
    pub files: Files,
    pub settings: Settings,
    pub probe: Option<Probe>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Context {
    /// Calls the probe between two steps of a job.
    pub(crate) async fn step(&self, claim: &Claim, name: &'static str) -> Result<(), Failure> {
        let Some(probe) = &self.probe else { return Ok(()) };
        match probe(claim.clone(), name).await {
            None => Ok(()),
            Some(Interruption::Fail) => {
                Err(Failure::retry("interrupted", format!("interrupted at {name}")))
            }
            Some(Interruption::Die) => Err(Failure::Abandoned),
        }
    }
}
