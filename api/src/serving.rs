//! HTTP server with limits on connections: time for the request head, time for reading the response, and number in
//! total and per address, so that no client keeps others out by holding connections open.
//!
//! HTTP/1.1 only: proxies in front speak HTTP/2 with browsers, and one connection carries one request at a time.

mod door;
mod patience;

use door::{Door, Place};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use patience::Patient;
use poem::endpoint::BoxEndpoint;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Endpoint, EndpointExt, Request};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Maximum time for running requests during shutdown.
pub const SHUTDOWN_MAX: Duration = Duration::from_secs(10);

/// Maximum time without progress while a client reads a response.
const STALL_MAX: Duration = Duration::from_secs(75);

/// Pause after a failed accept, for example without free file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Limits on connections.
#[derive(Debug, Clone)]
pub struct Connections {
    /// Maximum number in total; further connections are closed immediately.
    pub all: usize,
    /// Maximum number per client address.
    pub per_address: usize,
    /// Networks without a limit per address: proxies with many clients behind them.
    pub unbounded: Vec<IpNet>,
    /// Maximum time for the head of a request, including the wait for its first byte.
    pub head: Duration,
}

impl Default for Connections {
    fn default() -> Self {
        let loopback = ["127.0.0.0/8", "::1/128"];
        Self {
            all: 8_192,
            per_address: 256,
            unbounded: loopback.iter().filter_map(|network| network.parse().ok()).collect(),
            head: Duration::from_secs(30),
        }
    }
}

/// Serves with the default limits until `shutdown` completes, then waits for running requests, at most
/// [`SHUTDOWN_MAX`].
///
/// # Errors
/// If the listener cannot be used.
pub async fn serve(
    listener: TcpListener,
    app: impl Endpoint + 'static,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    serve_within(listener, app, Connections::default(), shutdown).await
}

/// Like [`serve`], with other limits.
///
/// # Errors
/// If the listener cannot be used.
pub async fn serve_within(
    listener: TcpListener,
    app: impl Endpoint + 'static,
    connections: Connections,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    // Boxed, because the connection's future would otherwise contain the types of all layers.
    let app = Arc::new(app.map_to_response().boxed());
    let (local, head) = (listener.local_addr()?, connections.head);
    let door = Arc::new(Door::new(connections));
    let (stop, stopped) = watch::channel(false);
    let mut open = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            // Removes ended connections.
            Some(_) = open.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                if let Some(place) = door.admit(peer.ip()) {
                    let ends = Ends { local, peer };
                    open.spawn(connection(
                        (socket, ends),
                        Arc::clone(&app),
                        head,
                        stopped.clone(),
                        place,
                    ));
                }
            }
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    // Fails only if all connections have ended.
    let _ = stop.send(true);
    let ended = async { while open.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(SHUTDOWN_MAX, ended).await;
    Ok(())
}

/// Both addresses of a connection.
#[derive(Debug, Clone, Copy)]
struct Ends {
    local: SocketAddr,
    peer: SocketAddr,
}

async fn connection(
    (socket, ends): (TcpStream, Ends),
    app: Arc<BoxEndpoint<'static>>,
    head: Duration,
    mut stopped: watch::Receiver<bool>,
    _place: Place,
) {
    // Responses are written at once, so delaying small packets gains nothing.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!("a connection was gone at once: {error}");
        return;
    }
    let service = service_fn(move |request: poem::http::Request<Incoming>| {
        let app = Arc::clone(&app);
        async move {
            let local = LocalAddr(Addr::SocketAddr(ends.local));
            let remote = RemoteAddr(Addr::SocketAddr(ends.peer));
            let request = Request::from((request, local, remote, Scheme::HTTP));
            let response = app.get_response(request).await;
            Ok::<poem::http::Response<_>, Infallible>(response.into())
        }
    });
    let socket = TokioIo::new(Patient::new(socket, STALL_MAX));
    let mut http = http1::Builder::new();
    let http = http.timer(TokioTimer::new()).header_read_timeout(head);
    let serving = http.serve_connection(socket, service).with_upgrades();
    tokio::pin!(serving);
    let told = async {
        // The sender lives as long as the server, so this cannot fail early.
        let _ = stopped.wait_for(|is_over| *is_over).await;
    };
    let ended = tokio::select! {
        ended = serving.as_mut() => Some(ended),
        () = told => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended: {error}");
    }
}
