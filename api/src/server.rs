//! Putting the layers together, and serving until told to stop.

use crate::context::{Context, FeePolicy};
use crate::ended::EndedSessions;
use crate::factor::FactorKeys;
use crate::password::Passwords;
use crate::problem::{of_framework, of_panic};
use crate::tokens::Tokens;
use crate::{bounds, docs, observe, service};
use amana_postgres::{Clock, Store, TransferWriter};
use amana_redis::Transport;
use ipnet::IpNet;
use poem::listener::TcpAcceptor;
use poem::middleware::CatchPanic;
use poem::{Endpoint, EndpointExt, Response, Route, Server};
use secrecy::SecretString;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long requests that are under way may take when the server is told to stop.
pub const SHUTDOWN_MAX: Duration = Duration::from_secs(10);

/// A connection on which nothing happens for so long is closed.
const IDLE_MAX: Duration = Duration::from_secs(75);

#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Signs tokens, and keys derived from it keep second factors secret; all instances share it.
    pub jwt_secret: SecretString,
    pub fee: FeePolicy,
    /// From where those who work here may decide about money and rights.
    pub staff_networks: Vec<IpNet>,
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
        factor_keys: FactorKeys::new(config.jwt_secret.clone()),
        fees: config.fee,
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
