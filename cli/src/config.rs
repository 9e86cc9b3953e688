//! Configuration from the environment. Whatever is missing or wrong is one line that names the variable.

mod edge;

use amana_api::EdgeConfig;
use amana_domain::api_key::KeyMode;
use amana_messaging::{MailConfig, SmsConfig};
use amana_mpesa::MpesaConfig;
use amana_postgres::{MasterKey, MasterKeys};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use url::Url;

/// HS256 needs as many bytes of secret as its hash has.
const JWT_SECRET_CHARS_MIN: usize = 32;

pub const FILES_VARIABLE: &str = "AMANA_FILES_DIR";
pub const GEOIP_VARIABLE: &str = "AMANA_GEOIP_FILE";

pub const MASTER_KEY_VARIABLE: &str = "AMANA_MASTER_KEY";
const PREVIOUS_MASTER_KEY_VARIABLE: &str = "AMANA_MASTER_KEY_PREVIOUS";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    pub variable: &'static str,
    pub why: String,
}

impl Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "configuration: {} {}", self.variable, self.why)
    }
}

impl std::error::Error for ConfigError {}

/// Where variables come from: the process's environment, or a table in tests.
pub struct Source<'a>(&'a dyn Fn(&str) -> Option<String>);

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Source")
    }
}

impl<'a> Source<'a> {
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self(lookup)
    }

    fn optional(&self, variable: &'static str) -> Option<String> {
        (self.0)(variable).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn text(&self, variable: &'static str) -> Result<String, ConfigError> {
        self.optional(variable)
            .ok_or_else(|| ConfigError { variable, why: "is not set".to_owned() })
    }

    fn secret(&self, variable: &'static str) -> Result<SecretString, ConfigError> {
        self.text(variable).map(SecretString::from)
    }

    /// Never shows the value: it may hold a password.
    fn parsed<T: FromStr>(&self, variable: &'static str, wanted: &str) -> Result<T, ConfigError> {
        let wrong = || ConfigError { variable, why: format!("must be {wanted}") };
        self.text(variable)?.parse().map_err(|_| wrong())
    }

    fn parsed_or<T: FromStr>(
        &self,
        variable: &'static str,
        wanted: &str,
        default: T,
    ) -> Result<T, ConfigError> {
        match self.optional(variable) {
            None => Ok(default),
            Some(_) => self.parsed(variable, wanted),
        }
    }

    /// What stands between commas.
    fn list<T>(
        &self,
        variable: &'static str,
        (wanted, default): (&str, &str),
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, ConfigError> {
        let wrong = || ConfigError { variable, why: format!("must be {wanted}") };
        let text = self.optional(variable).unwrap_or_else(|| default.to_owned());
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(|item| parse(item).ok_or_else(wrong)).collect()
    }

    fn in_range<T>(
        &self,
        variable: &'static str,
        default: T,
        range: std::ops::RangeInclusive<T>,
    ) -> Result<T, ConfigError>
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let value = self.parsed_or(variable, &wanted, default)?;
        if range.contains(&value) {
            Ok(value)
        } else {
            Err(ConfigError { variable, why: format!("must be {wanted}") })
        }
    }
}

/// The servers that API and worker share.
#[derive(Debug, Clone)]
pub struct Servers {
    pub database_url: SecretString,
    pub database_connections_max: u32,
    pub redis_url: SecretString,
    pub redis_namespace: String,
    pub master_keys: MasterKeys,
}

impl Servers {
    /// # Errors
    /// [`ConfigError`] naming the first variable that is missing or wrong.
    pub fn read(source: &Source<'_>) -> Result<Self, ConfigError> {
        let scheme = |variable, url: &SecretString, schemes: [&str; 2]| {
            let known = schemes.iter().any(|scheme| url.expose_secret().starts_with(scheme));
            let why = || format!("must start with {}", schemes[0]);
            if known { Ok(()) } else { Err(ConfigError { variable, why: why() }) }
        };
        let database_url = database_url(source)?;
        let redis_url = source.secret("REDIS_URL")?;
        scheme("REDIS_URL", &redis_url, ["redis://", "rediss://"])?;
        Ok(Self {
            database_url,
            database_connections_max: source.in_range("DATABASE_CONNECTIONS_MAX", 16, 1..=500)?,
            redis_url,
            redis_namespace: source
                .optional("REDIS_NAMESPACE")
                .unwrap_or_else(|| "amana".to_owned()),
            master_keys: master_keys(source)?,
        })
    }
}

/// # Errors
/// [`ConfigError`] if the variable is missing or is no PostgreSQL URL.
pub fn database_url(source: &Source<'_>) -> Result<SecretString, ConfigError> {
    let variable = "DATABASE_URL";
    let url = source.secret(variable)?;
    if ["postgres://", "postgresql://"].iter().any(|scheme| url.expose_secret().starts_with(scheme))
    {
        Ok(url)
    } else {
        Err(ConfigError { variable, why: "must start with postgres://".to_owned() })
    }
}

/// What personal data is sealed under, and what it was sealed under before.
///
/// # Errors
/// [`ConfigError`] if a key is missing or is not one.
pub fn master_keys(source: &Source<'_>) -> Result<MasterKeys, ConfigError> {
    let key = |variable| {
        let why =
            || "must be 32 bytes in base64, such as `openssl rand -base64 32` makes".to_owned();
        let bytes = STANDARD.decode(source.text(variable)?).unwrap_or_default();
        let bytes = bytes.try_into().map_err(|_| ConfigError { variable, why: why() })?;
        Ok(MasterKey::new(bytes))
    };
    let previous = source.optional(PREVIOUS_MASTER_KEY_VARIABLE);
    Ok(MasterKeys {
        current: key(MASTER_KEY_VARIABLE)?,
        previous: previous.map(|_| key(PREVIOUS_MASTER_KEY_VARIABLE)).transpose()?,
    })
}

/// The folder of files, the same for every API and worker.
fn files(source: &Source<'_>) -> Result<PathBuf, ConfigError> {
    source.text(FILES_VARIABLE).map(PathBuf::from)
}

#[derive(Debug, Clone)]
pub struct Api {
    pub listen: SocketAddr,
    pub jwt_secret: SecretString,
    pub fee_percentage_bps: u16,
    pub fee_fixed_minor: i64,
    pub mode: KeyMode,
    pub staff_networks: Vec<IpNet>,
    pub files: PathBuf,
    pub edge: EdgeConfig,
    /// Tells where addresses are.
    pub geoip: Option<PathBuf>,
    pub support_contact: Option<String>,
}

/// This machine and private networks (RFC 1918, RFC 4193).
const STAFF_NETWORKS: &str = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7";

impl Api {
    /// # Errors
    /// [`ConfigError`] naming the first variable that is missing or wrong.
    pub fn read(source: &Source<'_>) -> Result<Self, ConfigError> {
        let jwt_secret = jwt_secret(source)?;
        let listen = SocketAddr::from(([127, 0, 0, 1], 8080));
        Ok(Self {
            listen: source.parsed_or(
                "AMANA_LISTEN",
                "an address with a port, such as 127.0.0.1:8080",
                listen,
            )?,
            jwt_secret,
            fee_percentage_bps: source.in_range("AMANA_FEE_PERCENTAGE_BPS", 150, 0..=10_000)?,
            fee_fixed_minor: source.in_range("AMANA_FEE_FIXED_MINOR", 0, 0..=100_000_000)?,
            mode: mode(source)?,
            staff_networks: edge::networks(source, "AMANA_STAFF_NETWORKS", STAFF_NETWORKS)?,
            files: files(source)?,
            edge: edge::read(source)?,
            geoip: source.optional(GEOIP_VARIABLE).map(PathBuf::from),
            support_contact: source.optional("AMANA_SUPPORT_CONTACT"),
        })
    }
}

/// Whoever says nothing moves real money: its keys must not be taken for harmless ones, and nobody moves its clock.
fn mode(source: &Source<'_>) -> Result<KeyMode, ConfigError> {
    source.parsed_or("AMANA_MODE", "test or live", KeyMode::Live)
}

/// The secret that API and workers share: tokens are signed with it, one-time codes made from it.
pub(crate) fn jwt_secret(source: &Source<'_>) -> Result<SecretString, ConfigError> {
    let variable = "AMANA_JWT_SECRET";
    let secret = source.secret(variable)?;
    if secret.expose_secret().len() < JWT_SECRET_CHARS_MIN {
        let why = format!("must have at least {JWT_SECRET_CHARS_MIN} characters");
        return Err(ConfigError { variable, why });
    }
    Ok(secret)
}

#[derive(Debug)]
pub struct Worker {
    /// One-time codes are made from it.
    pub jwt_secret: SecretString,
    pub mpesa: MpesaConfig,
    /// Where the certificate in `mpesa` is to be read from: a file or an http(s) address.
    pub certificate: String,
    pub mail: MailConfig,
    pub sms: SmsConfig,
    pub reconcile_every: Duration,
    pub lease: Duration,
    pub mode: KeyMode,
    pub files: PathBuf,
}

impl Worker {
    /// # Errors
    /// [`ConfigError`] naming the first variable that is missing or wrong.
    pub fn read(source: &Source<'_>) -> Result<Self, ConfigError> {
        let address =
            |variable| source.parsed::<Url>(variable, "an address such as https://example.com");
        let mpesa = MpesaConfig {
            base_url: address("MPESA_BASE_URL")?,
            consumer_key: source.text("MPESA_CONSUMER_KEY")?,
            consumer_secret: source.secret("MPESA_CONSUMER_SECRET")?,
            shortcode: source.text("MPESA_SHORTCODE")?,
            passkey: source.secret("MPESA_PASSKEY")?,
            initiator_name: source.text("MPESA_INITIATOR")?,
            initiator_password: source.secret("MPESA_INITIATOR_PASSWORD")?,
            certificate_pem: String::new(),
            callback_base_url: address("AMANA_PUBLIC_URL")?,
            statement_url: match source.optional("MPESA_STATEMENT_URL") {
                Some(_) => Some(address("MPESA_STATEMENT_URL")?),
                None => None,
            },
        };
        Ok(Self {
            jwt_secret: jwt_secret(source)?,
            mpesa,
            certificate: source.text("MPESA_CERTIFICATE")?,
            mail: MailConfig { url: source.secret("SMTP_URL")?, from: source.text("MAIL_FROM")? },
            sms: SmsConfig {
                base_url: source.text("AFRICASTALKING_URL")?,
                username: source.text("AFRICASTALKING_USERNAME")?,
                api_key: source.secret("AFRICASTALKING_API_KEY")?,
                sender_id: source.optional("AFRICASTALKING_SENDER_ID"),
            },
            reconcile_every: Duration::from_secs(source.in_range(
                "AMANA_RECONCILE_EVERY_S",
                300,
                1..=86_400,
            )?),
            lease: Duration::from_secs(source.in_range("AMANA_JOB_LEASE_S", 30, 1..=3_600)?),
            mode: mode(source)?,
            files: files(source)?,
        })
    }
}

/// The variable behind a setting that an adapter refuses.
#[must_use]
pub fn mpesa_variable(setting: &str) -> &'static str {
    match setting {
        "base_url" => "MPESA_BASE_URL",
        "consumer_key" => "MPESA_CONSUMER_KEY",
        "consumer_secret" => "MPESA_CONSUMER_SECRET",
        "shortcode" => "MPESA_SHORTCODE",
        "passkey" => "MPESA_PASSKEY",
        "initiator_name" => "MPESA_INITIATOR",
        "initiator_password" => "MPESA_INITIATOR_PASSWORD",
        "certificate_pem" => "MPESA_CERTIFICATE",
        "callback_base_url" => "AMANA_PUBLIC_URL",
        "statement_url" => "MPESA_STATEMENT_URL",
        _ => "MPESA_BASE_URL",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::collections::HashMap;

    pub(crate) fn api(pairs: &[(&str, &str)]) -> Result<Api, ConfigError> {
        let pairs = pairs.iter().chain(&[("AMANA_FILES_DIR", "/var/lib/amana/files")]);
        let table: HashMap<String, String> =
            pairs.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Api::read(&Source::new(&|name| table.get(name).cloned()))
    }

    pub(crate) const SECRET: (&str, &str) =
        ("AMANA_JWT_SECRET", "0123456789abcdef0123456789abcdef");

    #[test]
    fn what_is_missing_or_wrong_is_named_and_never_shown() {
        let check = |pairs: &[(&str, &str)], line: &str| {
            assert_eq!(api(pairs).unwrap_err().to_string(), line)
        };
        check(&[], "configuration: AMANA_JWT_SECRET is not set");
        check(
            &[("AMANA_JWT_SECRET", "short")],
            "configuration: AMANA_JWT_SECRET must have at least 32 characters",
        );
        check(
            &[SECRET, ("AMANA_LISTEN", "here")],
            "configuration: AMANA_LISTEN must be an address with a port, such as 127.0.0.1:8080",
        );
        check(
            &[SECRET, ("AMANA_FEE_PERCENTAGE_BPS", "20000")],
            "configuration: AMANA_FEE_PERCENTAGE_BPS must be a whole number from 0 to 10000",
        );
        check(
            &[SECRET, ("AMANA_MODE", "sandbox")],
            "configuration: AMANA_MODE must be test or live",
        );
        check(
            &[SECRET, ("AMANA_RATE_LIMITS", "some")],
            "configuration: AMANA_RATE_LIMITS must be on or off",
        );
    }

    #[test]
    fn defaults_are_enough_for_the_rest() {
        let api = api(&[SECRET, ("AMANA_FEE_FIXED_MINOR", "  ")]).unwrap();
        assert_eq!((api.fee_percentage_bps, api.fee_fixed_minor), (150, 0));
        assert_eq!(api.mode, KeyMode::Live);
        assert_eq!(api.edge.rate_limits, amana_api::RateLimits::default());
        assert!(api.edge.trusted_proxies.is_empty() && api.edge.allowed_origins.is_empty());
    }
}
