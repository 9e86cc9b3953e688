//! The long-running parts: API and worker, from configuration to a clean end.

use crate::config::{self, ConfigError, Servers, Source};
use crate::stack::block_on;
use amana_api::Places;
use amana_domain::api_key::KeyMode;
use amana_files::Files;
use amana_messaging::{Mailer, SmsGateway};
use amana_mpesa::{Mpesa, MpesaConfig};
use amana_postgres::{Clock, CodeKey, MasterKeys, Store, StoreError};
use amana_redis::{Transport, TransportError};
use amana_worker::{Context, Settings};
use anyhow::{Context as _, Result};
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// The certificate is small and near; a server that is still starting is asked a few times.
const CERTIFICATE_TIMEOUT: Duration = Duration::from_secs(10);
const CERTIFICATE_TRIES: u32 = 5;

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// # Errors
/// [`ConfigError`], or that the API could not run.
pub fn api() -> Result<()> {
    let source = Source::new(&environment);
    let (servers, config) = (Servers::read(&source)?, config::Api::read(&source)?);
    block_on(async move {
        let (store, transport) = connect(&servers).await?;
        let files = files(&config.files)?;
        let places = places(config.geoip.as_deref())?;
        let listener =
            tokio::net::TcpListener::bind(config.listen).await.map_err(|error| ConfigError {
                variable: "AMANA_LISTEN",
                why: format!("names an address that cannot be listened on ({error})"),
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
            files,
            edge: config.edge,
            places,
            support_contact: config.support_contact,
        };
        let app = amana_api::app(store, Clock::default(), Some(transport), &api);
        // Port 0 stands for any free port: only the listener knows which one.
        let (listen, version) = (listener.local_addr()?, env!("CARGO_PKG_VERSION"));
        tracing::info!(version, mode = %config.mode, %listen, "API is ready");
        amana_api::serve(listener, app, stopped()?).await.context("the API could not run")
    })?
}

/// # Errors
/// [`ConfigError`], or that the worker could not run.
pub fn worker() -> Result<()> {
    let source = Source::new(&environment);
    let (servers, config) = (Servers::read(&source)?, config::Worker::read(&source)?);
    block_on(async move {
        let (store, transport) = connect(&servers).await?;
        let context = worker_context(store, config).await?;
        amana_worker::run(context, transport, stopped()?).await.context("the worker could not run")
    })?
}

/// # Errors
/// [`ConfigError`], or that a migration failed.
pub fn migrate() -> Result<()> {
    let url = config::database_url(&Source::new(&environment))?;
    block_on(async move { migrate_url(url.expose_secret()).await })?
}

/// # Errors
/// That the database cannot be reached or a migration failed.
pub async fn migrate_url(url: &str) -> Result<()> {
    Store::migrate(url).await.context("the database could not be migrated")
}

async fn connect(servers: &Servers) -> Result<(Store, Transport)> {
    let (url, connections_max) = (&servers.database_url, servers.database_connections_max);
    let store = store(url.expose_secret(), connections_max, &servers.master_keys).await?;
    let transport = Transport::connect(servers.redis_url.expose_secret(), &servers.redis_namespace)
        .await
        .map_err(redis_error)?;
    Ok((store, transport))
}

/// A key that opens nothing is told apart from a server that is not there.
///
/// # Errors
/// [`ConfigError`] if the data was sealed with another master key, or that PostgreSQL cannot be used.
pub async fn store(url: &str, connections_max: u32, keys: &MasterKeys) -> Result<Store> {
    let store = Store::connect(url, connections_max, keys).await;
    store.map_err(|error| match error {
        StoreError::MasterKey => ConfigError {
            variable: config::MASTER_KEY_VARIABLE,
            why: "is not the key that the data in the database was sealed with".to_owned(),
        }
        .into(),
        other => anyhow::Error::new(other).context("DATABASE_URL: PostgreSQL cannot be used"),
    })
}

fn files(folder: &Path) -> Result<Files, ConfigError> {
    Files::open(folder).map_err(|error| ConfigError {
        variable: config::FILES_VARIABLE,
        why: format!("names a folder that cannot be used ({error})"),
    })
}

/// A setting that can never work is told apart from a server that is not there.
fn redis_error(error: TransportError) -> anyhow::Error {
    let wrong = |variable| ConfigError { variable, why: format!("is wrong: {error}") };
    match error {
        TransportError::Namespace => wrong("REDIS_NAMESPACE").into(),
        TransportError::Url(_) => wrong("REDIS_URL").into(),
        _ => anyhow::Error::new(error).context("REDIS_URL: Redis cannot be used"),
    }
}

/// # Errors
/// [`ConfigError`] naming the first variable that cannot work.
pub(crate) async fn mpesa(mut config: MpesaConfig, place: &str) -> Result<Mpesa, ConfigError> {
    config.certificate_pem = certificate(place).await?;
    Mpesa::new(config).map_err(|error| ConfigError {
        variable: config::mpesa_variable(error.setting),
        why: error.why.to_owned(),
    })
}

async fn worker_context(store: Store, config: config::Worker) -> Result<Context> {
    let mpesa = mpesa(config.mpesa, &config.certificate).await?;
    let mailer = Mailer::new(&config.mail).map_err(|error| ConfigError {
        variable: "SMTP_URL",
        why: format!("or MAIL_FROM is wrong: {error}"),
    })?;
    let sms = SmsGateway::new(&config.sms).map_err(|error| ConfigError {
        variable: "AFRICASTALKING_URL",
        why: format!("is wrong: {error}"),
    })?;
    let settings = Settings {
        lease: config.lease,
        reconcile_every: TimeDelta::from_std(config.reconcile_every)
            .unwrap_or(TimeDelta::minutes(5)),
        test_clock: config.mode == KeyMode::Test,
        ..Settings::default()
    };
    let (mpesa, mailer, sms) = (Arc::new(mpesa), Arc::new(mailer), Arc::new(sms));
    let codes = CodeKey::derive(config.jwt_secret.expose_secret().as_bytes());
    let (clock, files) = (Clock::default(), files(&config.files)?);
    Ok(Context { store, clock, codes, mpesa, mailer, sms, files, settings, probe: None })
}

/// What is known of addresses, if a file is named.
fn places(file: Option<&Path>) -> Result<Places, ConfigError> {
    let Some(file) = file else { return Ok(Places::default()) };
    Places::open(file).map_err(|error| ConfigError {
        variable: config::GEOIP_VARIABLE,
        why: format!("names no file of places: {error}"),
    })
}

/// The provider's certificate, from a file or, with the sandbox, from an address.
async fn certificate(place: &str) -> Result<String, ConfigError> {
    let wrong = |why: String| ConfigError { variable: "MPESA_CERTIFICATE", why };
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

/// Resolves when we are asked to end.
fn stopped() -> Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate =
        signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be listened for")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
