//! Assembly of the API from its layers.

use crate::api_keys::KeyRing;
use crate::context::{Context, FeePolicy};
use crate::cookies::CsrfTokens;
use crate::ended::Ended;
use crate::factor::FactorKeys;
use crate::health::Readiness;
use crate::links::Links;
use crate::password::Passwords;
use crate::passwords::RESETS_AT_ONCE;
use crate::place::Places;
use crate::polled::Polled;
use crate::problem::{of_framework, of_panic};
use crate::rate_limits::{Budgets, RateLimits};
use crate::secret::ServerSecret;
use crate::service::{ServiceFacts, Started};
use crate::signing_keys::{self, SharedKeys};
use crate::tokens::Tokens;
use crate::{bounds, compress, cors, docs, observe, rate_limits, realtime, service};
use amana_domain::api_key::KeyMode;
use amana_files::Files;
use amana_postgres::{Clock, CodeKey, Store, TransferWriter};
use amana_redis::Transport;
use ipnet::IpNet;
use poem::http::HeaderValue;
use poem::middleware::{CatchPanic, CookieJarManager};
use poem::{Endpoint, EndpointExt, Response, Route};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use tokio::sync::Semaphore;

#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Server secret, shared by all instances and workers: signs tokens and file links, derives one-time codes, and
    /// encrypts signing keys and TOTP secrets.
    pub jwt_secret: SecretString,
    pub fee: FeePolicy,
    /// Real or test money. API keys of the other mode are rejected.
    pub mode: KeyMode,
    /// Networks from which staff may make decisions about money and permissions.
    pub staff_networks: Vec<IpNet>,
    /// Storage of documents, shared by all instances and workers.
    pub files: Files,
    pub edge: EdgeConfig,
    /// Locations of IP addresses, if a file is configured.
    pub places: Places,
    /// Contact for user support: an e-mail address, a phone number or a web page.
    pub support_contact: Option<String>,
}

/// Network settings of the API.
#[derive(Debug, Clone, Default)]
pub struct EdgeConfig {
    /// Proxies whose forwarded client addresses are trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Networks from which callbacks are accepted; all networks if empty.
    pub callback_networks: Vec<IpNet>,
    /// Origins whose pages may call the API from a browser, such as `https://app.example.com`.
    pub allowed_origins: Vec<String>,
    pub rate_limits: RateLimits,
}

impl EdgeConfig {
    /// Settings without rate limits, for tests and measurements.
    #[must_use]
    pub fn unlimited() -> Self {
        Self { rate_limits: RateLimits::OFF, ..Self::default() }
    }
}

/// Returns the API with all its layers. Spawns tasks on the current runtime. Only rate limits and health checks use
/// `redis`.
pub fn app(
    store: Store,
    clock: Clock,
    redis: Option<Transport>,
    config: &ApiConfig,
) -> impl Endpoint<Output = Response> + 'static {
    let edge = &config.edge;
    let origins =
        edge.allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let origins: Arc<[HeaderValue]> = origins.collect();
    let trusted: Arc<[IpNet]> = edge.trusted_proxies.as_slice().into();
    let secret = ServerSecret::new(config.jwt_secret.clone());
    if config.mode == KeyMode::Test {
        tokio::spawn(clock.clone().follow(store.clone()));
    }
    let context = Arc::new(Context {
        budgets: Budgets::new(&edge.rate_limits, redis.as_ref()),
        service: ServiceFacts::new(config.mode, config.support_contact.clone()),
        started: Started::now(),
        readiness: Readiness::default(),
        transfers: TransferWriter::start(&store, &clock),
        ended: Polled::start(Ended { store: store.clone(), clock: clock.clone() }),
        keys: KeyRing::new(store.clone(), config.mode),
        signing_keys: Polled::start(SharedKeys {
            store: store.clone(),
            clock: clock.clone(),
            secret: secret.clone(),
        }),
        staff_networks: config.staff_networks.clone(),
        store,
        clock,
        redis,
        tokens: Tokens::new(&config.jwt_secret),
        passwords: Passwords::default(),
        codes: CodeKey::derive(config.jwt_secret.expose_secret().as_bytes()),
        resets: Arc::new(Semaphore::new(RESETS_AT_ONCE)),
        factor_keys: FactorKeys::new(secret.clone()),
        fees: config.fee,
        files: config.files.clone(),
        places: config.places.clone(),
        links: Links::new(&secret),
        callback_networks: edge.callback_networks.clone(),
        csrf: CsrfTokens::new(&secret),
        sockets: Arc::default(),
    });
    Route::new()
        .nest_no_strip("/", service())
        .at("/openapi.json", docs::document_endpoint())
        .at("/docs", docs::page_endpoint())
        .at(realtime::PATH, poem::get(realtime::open))
        .at(signing_keys::PATH, poem::get(signing_keys::published))
        .data(Arc::clone(&context))
        .around(bounds::bound)
        .with(CatchPanic::new().with_handler(of_panic))
        .catch_all_error(of_framework)
        // Boxed, because the type would otherwise be too deep for the compiler.
        .boxed()
        .around(move |endpoint, request| {
            rate_limits::limit(Arc::clone(&context), endpoint, request)
        })
        .with(CookieJarManager::new())
        .around(compress::compress)
        .around(move |endpoint, request| cors::share(Arc::clone(&origins), endpoint, request))
        .around(move |endpoint, request| observe::observe(Arc::clone(&trusted), endpoint, request))
}
