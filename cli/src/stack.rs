//! The whole system as processes: private servers unless others are given, the sandbox, the API, a worker.

use crate::config::{self, Source, Variable};
use crate::local::{Child, Durability, Part, Port, Postgres, Program, Redis, how, private_folder};
pub use crate::ports::Ports;
use amana_domain::api_key::KeyMode;
use amana_postgres::{MasterKeys, Store};
use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nix::sys::signal::Signal;
use rand::distr::{Alphanumeric, SampleString};
use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(crate) const DATABASE: &str = "amana";

/// The role of API and worker in a private server. It does not own tables.
const APP_ROLE: &str = "amana_app";

pub(crate) const JWT_SECRET_FILE: &str = "jwt-secret";
pub(crate) const MASTER_KEY_FILE: &str = "master-key";
const READY_TIMEOUT: Duration = Duration::from_secs(30);
const READY_POLL: Duration = Duration::from_millis(50);
const SECRET_CHARS: usize = 48;
const MASTER_KEY_BYTES: usize = 32;
const SECRET_MODE: u32 = 0o600;

/// Longer than the time that a worker gives its running jobs.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs a future on a runtime of its own, because the commands are blocking code.
///
/// # Errors
/// If the runtime cannot be created.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T> {
    Ok(runtime()?.block_on(future))
}

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().context("cannot create the async runtime")
}

/// All running parts. Dropping it ends them in the order of the fields.
#[derive(Debug)]
pub struct Stack {
    pub api: Child,
    pub worker: Child,
    pub sandbox: Child,
    pub redis: Option<Redis>,
    pub postgres: Option<Postgres>,
    pub api_url: String,
    pub sandbox_url: String,
    pub database_url: String,
    pub redis_url: String,
    /// The ports in use, which may differ from the wanted ones.
    pub ports: Ports,
    master_keys: MasterKeys,
    // Held while the servers run.
    _ports: [Port; 3],
}

impl Stack {
    /// Starts everything with its data in `folder`, as durable as in production, and waits until it is ready.
    ///
    /// # Errors
    /// If a program is missing, no port is free, or a part does not become ready.
    pub fn start(folder: &Path, ports: Ports) -> Result<Self> {
        for own in ["logs", "files", "sandbox"] {
            private_folder(&folder.join(own))?;
        }
        let (postgres, urls) = postgres(folder)?;
        let (redis, redis_url) = redis(folder)?;
        block_on(urls.migrate())??;
        let database_url = urls.app;
        let reserved = ports.reserve()?;
        let addresses = reserved.each_ref().map(|port| port.address);
        let [api_at, sandbox_at, smtp_at] = addresses;
        let (api_url, sandbox_url) = (format!("http://{api_at}"), format!("http://{sandbox_at}"));
        let mut sandbox = start_sandbox(folder, sandbox_at, smtp_at)?;
        ready(&mut sandbox, &format!("{sandbox_url}/"))?;
        let environment = environment(folder, &database_url, &redis_url, addresses)?;
        let own = environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let source = Source::environment().with(own);
        let master_keys = source.finish(config::master_keys(&source))?;
        let mut api = start_part(folder, ("the API", "api"), &environment)?;
        let worker = start_part(folder, ("the worker", "worker"), &environment)?;
        ready(&mut api, &format!("{api_url}/readyz"))?;
        crate::mpesa::register_urls(&source)?;
        Ok(Self {
            api,
            worker,
            sandbox,
            redis,
            postgres,
            api_url,
            sandbox_url,
            database_url,
            redis_url,
            ports: addresses.into(),
            master_keys,
            _ports: reserved,
        })
    }

    /// Connects to the database of API and worker.
    ///
    /// # Errors
    /// If it cannot be used.
    pub async fn store(&self) -> Result<Store> {
        crate::serve::store(&self.database_url, 1, &self.master_keys).await
    }

    /// Returns the parts that this process started. Each part comes after those that it needs.
    pub fn parts(&mut self) -> impl Iterator<Item = &mut dyn Part> {
        let postgres = self.postgres.as_mut().map(|server| server as &mut dyn Part);
        let redis = self.redis.as_mut().map(|server| server as &mut dyn Part);
        let own = [&mut self.sandbox, &mut self.worker, &mut self.api];
        let own = own.map(|child| child as &mut dyn Part);
        postgres.into_iter().chain(redis).chain(own)
    }

    /// Ends all parts. Each part ends before those that it needs.
    ///
    /// # Errors
    /// If a process could not be ended.
    pub fn stop(mut self) -> Result<()> {
        for child in [&mut self.api, &mut self.worker, &mut self.sandbox] {
            child.stop(Signal::SIGTERM, STOP_TIMEOUT)?;
        }
        if let Some(redis) = self.redis.take() {
            redis.stop()?;
        }
        if let Some(postgres) = self.postgres.take() {
            postgres.stop()?;
        }
        Ok(())
    }
}

/// The URLs of two roles: the owner migrates; API and worker only read and write rows.
struct Urls {
    owner: String,
    app: String,
}

impl Urls {
    async fn migrate(&self) -> Result<()> {
        crate::serve::migrate_url(&self.owner).await?;
        if self.app == self.owner {
            return Ok(());
        }
        crate::serve::grant(&self.owner, &self.app).await
    }
}

fn postgres(folder: &Path) -> Result<(Option<Postgres>, Urls)> {
    if let Some(owner) = given(Variable::DatabaseUrl) {
        let app = given(Variable::DatabaseAppUrl).unwrap_or_else(|| owner.clone());
        return Ok((None, Urls { owner, app }));
    }
    let postgres = Postgres::start(&folder.join("postgres"), Durability::Full)?;
    postgres.create_database(DATABASE)?;
    let password = kept(&folder.join("app-password"), &secret_text())?;
    let app = postgres.url_of(APP_ROLE, &password, DATABASE);
    let urls = Urls { owner: postgres.url(DATABASE), app };
    Ok((Some(postgres), urls))
}

fn redis(folder: &Path) -> Result<(Option<Redis>, String)> {
    if let Some(url) = given(Variable::RedisUrl) {
        return Ok((None, url));
    }
    let redis = Redis::start(&folder.join("redis"), Durability::Full)?;
    let url = redis.url();
    Ok((Some(redis), url))
}

/// Returns the value of a variable of this process, if it has one.
pub(crate) fn given(variable: Variable) -> Option<String> {
    Source::environment().optional(variable)
}

/// Returns the settings of API and worker. The sandbox's credentials are public defaults.
fn environment(
    folder: &Path,
    database_url: &str,
    redis_url: &str,
    [api, sandbox, smtp]: [SocketAddr; 3],
) -> Result<Vec<(&'static str, String)>> {
    let sandbox = format!("http://{sandbox}");
    Ok(vec![
        ("DATABASE_URL", database_url.to_owned()),
        ("REDIS_URL", redis_url.to_owned()),
        ("AMANA_LISTEN", api.to_string()),
        ("AMANA_PUBLIC_URL", format!("http://{api}")),
        // The sandbox has play money only.
        ("AMANA_MODE", KeyMode::Test.to_string()),
        ("AMANA_JWT_SECRET", kept(&folder.join(JWT_SECRET_FILE), &secret_text())?),
        (Variable::MasterKey.as_str(), master_key(folder)?),
        ("AMANA_FILES_DIR", folder.join("files").display().to_string()),
        ("AMANA_RECONCILE_EVERY_S", "60".to_owned()),
        ("MPESA_BASE_URL", sandbox.clone()),
        ("MPESA_CONSUMER_KEY", "sandbox-consumer-key".to_owned()),
        ("MPESA_CONSUMER_SECRET", "sandbox-consumer-secret".to_owned()),
        ("MPESA_SHORTCODE", "600977".to_owned()),
        ("MPESA_PASSKEY", "sandbox-passkey-0123456789abcdef".to_owned()),
        ("MPESA_INITIATOR", "sandboxapi".to_owned()),
        ("MPESA_INITIATOR_PASSWORD", "Sandbox#Initiator1".to_owned()),
        ("MPESA_CERTIFICATE", format!("{sandbox}/portal/certificate.pem")),
        ("MPESA_STATEMENT_URL", format!("{sandbox}/portal/statement.csv")),
        ("SMTP_URL", format!("smtp://{smtp}")),
        ("MAIL_FROM", "Amana <no-reply@amana.example>".to_owned()),
        (Variable::SupportContact.as_str(), "help@amana.example".to_owned()),
        ("AFRICASTALKING_URL", sandbox),
        ("AFRICASTALKING_USERNAME", "sandbox".to_owned()),
        ("AFRICASTALKING_API_KEY", "sandbox-sms-key".to_owned()),
    ])
}

fn secret_text() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), SECRET_CHARS)
}

/// Returns the master key from the environment, or the key that is stored beside the data.
fn master_key(folder: &Path) -> Result<String> {
    if let Some(given) = given(Variable::MasterKey) {
        return Ok(given);
    }
    let new = STANDARD.encode(rand::random::<[u8; MASTER_KEY_BYTES]>());
    kept(&folder.join(MASTER_KEY_FILE), &new)
}

/// Returns the stored secret, so that sessions and encrypted data survive a restart. Creates it if it is missing.
fn kept(file: &Path, new: &str) -> Result<String> {
    let kept = std::fs::read_to_string(file).unwrap_or_default();
    // A shorter one was not written completely.
    if kept.len() == new.len() {
        return Ok(kept);
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(SECRET_MODE);
    options
        .open(file)
        .and_then(|mut open| open.write_all(new.as_bytes()))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(new.to_owned())
}

fn start_sandbox(folder: &Path, listen: SocketAddr, smtp: SocketAddr) -> Result<Child> {
    Program::new("the sandbox", &sibling("amana-sandbox")?, &folder.join("logs/sandbox.log"))
        .args(["--listen", &listen.to_string(), "--smtp", &smtp.to_string(), "--data"])
        .args([folder.join("sandbox")])
        .start()
}

fn start_part(
    folder: &Path,
    (name, command): (&str, &str),
    environment: &[(&'static str, String)],
) -> Result<Child> {
    let log = folder.join(format!("logs/{command}.log"));
    let program = Program::new(name, &sibling("amana")?, &log).args([command]);
    environment.iter().fold(program, |program, (name, value)| program.env(name, value)).start()
}

/// Returns the path of a program in the folder of this program.
fn sibling(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("cannot find the path of this program")?;
    let path = own.with_file_name(name);
    ensure!(path.is_file(), "{} is missing: build it with `cargo build --bins`", path.display());
    Ok(path)
}

fn ready(child: &mut Child, url: &str) -> Result<()> {
    let deadline = Instant::now().checked_add(READY_TIMEOUT);
    block_on(async {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
        loop {
            let answers = client.get(url).send().await.is_ok_and(|it| it.status().is_success());
            // Checked even after a response, which could come from another program at this address.
            if let Some(status) = child.ended()? {
                bail!("{} did not start ({}); {}", child.name(), how(status), child.last_words());
            }
            if answers {
                return Ok(());
            }
            let late = deadline.is_some_and(|deadline| Instant::now() >= deadline);
            ensure!(!late, "{} is not ready after {READY_TIMEOUT:?}", child.name());
            tokio::time::sleep(READY_POLL).await;
        }
    })?
}
