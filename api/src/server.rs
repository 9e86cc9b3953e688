//! Putting the layers together.

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
    /// Signs the access tokens, signs the links to files, and makes one-time codes; all instances and workers share it.
    pub jwt_secret: SecretString,
    pub fee: FeePolicy,
    /// Whether real money is moved here or play money: API keys of the other kind are refused.
    pub mode: KeyMode,
    /// From where those who work here may decide about money and rights.
    pub staff_networks: Vec<IpNet>,
    /// Where documents are kept; all instances and workers share it.
    pub files: Files,
    pub edge: EdgeConfig,
    /// Where addresses are, if that is to be known.
    pub places: Places,
    /// Where users reach people who help: an e-mail address, a phone number or a web page.
    pub support_contact: Option<String>,
}

/// How the API meets the network.
#[derive(Debug, Clone, Default)]
pub struct EdgeConfig {
    /// Who is believed about the address of a client.
    pub trusted_proxies: Vec<IpNet>,
    /// From where the provider's callbacks are believed; from anywhere if it names nothing.
    pub callback_networks: Vec<IpNet>,
    /// Which web pages may call from a browser: `https://app.example.com`.
    pub allowed_origins: Vec<String>,
    pub rate_limits: RateLimits,
}

impl EdgeConfig {
    /// Without limits, for whoever measures or tests something else.
    #[must_use]
    pub fn unlimited() -> Self {
        Self { rate_limits: RateLimits::OFF, ..Self::default() }
    }
}

/// The whole API with all its layers, on the present runtime. Of `redis` only the budgets are used.
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
        // The layers on both sides of this would be one type too deep for the compiler.
        .boxed()
        .around(move |endpoint, request| {
            rate_limits::limit(Arc::clone(&context), endpoint, request)
        })
        .with(CookieJarManager::new())
        .around(compress::compress)
        .around(move |endpoint, request| cors::share(Arc::clone(&origins), endpoint, request))
        .around(move |endpoint, request| observe::observe(Arc::clone(&trusted), endpoint, request))
}
