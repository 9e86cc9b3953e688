//! A simulator of Safaricom's Daraja API, whose customers have phones, money and a PIN. It also catches the e-mails
//! and SMS of the system under test.

mod admin;
mod bank;
mod clock;
mod clockwork;
mod credential;
mod daraja;
mod fault;
mod host;
mod ids;
mod journal;
mod mailbox;
mod money;
mod pages;
mod phone;
mod register;
mod results;
mod settings;
mod sms;
mod smtp;
mod state;
mod statement;
mod store;

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, anyhow};
use poem::{
    EndpointExt, Request, Route, Server, get,
    listener::{Acceptor, Listener, TcpListener},
    post,
};
use tokio::{sync::watch, task::JoinHandle};

pub use settings::{Credentials, Settings};
use store::Store;

const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);
const BODY_BYTES_MAX: usize = 128 * 1024;
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(10);

/// A started sandbox. Dropping it does not stop it.
pub struct Running {
    pub http: SocketAddr,
    pub smtp: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    writer: (watch::Sender<bool>, JoinHandle<()>),
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { http, smtp, .. } = self;
        f.debug_struct("Running").field("http", http).field("smtp", smtp).finish_non_exhaustive()
    }
}

impl Running {
    /// Stops all listeners, then writes the last snapshot.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task failed");
            }
        }
        let (stop, writer) = self.writer;
        stop.send_replace(true);
        if let Err(error) = writer.await {
            tracing::error!(%error, "the snapshot writer failed");
        }
    }
}

/// Binds both listeners and returns when they accept connections.
pub async fn start(settings: Settings) -> anyhow::Result<Running> {
    let http = reqwest::Client::builder()
        .timeout(CALLBACK_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .context("cannot create the HTTP client")?;
    let (listen, smtp_listen) = (settings.listen, settings.smtp_listen);
    let (store, journal) = Store::open(settings, http)?;
    let acceptor = TcpListener::bind(listen)
        .into_acceptor()
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    let http = acceptor
        .local_addr()
        .first()
        .and_then(|address| address.as_socket_addr().copied())
        .ok_or_else(|| anyhow!("the HTTP listener has no address"))?;
    let smtp_listener = tokio::net::TcpListener::bind(smtp_listen)
        .await
        .with_context(|| format!("cannot listen on {smtp_listen}"))?;
    let smtp = smtp_listener.local_addr().context("the SMTP listener has no address")?;

    let stop = watch::Sender::new(false);
    let mut stopped = stop.subscribe();
    let app = routes(Arc::clone(&store));
    let server = async move {
        let signal = async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let ended = Server::new_with_acceptor(acceptor)
            .run_with_graceful_shutdown(app, signal, Some(SHUTDOWN_TIMEOUT))
            .await;
        if let Err(error) = ended {
            tracing::error!(%error, "the HTTP server failed");
        }
    };
    let tasks = vec![
        tokio::spawn(server),
        tokio::spawn(smtp::run(smtp_listener, Arc::clone(&store), stop.subscribe())),
        tokio::spawn(clockwork::run(Arc::clone(&store), stop.subscribe())),
    ];
    // The writer stops last, so that the snapshot includes the last changes of the other tasks.
    let writer_stop = watch::Sender::new(false);
    let writer = tokio::spawn(store.keep_writing(journal, writer_stop.subscribe()));
    Ok(Running { http, smtp, stop, tasks, writer: (writer_stop, writer) })
}

fn routes(store: Arc<Store>) -> impl poem::Endpoint {
    Route::new()
        .at("/oauth/*path", daraja::endpoint)
        .at("/mpesa/*path", daraja::endpoint)
        .at("/version1/messaging", post(sms::send))
        .at("/portal/statement.csv", get(statement::export))
        .at("/portal/certificate.pem", get(pages::certificate))
        .nest("/admin", admin::routes(Arc::clone(&store)))
        .nest("/", pages::routes())
        .data(store)
        .before(bounded)
}

/// Limits the body, with or without an announced length.
async fn bounded(mut req: Request) -> poem::Result<Request> {
    host::check(&req)?;
    let body = req.take_body().into_bytes_limit(BODY_BYTES_MAX).await?;
    req.set_body(body);
    Ok(req)
}
