//! Connections to PostgreSQL and Redis. An error names the cause and the variable.

use crate::config::{ConfigError, ConfigErrors, Redis, Servers, Variable};
use crate::wait::{Failed, until_there};
use amana_postgres::{MasterKeys, Store, StoreError};
use amana_redis::{Transport, TransportError};
use anyhow::{Result, anyhow};
use secrecy::ExposeSecret;

/// Waits for PostgreSQL, then for Redis.
pub(crate) async fn servers(servers: &Servers) -> Result<(Store, Transport)> {
    let (url, keys) = (servers.database_url.expose_secret(), &servers.master_keys);
    let connections_max = servers.database_connections_max;
    let store = until_there("PostgreSQL", servers.start_wait, async || {
        let store = Store::connect(url, connections_max, keys).await;
        store.map_err(|error| match error.is_passing() {
            true => Failed::Passing(database_error(error).to_string()),
            false => Failed::Final(database_error(error)),
        })
    });
    let store = store.await?;
    let transport = until_there("Redis", servers.start_wait, async || {
        let Redis { url, authority, namespace } = &servers.redis;
        let url = url.expose_secret();
        let transport = Transport::connect_trusting(url, authority.as_deref(), namespace).await;
        transport.map_err(|error| match error.is_passing() {
            true => Failed::Passing(redis_error(&error).to_string()),
            false => Failed::Final(redis_error(&error)),
        })
    });
    Ok((store, transport.await?))
}

/// Connects once, for interactive commands.
///
/// # Errors
/// [`ConfigErrors`] if the URL or the master key is wrong, or that PostgreSQL is unavailable.
pub async fn store(url: &str, connections_max: u32, keys: &MasterKeys) -> Result<Store> {
    Store::connect(url, connections_max, keys).await.map_err(database_error)
}

/// Distinguishes a wrong setting from a server that is down.
pub(crate) fn database_error(error: StoreError) -> anyhow::Error {
    let wrong = |variable, why: String| ConfigErrors::from(ConfigError::new(variable, why)).into();
    match error {
        StoreError::Setting(why) => wrong(Variable::DatabaseUrl, why),
        StoreError::AppRole(why) => wrong(Variable::DatabaseAppUrl, why.to_owned()),
        StoreError::MasterKey => {
            let why = "is not the key that encrypts this database: use the original key, \
                or set AMANA_MASTER_KEY_PREVIOUS to it";
            wrong(Variable::MasterKey, why.to_owned())
        }
        StoreError::Connection(why) => {
            anyhow!("{}: PostgreSQL cannot be reached: {why}", Variable::DatabaseUrl)
        }
        StoreError::NoSchema | StoreError::OldSchema | StoreError::NoRights => {
            anyhow!("{}: {error}", Variable::DatabaseUrl)
        }
        other => {
            let context = format!("{}: PostgreSQL cannot be used", Variable::DatabaseUrl);
            anyhow::Error::new(other).context(context)
        }
    }
}

fn redis_error(error: &TransportError) -> anyhow::Error {
    let wrong = |variable| {
        let why = format!("is wrong: {error}");
        ConfigErrors::from(ConfigError::new(variable, why)).into()
    };
    match error {
        TransportError::Namespace => wrong(Variable::RedisNamespace),
        TransportError::Authority => wrong(Variable::RedisCaFile),
        TransportError::Url(_) | TransportError::Credentials(_) | TransportError::Tls(_) => {
            wrong(Variable::RedisUrl)
        }
        passing => anyhow!("{}: {passing}", Variable::RedisUrl),
    }
}
