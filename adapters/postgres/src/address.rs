//! The URL of a database: servers, user, and encryption of the connection.
//!
//! `sslmode` and `sslrootcert` follow libpq, with two stricter rules. A server certificate is verified in full (chain
//! and host name) or not at all. `sslrootcert` is rejected if it would have no effect.

use crate::tls;
use percent_encoding::percent_decode_str;
use std::time::Duration;
use thiserror::Error;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// Selects the certificate authorities of the operating system, as in libpq.
const SYSTEM_ROOTS: &str = "system";

/// Longest time of one TCP connection attempt.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An invalid URL. The text continues the variable's name and contains no part of the URL, which has a password.
#[derive(Debug, Error)]
pub enum AddressError {
    #[error("must start with postgres://")]
    Scheme,
    #[error("must be a URL such as postgres://user:password@host:5432/database")]
    Form,
    #[error("has an unknown sslmode (use disable, prefer, require or verify-full)")]
    Mode,
    #[error("has an sslrootcert without effect (add sslmode=verify-full)")]
    UnusedRoots,
    #[error("names an sslrootcert that holds no PEM certificate or cannot be read ({0})")]
    Roots(String),
    #[error(
        "needs certificate authorities, and this machine has none (set sslrootcert to a PEM file)"
    )]
    NoSystemRoots,
    #[error("cannot be used with TLS ({0})")]
    Tls(String),
}

/// A parsed URL, ready to connect with.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) config: Config,
    pub(crate) tls: MakeRustlsConnect,
}

/// Checks a URL without connecting.
///
/// # Errors
/// [`AddressError`], also if `sslrootcert` names a file that cannot be used.
pub fn check_url(url: &str) -> Result<(), AddressError> {
    Address::parse(url).map(drop)
}

impl Address {
    pub(crate) fn parse(url: &str) -> Result<Self, AddressError> {
        if !SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
            return Err(AddressError::Scheme);
        }
        // The password, which ends at the first `@`, may contain a question mark.
        let (user, rest) = url.split_at(url.find('@').unwrap_or(0));
        let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (own, others): (Vec<&str>, Vec<&str>) =
            options.split('&').filter(|option| !option.is_empty()).partition(|option| {
                option.starts_with("sslmode=") || option.starts_with("sslrootcert=")
            });
        let url = format!("{user}{place}?{}", others.join("&"));
        let mut config: Config =
            url.trim_end_matches('?').parse().map_err(|_| AddressError::Form)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(AddressError::Form);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        let roots = last(&own, "sslrootcert=");
        let (mode, is_verified) = match last(&own, "sslmode=").as_deref() {
            Some("disable") => (SslMode::Disable, false),
            None | Some("prefer") => (SslMode::Prefer, false),
            Some("require") => (SslMode::Require, false),
            Some("verify-full") => (SslMode::Require, true),
            Some(_) => return Err(AddressError::Mode),
        };
        config.ssl_mode(mode);
        let tls = match (is_verified, roots.as_deref()) {
            (false, None) => tls::unverified()?,
            (false, Some(_)) => return Err(AddressError::UnusedRoots),
            (true, None | Some(SYSTEM_ROOTS)) => tls::verified(tls::system_roots()?)?,
            (true, Some(file)) => tls::verified(tls::roots_of(file)?)?,
        };
        Ok(Self { config, tls: MakeRustlsConnect::new(tls) })
    }

    /// Returns the servers of the URL, for messages.
    pub(crate) fn servers(&self) -> String {
        let ports = self.config.get_ports();
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        let hosts: Vec<String> = if self.config.get_hosts().is_empty() {
            self.config.get_hostaddrs().iter().map(ToString::to_string).collect()
        } else {
            hosts.collect()
        };
        let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        let named = hosts.iter().enumerate().map(|(index, host)| format!("{host}:{}", port(index)));
        named.collect::<Vec<_>>().join(", ")
    }
}

/// Returns the decoded value of the last option with this name. As in libpq, later options replace earlier ones.
fn last(options: &[&str], prefix: &str) -> Option<String> {
    let value = options.iter().rev().find_map(|option| option.strip_prefix(prefix))?;
    Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        check_url(url).unwrap_err().to_string()
    }

    #[test]
    fn libpq_modes_are_understood() {
        for (options, mode) in [
            ("", SslMode::Prefer),
            ("?sslmode=disable", SslMode::Disable),
            ("?sslmode=prefer", SslMode::Prefer),
            ("?application_name=a&sslmode=require", SslMode::Require),
            ("?sslmode=disable&sslmode=require&application_name=a", SslMode::Require),
        ] {
            let url = format!("postgres://amana:secret@db:5433/amana{options}");
            let address = Address::parse(&url).unwrap();
            assert_eq!(address.config.get_ssl_mode(), mode, "{options}");
            assert_eq!(address.servers(), "db:5433");
            assert_eq!(address.config.get_password(), Some(&b"secret"[..]));
            let is_named = address.config.get_application_name() == Some("a");
            assert_eq!(is_named, options.contains("application_name"), "{options}");
        }
    }

    #[test]
    fn a_password_may_have_question_marks() {
        let address = Address::parse("postgres://amana:a?b&c@db/amana?sslmode=disable").unwrap();
        assert_eq!(address.config.get_password(), Some(&b"a?b&c"[..]));
        assert_eq!(address.config.get_ssl_mode(), SslMode::Disable);
        assert_eq!(address.config.get_dbname(), Some("amana"));
    }

    #[test]
    fn wrong_urls_are_refused_without_being_shown() {
        let base = "postgres://amana:secret@db/amana";
        for (url, wanted) in [
            ("mysql://amana:secret@db/amana".to_owned(), "must start with postgres://"),
            ("postgres://amana:secret@db:port/amana".to_owned(), "must be a URL such as"),
            ("postgres:///amana".to_owned(), "must be a URL such as"),
            (format!("{base}?unknown=1"), "must be a URL such as"),
            (format!("{base}?sslmode=verify-ca"), "unknown sslmode"),
            (format!("{base}?sslmode="), "unknown sslmode"),
            (format!("{base}?sslrootcert=/ca.pem"), "add sslmode=verify-full"),
            (format!("{base}?sslmode=require&sslrootcert=/ca.pem"), "add sslmode=verify-full"),
            (format!("{base}?sslmode=verify-full&sslrootcert=/nowhere/ca.pem"), "cannot be read"),
        ] {
            let said = refusal(&url);
            assert!(said.contains(wanted) && !said.contains("secret"), "{url}: {said}");
        }
    }
}
