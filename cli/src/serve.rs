//! The long-running commands: API and worker, from configuration to shutdown.

use crate::config::{self, ConfigError, ConfigErrors, Servers, Source, Variable};
use crate::connect;
use crate::stack::block_on;
use amana_api::{Connections, EdgeConfig};
use amana_domain::api_key::KeyMode;
use amana_mpesa::{Mpesa, MpesaConfig};
use amana_postgres::{Clock, CodeKey, Store};
use amana_worker::{Context, Settings};
use anyhow::{Context as _, Result};
use chrono::TimeDelta;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

pub use crate::connect::store;

/// The sandbox that serves the certificate may still be starting, so a few attempts are made.
const CERTIFICATE_TIMEOUT: Duration = Duration::from_secs(10);
const CERTIFICATE_TRIES: u32 = 5;

/// # Errors
/// [`ConfigErrors`], or that the API could not run.
pub fn api(source: &Source) -> Result<()> {
    let settings = Servers::read(source).zip(config::Api::read(source));
    let (servers, config) = source.finish(settings)?;
    if config.staff_networks.is_empty() {
        tracing::warn!(
            "{} is not set: operators cannot change money or rights; name your staff's networks",
            Variable::StaffNetworks
        );
    }
    block_on(async move {
        let (store, transport) = connect::servers(&servers).await?;
        let listener = tokio::net::TcpListener::bind(config.listen).await.map_err(|error| {
            let why = format!("names an address that the API cannot listen on ({error})");
            wrong(Variable::Listen, why)
        })?;
        let fee = amana_api::FeePolicy {
            percentage_bps: config.fee_percentage_bps,
            fixed_minor: config.fee_fixed_minor,
        };
        let api = amana_api::ApiConfig {
            jwt_secret: config.jwt_secret,
            fee,
            mode: config.mode,
            staff_networks: config.staff_networks,
            files: config.files,
            edge: config.edge,
            places: config.places,
            support_contact: config.support_contact,
        };
        let connections = connections(&api.edge);
        let app = amana_api::app(store, Clock::default(), Some(transport), &api);
        // With port 0, only the listener knows the port.
        let (listen, version) = (listener.local_addr()?, env!("CARGO_PKG_VERSION"));
        // Listens for signals before the log line, because its reader may send SIGTERM at once.
        let stopped = stopped()?;
        tracing::info!(version, mode = %config.mode, %listen, "API is ready");
        let serving = amana_api::serve_within(listener, app, connections, stopped);
        serving.await.context("the API could not run")
    })?
}

/// # Errors
/// [`ConfigErrors`], or that the worker could not run.
pub fn worker(source: &Source) -> Result<()> {
    let settings = Servers::read(source).zip(config::Worker::read(source));
    let (servers, config) = source.finish(settings)?;
    block_on(async move {
        let mpesa = mpesa(config.mpesa.clone(), &config.certificate).await?;
        let (store, transport) = connect::servers(&servers).await?;
        let context = worker_context(store, mpesa, config);
        amana_worker::run(context, transport, stopped()?).await.context("the worker could not run")
    })?
}

/// # Errors
/// [`ConfigErrors`], or that a migration failed.
pub fn migrate(source: &Source) -> Result<()> {
    let urls = config::database_url(source).zip(config::app_url(source));
    let (url, app_url) = source.finish(urls)?;
    block_on(async move {
        migrate_url(url.expose_secret()).await?;
        match app_url {
            Some(app_url) => grant(url.expose_secret(), app_url.expose_secret()).await,
            None => Ok(()),
        }
    })?
}

/// # Errors
/// That the database is unreachable or a migration failed.
pub async fn migrate_url(url: &str) -> Result<()> {
    Store::migrate(url).await.map_err(connect::database_error)
}

/// Grants the role of `app_url` the rights that API and worker need.
///
/// # Errors
/// That the database is unreachable, or the role cannot be used.
pub async fn grant(url: &str, app_url: &str) -> Result<()> {
    Store::grant(url, app_url).await.map_err(connect::database_error)
}

fn wrong(variable: Variable, why: impl Into<String>) -> ConfigErrors {
    ConfigError::new(variable, why).into()
}

/// # Errors
/// [`ConfigErrors`] if the certificate cannot be fetched or is invalid.
pub(crate) async fn mpesa(mut config: MpesaConfig, place: &str) -> Result<Mpesa, ConfigErrors> {
    config.certificate_pem = certificate(place).await?;
    Mpesa::new(config).map_err(|error| wrong(Variable::of_mpesa(error.setting), error.why))
}

fn worker_context(store: Store, mpesa: Mpesa, config: config::Worker) -> Context {
    let settings = Settings {
        lease: config.lease,
        reconcile_every: TimeDelta::from_std(config.reconcile_every)
            .unwrap_or(TimeDelta::minutes(5)),
        request_wait: TimeDelta::from_std(config.request_wait).unwrap_or(TimeDelta::minutes(5)),
        test_clock: config.mode == KeyMode::Test,
        ..Settings::default()
    };
    Context {
        store,
        clock: Clock::default(),
        codes: CodeKey::derive(config.jwt_secret.expose_secret().as_bytes()),
        mpesa: Arc::new(mpesa),
        mailer: Arc::new(config.mailer),
        sms: Arc::new(config.sms),
        house: Arc::new(config.house),
        files: config.files,
        settings,
        probe: None,
    }
}

/// Reads the provider's certificate from a file or, with the sandbox, from a URL.
async fn certificate(place: &str) -> Result<String, ConfigErrors> {
    let wrong = |why: String| wrong(Variable::MpesaCertificate, why);
    if !place.starts_with("http://") && !place.starts_with("https://") {
        return tokio::fs::read_to_string(place)
            .await
            .map_err(|error| wrong(format!("cannot be read ({error})")));
    }
    let client = reqwest::Client::builder().timeout(CERTIFICATE_TIMEOUT).build();
    let client = client.map_err(|error| wrong(format!("cannot be fetched ({error})")))?;
    let mut last = String::new();
    for _ in 0..CERTIFICATE_TRIES {
        match client.get(place).send().await.and_then(reqwest::Response::error_for_status) {
            Ok(response) => {
                return response
                    .text()
                    .await
                    .map_err(|error| wrong(format!("cannot be read ({error})")));
            }
            Err(error) => last = error.without_url().to_string(),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Err(wrong(format!("cannot be fetched ({last})")))
}

/// File descriptors reserved for logs, documents, PostgreSQL and Redis.
const OTHER_FILES: usize = 256;

/// Allows as many connections as open files. Connections of trusted proxies have no limit per address.
fn connections(edge: &EdgeConfig) -> Connections {
    let usual = Connections::default();
    let all = usual.all.min(files_max().saturating_sub(OTHER_FILES)).max(1);
    let unbounded = [usual.unbounded.clone(), edge.trusted_proxies.clone()].concat();
    Connections { all, unbounded, ..usual }
}

/// Raises the soft limit of open files to the hard limit and returns it. The default of 1,024 is too low for a server.
fn files_max() -> usize {
    const USUAL: u64 = 1_024;
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map(|()| hard).or(Ok(soft))
    });
    usize::try_from(raised.unwrap_or(USUAL)).unwrap_or(usize::MAX)
}

/// Resolves on SIGTERM or SIGINT.
fn stopped() -> Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
