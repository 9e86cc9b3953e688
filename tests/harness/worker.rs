//! Worker processes that tests kill, freeze and stop.

use crate::app::App;
use crate::secrets;
use crate::servers::Database;
use crate::services::{JWT_SECRET, MASTER_KEY};
use amana::local::{Child, Program, Scratch};
use amana_postgres::Job;
use amana_sandbox::Credentials;
use amana_worker::{Context, Settings};
use chrono::TimeDelta;
use nix::sys::signal::Signal;
use std::path::PathBuf;
use std::time::Duration;

/// A lease that is short enough for tests that wait for its end.
pub const TEST_LEASE: Duration = Duration::from_secs(2);

/// The settings of workers in tests: short pauses and short leases.
#[must_use]
pub fn settings() -> Settings {
    Settings {
        lease: Duration::from_secs(5),
        relay_interval: Duration::from_millis(40),
        // So long that a test that advances the clock does not reach the next period.
        reconcile_every: TimeDelta::days(100_000),
        test_clock: true,
        shutdown_time_max: Duration::from_secs(10),
        ..Settings::default()
    }
}

/// Marks the first scheduled reconciliation as done. It would run during the test and find the data first that the
/// test expects to find. A worker with its own schedule keeps its first run.
pub(crate) async fn reconcile_on_demand_only(context: &Context, database: &Database) {
    let every = context.settings.reconcile_every;
    if every != settings().reconcile_every {
        return;
    }
    let now = context.clock.now();
    let first = Job::Reconcile { tick: now.timestamp().div_euclid(every.num_seconds()) };
    context.store.enqueue_job(&first, now, now).await.expect("an outbox");
    let done = "update jobs set state = 'done', finished_at = created_at where kind = 'reconcile'";
    database.execute(done).await;
}

/// Returns the binary that `cargo build --bins` puts beside the tests.
#[must_use]
pub fn amana_binary() -> PathBuf {
    let own = std::env::current_exe().expect("own path");
    let folder = own.parent().and_then(std::path::Path::parent).expect("target folder");
    let path = folder.join("amana");
    assert!(
        path.is_file(),
        "{} is missing: run `cargo build --bins` first, or `make test`",
        path.display()
    );
    path
}

/// `amana worker` with an app's database, Redis and sandbox.
#[derive(Debug)]
pub struct WorkerProcess {
    child: Child,
    scratch: Scratch,
}

impl WorkerProcess {
    pub(crate) fn start(app: &App, settings: &[(&str, String)]) -> Self {
        let scratch = Scratch::new().expect("a folder");
        let credentials = Credentials::default();
        let sandbox = &app.sandbox_url;
        let environment = [
            ("DATABASE_URL", app.database.url.clone()),
            ("DATABASE_CONNECTIONS_MAX", "8".to_owned()),
            ("REDIS_URL", app.redis_url.clone()),
            ("REDIS_NAMESPACE", app.namespace.clone()),
            ("AMANA_LOG", secrets::LEVELS.to_owned()),
            ("AMANA_MODE", "test".to_owned()),
            ("AMANA_JWT_SECRET", JWT_SECRET.to_owned()),
            ("AMANA_MASTER_KEY", MASTER_KEY.to_owned()),
            ("AMANA_PUBLIC_URL", app.api_url.clone()),
            ("AMANA_FILES_DIR", app.files.display().to_string()),
            ("AMANA_JOB_LEASE_S", TEST_LEASE.as_secs().to_string()),
            ("AMANA_RECONCILE_EVERY_S", "86400".to_owned()),
            ("MPESA_BASE_URL", sandbox.clone()),
            ("MPESA_CONSUMER_KEY", credentials.consumer_key),
            ("MPESA_CONSUMER_SECRET", credentials.consumer_secret),
            ("MPESA_SHORTCODE", credentials.short_code),
            ("MPESA_PASSKEY", credentials.passkey),
            ("MPESA_INITIATOR", credentials.initiator_name),
            ("MPESA_INITIATOR_PASSWORD", credentials.initiator_password),
            ("MPESA_CERTIFICATE", format!("{sandbox}/portal/certificate.pem")),
            ("MPESA_STATEMENT_URL", format!("{sandbox}/portal/statement.csv")),
            ("SMTP_URL", app.smtp_url()),
            ("MAIL_FROM", "Amana <no-reply@amana.example>".to_owned()),
            ("AFRICASTALKING_URL", sandbox.clone()),
            ("AFRICASTALKING_USERNAME", "sandbox".to_owned()),
            ("AFRICASTALKING_API_KEY", credentials.sms_api_key),
        ];
        let program =
            Program::new("worker", &amana_binary(), &scratch.join("worker.log")).args(["worker"]);
        let settings = settings.iter().map(|(name, value)| (*name, value.clone()));
        let program = environment
            .into_iter()
            .chain(settings)
            .fold(program, |program, (name, value)| program.env(name, value));
        Self { child: program.start().expect("the worker starts"), scratch }
    }

    /// Sends SIGKILL, which prevents a clean shutdown.
    pub fn kill(&mut self) {
        self.child.kill().expect("the worker is killed");
    }

    pub fn freeze(&mut self) {
        self.child.signal(Signal::SIGSTOP).expect("the worker is frozen");
    }

    pub fn thaw(&mut self) {
        self.child.signal(Signal::SIGCONT).expect("the worker goes on");
    }

    /// Sends SIGTERM, waits for a clean end, and returns how long it took.
    pub fn terminate(&mut self) -> Duration {
        let began = std::time::Instant::now();
        let status =
            self.child.stop(Signal::SIGTERM, Duration::from_secs(30)).expect("the worker stops");
        assert!(status.success(), "the worker failed ({status}):\n{}", self.log());
        began.elapsed()
    }

    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.scratch.join("worker.log")).unwrap_or_default()
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        self.log().lines().for_each(secrets::read_line);
    }
}
