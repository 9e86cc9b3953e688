//! Putting the layers together, and serving until told to stop.

use crate::context::{Context, FeePolicy};
use crate::ended::EndedSessions;
use crate::factor::FactorKeys;
use crate::links::Links;
use crate::password::Passwords;
use crate::passwords::RESETS_AT_ONCE;
use crate::place::Places;
use crate::problem::{of_framework, of_panic};
use crate::tokens::Tokens;
use crate::{bounds, docs, observe, service};
use amana_files::Files;
use amana_postgres::{Clock, CodeKey, Store, TransferWriter};
use amana_redis::Transport;
use ipnet::IpNet;
use poem::listener::TcpAcceptor;
use poem::middleware::CatchPanic;
use poem::{Endpoint, EndpointExt, Response, Route, Server};
use secrecy::{ExposeSecret, SecretString};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// How long requests that are under way may take when the server is told to stop.
pub const SHUTDOWN_MAX: Duration = Duration::from_secs(10);

/// A connection on which nothing happens for so long is closed.
const IDLE_MAX: Duration = Duration::from_secs(75);

#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Signs the access tokens, signs the links to files, and makes one-time codes; all instances and workers share it.
    pub jwt_secret: SecretString,
    pub fee: FeePolicy,
    /// From where those who work here may decide about money and rights.
    pub staff_networks: Vec<IpNet>,
    /// Where documents are kept; all instances and workers share it.
    pub files: Files,
    /// Where addresses are, if that is to be known.
    pub places: Places,
}

/// The whole API with all its layers, on the present runtime. `redis` is only asked whether it is there.
pub fn app(
    store: Store,
    clock: Clock,
    redis: Option<Transport>,
    config: &ApiConfig,
) -> impl Endpoint<Output = Response> + 'static {
    let context = Arc::new(Context {
        transfers: TransferWriter::start(&store, &clock),
        ended: EndedSessions::start(store.clone(), clock.clone()),
        staff_networks: config.staff_networks.clone(),
        store,
        clock,
        redis,
        tokens: Tokens::new(&config.jwt_secret),
        passwords: Passwords::default(),
        codes: CodeKey::derive(config.jwt_secret.expose_secret().as_bytes()),
        resets: Arc::new(Semaphore::new(RESETS_AT_ONCE)),
        factor_keys: FactorKeys::new(config.jwt_secret.clone()),
        fees: config.fee,
        files: config.files.clone(),
        places: config.places.clone(),
        links: Links::new(&config.jwt_secret),
    });
    Route::new()
        .nest_no_strip("/", service())
        .at("/openapi.json", docs::document_endpoint())
        .at("/docs", docs::page_endpoint())
        .data(context)
        .around(bounds::bound)
        .with(CatchPanic::new().with_handler(of_panic))
        .catch_all_error(of_framework)
        .around(observe::observe)
}

/// Serves until `shutdown` is over; then lets running requests end, for at most [`SHUTDOWN_MAX`].
///
/// # Errors
/// If the listener cannot be used.
pub async fn serve(
    listener: TcpListener,
    app: impl Endpoint + 'static,
    shutdown: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let acceptor = TcpAcceptor::from_tokio(listener)?;
    Server::new_with_acceptor(acceptor)
        .idle_timeout(IDLE_MAX)
        .run_with_graceful_shutdown(app, shutdown, Some(SHUTDOWN_MAX))
        .await
}
