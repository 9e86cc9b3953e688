//! One complete system per test.

use crate::servers::{Database, files_folder, namespace, redis_url};
use crate::services::{
    JWT_SECRET, SUPPORT_CONTACT, api_config, mail_config, mpesa_config, sms_config,
};
use crate::worker::{WorkerProcess, reconcile_on_demand_only, settings};
use amana_api::EdgeConfig;
use amana_domain::proof::Trust;
use amana_files::Files;
use amana_messaging::{House, Mailer, SmsGateway};
use amana_mpesa::Mpesa;
use amana_postgres::{Clock, CodeKey, Queue, Store};
use amana_redis::Transport;
use amana_sandbox::Running;
use amana_worker::{Context, Probe, Settings};
use ipnet::IpNet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Deviations from the default system.
#[derive(Default)]
pub struct AppBuilder {
    without_worker: bool,
    redis_url: Option<String>,
    probe: Option<Probe>,
    settings: Option<Settings>,
    prompt_timeout: Option<Duration>,
    callback_delay: Option<Duration>,
    statement_url: Option<String>,
    staff_networks: Option<Vec<IpNet>>,
    edge: Option<EdgeConfig>,
    home: Option<(&'static str, &'static str)>,
}

impl std::fmt::Debug for AppBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AppBuilder")
    }
}

/// A running system. Dropping it ends its parts.
pub struct App {
    pub database: Database,
    pub store: Store,
    pub clock: Clock,
    pub transport: Transport,
    pub namespace: String,
    pub redis_url: String,
    pub files: PathBuf,
    pub api_url: String,
    pub sandbox_url: String,
    smtp_url: String,
    pub context: Context,
    pub http: reqwest::Client,
    pub(crate) people: AtomicU32,
    sandbox: Option<Running>,
    workers: Vec<RunningWorker>,
    api: JoinHandle<()>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("api_url", &self.api_url).finish_non_exhaustive()
    }
}

impl AppBuilder {
    /// Starts no worker: jobs stay in the outbox until the test runs them.
    #[must_use]
    pub fn without_worker(mut self) -> Self {
        self.without_worker = true;
        self
    }

    /// Uses a Redis of the test's own, which it may break.
    #[must_use]
    pub fn redis(mut self, url: &str) -> Self {
        self.redis_url = Some(url.to_owned());
        self
    }

    #[must_use]
    pub fn probe(mut self, probe: Probe) -> Self {
        self.probe = Some(probe);
        self
    }

    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = Some(settings);
        self
    }

    #[must_use]
    pub fn prompt_timeout(mut self, timeout: Duration) -> Self {
        self.prompt_timeout = Some(timeout);
        self
    }

    #[must_use]
    pub fn callback_delay(mut self, delay: Duration) -> Self {
        self.callback_delay = Some(delay);
        self
    }

    /// Fetches statements from this address instead of the sandbox.
    #[must_use]
    pub fn statement_url(mut self, url: &str) -> Self {
        self.statement_url = Some(url.to_owned());
        self
    }

    /// Sets the city and country of this machine in the GeoIP file.
    #[must_use]
    pub fn home(mut self, city: &'static str, country: &'static str) -> Self {
        self.home = Some((city, country));
        self
    }

    /// Sets the staff networks. By default, operators may act from everywhere.
    #[must_use]
    pub fn staff_networks(mut self, networks: &[&str]) -> Self {
        let read = |text: &&str| text.parse().expect("a network");
        self.staff_networks = Some(networks.iter().map(read).collect());
        self
    }

    /// Sets the API's network edge. By default nothing is limited, because all users of a test share one address.
    #[must_use]
    pub fn edge(mut self, edge: EdgeConfig) -> Self {
        self.edge = Some(edge);
        self
    }

    pub async fn start(self) -> App {
        crate::secrets::read_logs();
        let database = Database::new().await;
        let store = database.store().await;
        let clock = Clock::default();
        let (namespace, redis_url) =
            (namespace(), self.redis_url.clone().unwrap_or_else(redis_url));
        let transport = Transport::connect(&redis_url, &namespace).await.expect("Redis");
        let sandbox = amana_sandbox::start(self.sandbox_settings()).await.expect("the sandbox");
        let sandbox_url = format!("http://{}", sandbox.http);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let api_url = format!("http://{}", listener.local_addr().expect("an address"));
        let folder = files_folder();
        let files = Files::open(&folder).expect("the folder of files");
        let mut config = api_config(files.clone());
        if let Some(place) = self.home {
            config.places = crate::places::of_this_machine(place);
        }
        if let Some(networks) = &self.staff_networks {
            config.staff_networks = networks.clone();
        }
        if let Some(edge) = &self.edge {
            config.edge = edge.clone();
        }
        let app = amana_api::app(store.clone(), clock.clone(), Some(transport.clone()), &config);
        let api = tokio::spawn(async move {
            amana_api::serve(listener, app, std::future::pending()).await.expect("the API runs");
        });
        let smtp = format!("smtp://{}", sandbox.smtp);
        // One client for all calls, because creating one reads all certificates of this machine.
        let http = reqwest::Client::new();
        let mut mpesa = mpesa_config(&http, &sandbox_url, &api_url).await;
        if let Some(url) = &self.statement_url {
            mpesa.statement_url = Some(url.parse().expect("an address"));
        }
        let context = Context {
            store: store.clone(),
            clock: clock.clone(),
            codes: CodeKey::derive(JWT_SECRET.as_bytes()),
            mpesa: Arc::new(Mpesa::new(mpesa).expect("M-Pesa settings")),
            mailer: Arc::new(Mailer::new(&mail_config(&smtp)).expect("mail settings")),
            sms: Arc::new(SmsGateway::new(&sms_config(&sandbox_url)).expect("SMS settings")),
            house: Arc::new(House {
                web_url: None,
                support_contact: Some(SUPPORT_CONTACT.to_owned()),
            }),
            files,
            settings: self.settings.unwrap_or_else(settings),
            probe: self.probe.clone(),
        };
        if !self.without_worker {
            reconcile_on_demand_only(&context, &database).await;
        }
        let workers = (!self.without_worker)
            .then(|| spawn_worker(context.clone(), transport.clone()))
            .into_iter()
            .collect();
        let people = AtomicU32::new(1);
        App {
            database,
            store,
            clock,
            transport,
            namespace,
            redis_url,
            files: folder,
            api_url,
            sandbox_url,
            smtp_url: smtp,
            context,
            http,
            people,
            sandbox: Some(sandbox),
            workers,
            api,
        }
    }

    fn sandbox_settings(&self) -> amana_sandbox::Settings {
        amana_sandbox::Settings {
            prompt_timeout: self.prompt_timeout.unwrap_or(Duration::from_secs(60)),
            callback_delay: self.callback_delay.unwrap_or(Duration::from_millis(20)),
            late_callback_delay: Duration::from_secs(2),
            ..amana_sandbox::Settings::default()
        }
    }
}

impl App {
    /// Starts the default system.
    pub async fn start() -> App {
        AppBuilder::default().start().await
    }

    #[must_use]
    pub fn builder() -> AppBuilder {
        AppBuilder::default()
    }

    /// Whether a worker runs jobs without the test.
    pub(crate) fn has_worker(&self) -> bool {
        !self.workers.is_empty()
    }

    /// Starts another worker in this process.
    pub fn add_worker(&mut self) {
        self.workers.push(spawn_worker(self.context.clone(), self.transport.clone()));
    }

    /// Stops the workers in this process, as SIGTERM would.
    pub async fn stop_worker(&mut self) {
        for (stop, worker) in self.workers.drain(..) {
            let _ = stop.send(());
            worker.await.expect("the worker ends");
        }
    }

    /// Starts a worker process, which the test can kill or freeze.
    #[must_use]
    pub fn worker_process(&self) -> WorkerProcess {
        WorkerProcess::start(self, &[])
    }

    /// Like [`App::worker_process`], with additional settings.
    #[must_use]
    pub fn worker_process_with(&self, settings: &[(&str, String)]) -> WorkerProcess {
        WorkerProcess::start(self, settings)
    }

    /// Runs all due jobs one after the other until none is due, without Redis and without a worker. Returns their
    /// number.
    pub async fn run_due_jobs(&self) -> usize {
        let queues: Vec<&str> = Queue::ALL.iter().map(|queue| queue.as_str()).collect();
        let mut count = 0;
        loop {
            self.follow_log().await;
            let due = self.store.due_jobs(&queues, self.clock.now(), 100).await.expect("due jobs");
            if due.is_empty() {
                return count;
            }
            for job in due {
                amana_worker::run_claim(&self.context, job.id).await.expect("a job");
                count += 1;
            }
        }
    }

    /// Numbers all committed events and lets subscribers read to the end.
    pub async fn follow_log(&self) {
        while amana_worker::follow_log_once(&self.context).await.expect("a step") {}
    }

    /// Lets the jobs of dead workers be pushed at once. Otherwise ten seconds must pass since their last push.
    pub async fn leases_end(&self) {
        let over = "update jobs set pushed_at = null where state = 'running' and lease_until < clock_timestamp()";
        self.database.execute(over).await;
    }

    #[must_use]
    pub fn smtp_url(&self) -> String {
        self.smtp_url.clone()
    }

    pub fn sandbox_stops(&mut self) -> Option<Running> {
        self.sandbox.take()
    }

    /// Checks the whole ledger, as `amana ledger check` does, and the balances that operators see.
    pub async fn assert_ledger_holds(&self) {
        let check = self.store.check_ledger().await.expect("a check");
        if let Some(wrong) = check.first_wrong {
            panic!("the ledger is wrong: {wrong}");
        }
        let proof = self.store.proof().await.expect("a proof");
        assert!(proof.currencies.iter().all(Trust::holds), "the balances are wrong: {proof:?}");
    }

    /// Checks the invariants that must hold after every test: a correct ledger and no dead jobs.
    pub async fn assert_sound(&self) {
        self.assert_ledger_holds().await;
        let dead = self.database.number("select count(*) from jobs where state = 'dead'").await;
        let why = self.database.text("select string_agg(kind || ': ' || last_error, '; ') from jobs where state = 'dead'").await;
        assert_eq!(dead, 0, "dead jobs: {why:?}");
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            crate::secrets::assert_nothing_given_away();
        }
        self.api.abort();
        for (_, worker) in self.workers.drain(..) {
            worker.abort();
        }
    }
}

type RunningWorker = (oneshot::Sender<()>, JoinHandle<()>);

fn spawn_worker(context: Context, transport: Transport) -> RunningWorker {
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(async move {
        let shutdown = async move {
            let _ = stopped.await;
        };
        amana_worker::run(context, transport, shutdown).await.expect("the worker runs");
    });
    (stop, worker)
}

pub(crate) fn next(counter: &AtomicU32) -> u32 {
    counter.fetch_add(1, Ordering::Relaxed)
}
