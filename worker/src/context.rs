//! What every job is handed: the store, the clock, the provider, the messengers, the settings.

use crate::failure::Failure;
use amana_files::Files;
use amana_messaging::{House, Mailer, SmsGateway};
use amana_mpesa::Mpesa;
use amana_postgres::{Claim, Clock, CodeKey, Store};
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// How a test ends an attempt in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// The step fails as a network or database would fail.
    Fail,
    /// The worker is gone: nothing is settled, the lease runs out.
    Die,
}

/// Asked between the steps of a job; `Some` ends the attempt there. Tests use it to break every job at
/// every step; in production it is absent.
pub type Probe =
    Arc<dyn Fn(Claim, &'static str) -> BoxFuture<'static, Option<Interruption>> + Send + Sync>;

#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How long a claim is good for without being renewed.
    pub lease: Duration,
    /// One attempt of a job may take so long.
    pub job_time_max: Duration,
    /// Reading the whole ledger may take longer.
    pub ledger_check_time_max: Duration,
    /// How often the outbox is looked at.
    pub relay_interval: Duration,
    pub reconcile_every: TimeDelta,
    /// A request for money that could not be sent to a phone in this time is given up: nobody expects it any more.
    pub request_wait: TimeDelta,
    /// How far a reconciliation reaches back behind the one before it.
    pub statement_reach: TimeDelta,
    /// Whether the clock is the one that a test deployment can move on.
    pub test_clock: bool,
    /// After SIGTERM running jobs may take so long to end.
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
    /// Tells the codes that messages are about.
    pub codes: CodeKey,
    pub mpesa: Arc<Mpesa>,
    pub mailer: Arc<Mailer>,
    pub sms: Arc<SmsGateway>,
    /// Where readers of messages find us.
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
    /// A place between two steps of a job.
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
