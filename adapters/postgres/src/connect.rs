//! One connection to PostgreSQL, or a plain reason for its failure.

use crate::address::{Address, CONNECT_TIMEOUT};
use crate::error::StoreError;
use diesel::ConnectionError;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use std::error::Error as _;
use std::io;
use std::time::Duration;
use thiserror::Error;
use tokio_postgres::error::{DbError, SqlState};

/// Longest time of a connection attempt with TLS handshake, authentication and session settings.
const ESTABLISH_TIMEOUT: Duration = CONNECT_TIMEOUT.saturating_mul(2);

/// Server errors that a retry cannot fix. All others are temporary: the server starts, stops or is full.
const FINAL: [SqlState; 4] = [
    SqlState::INVALID_PASSWORD,
    SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
    SqlState::INVALID_CATALOG_NAME,
    SqlState::INSUFFICIENT_PRIVILEGE,
];

/// The driver distinguishes these kinds of errors by their text only.
const TLS_KIND: &str = "error performing TLS handshake";
const FINAL_KINDS: [&str; 2] = ["invalid configuration", "authentication error"];

/// The reason for a failed connection.
#[derive(Debug, Error)]
pub(crate) enum ConnectError {
    /// A later attempt may succeed.
    #[error("{0}")]
    Passing(String),
    /// A retry fails until the URL or the server's settings change. The text continues the variable's name.
    #[error("{0}")]
    Final(String),
}

impl From<ConnectError> for StoreError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Final(why) => StoreError::Setting(why),
            passing @ ConnectError::Passing(_) => StoreError::Connection(Box::new(passing)),
        }
    }
}

impl From<ConnectError> for ConnectionError {
    fn from(error: ConnectError) -> Self {
        ConnectionError::BadConnection(error.to_string())
    }
}

pub(crate) async fn establish(
    address: &Address,
    settings: &[&str],
) -> Result<AsyncPgConnection, ConnectError> {
    let connected = tokio::time::timeout(ESTABLISH_TIMEOUT, open(address, settings)).await;
    connected.unwrap_or_else(|_elapsed| {
        let why = format!("{}: no answer within {ESTABLISH_TIMEOUT:?}", address.servers());
        Err(ConnectError::Passing(why))
    })
}

async fn open(address: &Address, settings: &[&str]) -> Result<AsyncPgConnection, ConnectError> {
    let passing = |error: &dyn std::fmt::Display| {
        ConnectError::Passing(format!("{}: {error}", address.servers()))
    };
    let (client, connection) = address
        .config
        .connect(address.tls.clone())
        .await
        .map_err(|error| explain(&error, &address.servers()))?;
    let mut conn = AsyncPgConnection::try_from_client_and_connection(client, connection)
        .await
        .map_err(|error| passing(&error))?;
    conn.batch_execute(&settings.join("; ")).await.map_err(|error| passing(&error))?;
    Ok(conn)
}

fn explain(error: &tokio_postgres::Error, servers: &str) -> ConnectError {
    if let Some(said) = error.as_db_error() {
        return answered(said, servers);
    }
    let (kind, source) = (error.to_string(), error.source());
    let cause = source.and_then(|source| source.downcast_ref::<io::Error>());
    let detail = source.map_or_else(|| kind.clone(), ToString::to_string);
    if kind == TLS_KIND {
        return handshake(cause, &detail, servers);
    }
    if FINAL_KINDS.contains(&kind.as_str()) {
        return ConnectError::Final(format!("cannot be used: {detail}"));
    }
    ConnectError::Passing(match cause {
        Some(cause) if cause.kind() == io::ErrorKind::ConnectionRefused => {
            format!("{servers}: connection refused")
        }
        Some(cause) if cause.kind() == io::ErrorKind::TimedOut => {
            format!("{servers}: no answer within {CONNECT_TIMEOUT:?}")
        }
        // The standard library has no kind for a failed look-up.
        Some(cause) if cause.to_string().contains("lookup address") => {
            format!("{servers}: unknown host")
        }
        _ => format!("{servers}: {detail}"),
    })
}

fn answered(said: &DbError, servers: &str) -> ConnectError {
    let message = said.message();
    if FINAL.contains(said.code()) {
        ConnectError::Final(format!("is refused by PostgreSQL at {servers}: {message}"))
    } else {
        ConnectError::Passing(format!("{servers}: {message}"))
    }
}

/// A broken connection is temporary. A rejected certificate or a server without TLS is not.
fn handshake(cause: Option<&io::Error>, detail: &str, servers: &str) -> ConnectError {
    let is_refused = |cause: &io::Error| cause.get_ref().is_some_and(|it| it.is::<rustls::Error>());
    match cause {
        Some(cause) if !is_refused(cause) => ConnectError::Passing(format!("{servers}: {detail}")),
        _ => ConnectError::Final(format!("has an sslmode that fails at {servers}: {detail}")),
    }
}
