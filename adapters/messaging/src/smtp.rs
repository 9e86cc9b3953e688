//! A connection pool for one SMTP server.
//!
//! lettre's own pool takes a connection back even if a send was cancelled; the next message would
//! then read the replies to the previous one. Here a connection returns to the pool only after a
//! complete exchange. Otherwise it is closed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

use crate::error::ConfigError;
use crate::net::{bare_host, is_loopback};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum idle time. Servers close idle connections after some minutes.
const IDLE_MAX: Duration = Duration::from_secs(60);
const CONNECTIONS_MAX: usize = 8;

const PORT_PLAIN: u16 = 25;
const PORT_STARTTLS: u16 = 587;
const PORT_TLS: u16 = 465;

/// The phase in which a send failed.
pub(crate) enum Failure {
    /// Before the message was sent: the problem is the server or our account.
    Opening(Error),
    /// While the message was sent: the problem is the message or its recipient.
    Handing(Error),
}

enum Tls {
    None,
    Start(TlsParameters),
    Whole(TlsParameters),
}

pub(crate) struct SmtpServer {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
    idle: Mutex<Vec<Idle>>,
    permits: Semaphore,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl SmtpServer {
    /// Reads the URL. `smtps://` uses TLS from the first byte. `smtp://` requires STARTTLS, unless
    /// the host is this machine or the URL contains `?tls=none`.
    pub(crate) fn from_url(url: &SecretString) -> Result<Self, ConfigError> {
        let url = Url::parse(url.expose_secret()).map_err(|_| ConfigError::SmtpUrl)?;
        let host = url.host_str().map(bare_host).filter(|host| !host.is_empty());
        let host = host.ok_or(ConfigError::SmtpUrl)?.to_owned();
        if !matches!(url.path(), "" | "/") {
            return Err(ConfigError::SmtpUrl);
        }
        let (tls, port) = tls(&url, &host)?;
        Ok(Self {
            port: url.port().unwrap_or(port),
            host,
            tls,
            credentials: credentials(&url)?,
            idle: Mutex::default(),
            permits: Semaphore::new(CONNECTIONS_MAX),
        })
    }

    /// Sends one message. The caller sets the time limit; the future may be dropped at any time.
    pub(crate) async fn send(&self, envelope: &Envelope, email: &[u8]) -> Result<(), Failure> {
        // The semaphore is never closed, so this cannot fail.
        let _permit = self.permits.acquire().await;
        let mut connection = match self.reuse().await {
            Some(connection) => connection,
            None => self.open().await.map_err(Failure::Opening)?,
        };
        connection.send(envelope, email).await.map_err(Failure::Handing)?;
        self.keep(connection);
        Ok(())
    }

    async fn reuse(&self) -> Option<AsyncSmtpConnection> {
        // Releases the lock before any request to the server.
        let take = || self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        while let Some(mut idle) = take() {
            if idle.since.elapsed() < IDLE_MAX && idle.connection.test_connected().await {
                return Some(idle.connection);
            }
        }
        None
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, Error> {
        let name = ClientId::default();
        let whole = match &self.tls {
            Tls::Whole(parameters) => Some(parameters.clone()),
            Tls::None | Tls::Start(_) => None,
        };
        let address = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT_TIMEOUT), &name, whole, None)
                .await?;
        if let Tls::Start(parameters) = &self.tls {
            connection.starttls(parameters.clone(), &name).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        if !connection.has_broken() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(Idle { connection, since: Instant::now() });
        }
    }
}

fn tls(url: &Url, host: &str) -> Result<(Tls, u16), ConfigError> {
    let parameters = || TlsParameters::new(host.to_owned()).map_err(|_| ConfigError::Tls);
    let wish = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value);
    match (url.scheme(), wish.as_deref()) {
        ("smtps", None | Some("required")) => Ok((Tls::Whole(parameters()?), PORT_TLS)),
        ("smtp", Some("none")) => Ok((Tls::None, PORT_PLAIN)),
        ("smtp", None) if is_loopback(host) => Ok((Tls::None, PORT_PLAIN)),
        ("smtp", None | Some("required")) => Ok((Tls::Start(parameters()?), PORT_STARTTLS)),
        ("smtp" | "smtps", Some(_)) => Err(ConfigError::SmtpTls),
        _ => Err(ConfigError::SmtpUrl),
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, ConfigError> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().map_err(|_| ConfigError::SmtpUrl)?;
        Ok(text.into_owned())
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, Some(password)) if !user.is_empty() => {
            Ok(Some(Credentials::new(decoded(user)?, decoded(password)?)))
        }
        _ => Err(ConfigError::SmtpUrl),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, tls: &str, port: u16) {
        let server = SmtpServer::from_url(&SecretString::from(url)).expect("a good URL");
        let found = match server.tls {
            Tls::None => "none",
            Tls::Start(_) => "starttls",
            Tls::Whole(_) => "tls",
        };
        assert_eq!((found, server.port), (tls, port), "{url}");
    }

    #[test]
    fn only_this_machine_or_the_url_itself_can_do_without_tls() {
        check("smtps://mail.example", "tls", 465);
        check("smtp://mail.example", "starttls", 587);
        check("smtp://mail.example:25", "starttls", 25);
        check("smtp://localhost.mail.example", "starttls", 587);
        check("smtp://128.0.0.1", "starttls", 587);
        check("smtp://mail.example?tls=none", "none", 25);
        check("smtp://localhost", "none", 25);
        check("smtp://127.0.0.1:2525", "none", 2525);
        check("smtp://[::1]", "none", 25);
        check("smtp://localhost?tls=required", "starttls", 587);
    }
}
