//! Configuration from the environment. One error message lists all variables that are missing or invalid.

mod edge;
mod house;
mod log;
mod source;
mod variable;
mod worker;

pub use log::{Log, LogFormat};
pub use source::{ConfigError, ConfigErrors, Source};
pub use variable::Variable;
pub use worker::Worker;

use amana_api::{EdgeConfig, Places};
use amana_domain::api_key::KeyMode;
use amana_files::Files;
use amana_postgres::{MasterKey, MasterKeys};
use amana_redis::{Transport, TransportError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// HS256 needs a secret at least as long as its hash: 32 bytes.
const JWT_SECRET_CHARS_MIN: usize = 32;

/// How long API and worker wait for each server at start.
const START_WAIT_S: u64 = 60;
const START_WAIT_S_MAX: u64 = 3_600;

const NAMESPACE: &str = "amana";

/// This machine and private networks (RFC 1918, RFC 4193).
const TEST_STAFF_NETWORKS: &str =
    "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7";

/// With real money no network is trusted by default: a private network may have hosts of strangers.
const LIVE_STAFF_NETWORKS: &str = "";

/// Whether the error is about a setting, which has an exit code of its own.
#[must_use]
pub fn is_wrong_setting(error: &anyhow::Error) -> bool {
    error.is::<ConfigErrors>()
}

/// The servers that API and worker connect to.
#[derive(Debug)]
pub struct Servers {
    pub database_url: SecretString,
    pub database_connections_max: u32,
    pub redis: Redis,
    pub master_keys: MasterKeys,
    pub start_wait: Duration,
}

/// The address of Redis, and the certificate authority that verifies it.
#[derive(Debug)]
pub struct Redis {
    pub url: SecretString,
    /// The content of a PEM file; without it, `rediss://` trusts the authorities of the operating system.
    pub authority: Option<Vec<u8>>,
    pub namespace: String,
}

impl Servers {
    pub fn read(source: &Source) -> Option<Self> {
        let database_url = database_url(source);
        let connections_max = source.in_range(Variable::DatabaseConnectionsMax, 16, 1..=500);
        let redis = Redis::read(source);
        let master_keys = master_keys(source);
        let wait = source.in_range(Variable::StartWait, START_WAIT_S, 0..=START_WAIT_S_MAX);
        Some(Self {
            database_url: database_url?,
            database_connections_max: connections_max?,
            redis: redis?,
            master_keys: master_keys?,
            start_wait: Duration::from_secs(wait?),
        })
    }
}

impl Redis {
    fn read(source: &Source) -> Option<Self> {
        let authority = authority(source);
        let namespace = source.optional(Variable::RedisNamespace);
        let namespace = namespace.unwrap_or_else(|| NAMESPACE.to_owned());
        let url = source.secret(Variable::RedisUrl)?;
        let is_tls = url.expose_secret().starts_with("rediss://");
        if !is_tls && !url.expose_secret().starts_with("redis://") {
            return source.refuse(Variable::RedisUrl, "must start with redis:// or rediss://");
        }
        let authority = authority?;
        if authority.is_some() && !is_tls {
            let why = "has no effect unless REDIS_URL starts with rediss://";
            return source.refuse(Variable::RedisCaFile, why);
        }
        match Transport::check(url.expose_secret(), authority.as_deref(), &namespace) {
            Ok(()) => Some(Self { url, authority, namespace }),
            Err(TransportError::Namespace) => {
                let why = "must be 1 to 64 letters, digits, '-' or '_'";
                source.refuse(Variable::RedisNamespace, why)
            }
            Err(TransportError::Authority) => {
                source.refuse(Variable::RedisCaFile, "must be a file with PEM certificates")
            }
            Err(_) => source.refuse(Variable::RedisUrl, "must be a URL such as redis://host:6379"),
        }
    }
}

fn authority(source: &Source) -> Option<Option<Vec<u8>>> {
    let Some(file) = source.optional(Variable::RedisCaFile) else { return Some(None) };
    match std::fs::read(file) {
        Ok(content) => Some(Some(content)),
        Err(error) => {
            source.refuse(Variable::RedisCaFile, format!("is a file that cannot be read ({error})"))
        }
    }
}

pub fn database_url(source: &Source) -> Option<SecretString> {
    database(source, Variable::DatabaseUrl)
}

/// The URL of API and worker, for `amana migrate`, which grants its role the rights.
pub fn app_url(source: &Source) -> Option<Option<SecretString>> {
    match source.optional(Variable::DatabaseAppUrl) {
        None => Some(None),
        Some(_) => database(source, Variable::DatabaseAppUrl).map(Some),
    }
}

fn database(source: &Source, variable: Variable) -> Option<SecretString> {
    let url = source.secret(variable)?;
    match amana_postgres::check_url(url.expose_secret()) {
        Ok(()) => Some(url),
        Err(wrong) => source.refuse(variable, wrong.to_string()),
    }
}

/// The key that encrypts personal data, and the previous key if it is being replaced.
pub fn master_keys(source: &Source) -> Option<MasterKeys> {
    let current = master_key(source, Variable::MasterKey);
    let previous = match source.optional(Variable::MasterKeyPrevious) {
        None => Some(None),
        Some(_) => master_key(source, Variable::MasterKeyPrevious).map(Some),
    };
    Some(MasterKeys { current: current?, previous: previous? })
}

fn master_key(source: &Source, variable: Variable) -> Option<MasterKey> {
    let bytes = STANDARD.decode(source.text(variable)?).unwrap_or_default();
    let key = bytes.try_into().ok().map(MasterKey::new);
    let why = "must be 32 bytes in base64: make one with `openssl rand -base64 32`";
    key.or_else(|| source.refuse(variable, why))
}

/// The folder of uploaded files: the same for every API and worker.
fn files(source: &Source) -> Option<Files> {
    let folder = source.text(Variable::FilesDir)?;
    match Files::open(Path::new(&folder)) {
        Ok(files) => Some(files),
        Err(error) => {
            let why = format!("names a folder that cannot be used ({error})");
            source.refuse(Variable::FilesDir, why)
        }
    }
}

#[derive(Debug)]
pub struct Api {
    pub listen: SocketAddr,
    pub jwt_secret: SecretString,
    pub fee_percentage_bps: u16,
    pub fee_fixed_minor: i64,
    pub mode: KeyMode,
    pub staff_networks: Vec<IpNet>,
    pub files: Files,
    pub edge: EdgeConfig,
    /// The places of network addresses.
    pub places: Places,
    pub support_contact: Option<String>,
}

impl Api {
    pub fn read(source: &Source) -> Option<Self> {
        let listen = source.parsed_or(
            Variable::Listen,
            "an address with a port, such as 127.0.0.1:8080",
            SocketAddr::from(([127, 0, 0, 1], 8080)),
        );
        let jwt_secret = jwt_secret(source);
        let percentage = source.in_range(Variable::FeePercentageBps, 150, 0..=10_000);
        let fixed = source.in_range(Variable::FeeFixedMinor, 0, 0..=100_000_000);
        let mode = mode(source);
        let networks = match mode {
            Some(KeyMode::Test) => TEST_STAFF_NETWORKS,
            Some(KeyMode::Live) | None => LIVE_STAFF_NETWORKS,
        };
        let networks = edge::networks(source, Variable::StaffNetworks, networks);
        let (files, edge, places) = (files(source), edge::read(source), places(source));
        let support_contact = house::support_contact(source);
        Some(Self {
            listen: listen?,
            jwt_secret: jwt_secret?,
            fee_percentage_bps: percentage?,
            fee_fixed_minor: fixed?,
            mode: mode?,
            staff_networks: networks?,
            files: files?,
            edge: edge?,
            places: places?,
            support_contact: support_contact?,
        })
    }
}

fn places(source: &Source) -> Option<Places> {
    let Some(file) = source.optional(Variable::GeoipFile) else { return Some(Places::default()) };
    match Places::open(Path::new(&file)) {
        Ok(places) => Some(places),
        Err(error) => source.refuse(
            Variable::GeoipFile,
            format!("must name a GeoIP database file in MMDB format: {error}"),
        ),
    }
}

/// Defaults to live: live keys must not be mistaken for test keys, and the clock of real money must not be advanced.
fn mode(source: &Source) -> Option<KeyMode> {
    source.parsed_or(Variable::Mode, "test or live", KeyMode::Live)
}

/// The secret that API and worker share: it signs tokens and derives one-time codes.
pub(crate) fn jwt_secret(source: &Source) -> Option<SecretString> {
    let secret = source.secret(Variable::JwtSecret)?;
    if secret.expose_secret().len() < JWT_SECRET_CHARS_MIN {
        let why = format!("must have at least {JWT_SECRET_CHARS_MIN} characters");
        return source.refuse(Variable::JwtSecret, why);
    }
    Some(secret)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn source(pairs: &[(&str, &str)]) -> Source {
        Source::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    pub(crate) fn api(pairs: &[(&str, &str)]) -> Result<Api, ConfigErrors> {
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path().join("files");
        let files = ("AMANA_FILES_DIR", files.to_str().unwrap());
        let source = source(&[pairs, &[files]].concat());
        source.finish(Api::read(&source))
    }

    pub(crate) const SECRET: (&str, &str) =
        ("AMANA_JWT_SECRET", "0123456789abcdef0123456789abcdef");

    #[test]
    fn defaults_are_enough_for_the_rest() {
        let api = api(&[SECRET, ("AMANA_FEE_FIXED_MINOR", "  ")]).unwrap();
        assert_eq!((api.fee_percentage_bps, api.fee_fixed_minor), (150, 0));
        assert_eq!(api.mode, KeyMode::Live);
        assert_eq!(api.edge.rate_limits, amana_api::RateLimits::default());
        assert!(api.edge.trusted_proxies.is_empty() && api.edge.allowed_origins.is_empty());
    }

    #[test]
    fn real_money_has_no_staff_networks_unless_they_are_named() {
        let networks = |pairs: &[(&str, &str)]| {
            api(&[pairs, &[SECRET]].concat()).unwrap().staff_networks.len()
        };
        assert_eq!(networks(&[]), 0);
        assert_eq!(networks(&[("AMANA_MODE", "live")]), 0);
        assert_eq!(networks(&[("AMANA_MODE", "test")]), 6);
        let named = ("AMANA_STAFF_NETWORKS", "192.0.2.7");
        assert_eq!(networks(&[named]), 1);
        assert_eq!(networks(&[named, ("AMANA_MODE", "test")]), 1);
    }

    #[test]
    fn a_folder_is_made_beside_what_exists_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let read = |path: &Path| {
            let pairs = [SECRET, ("AMANA_FILES_DIR", path.to_str().unwrap())];
            let source = source(&pairs);
            source.finish(Api::read(&source))
        };
        let refused = read(&folder.path().join("a/b")).unwrap_err().to_string();
        assert!(refused.contains("AMANA_FILES_DIR names a folder"), "{refused}");
        assert!(!folder.path().join("a").exists());
        assert!(read(&folder.path().join("a")).is_ok());
    }
}
