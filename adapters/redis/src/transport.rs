//! The shared handle on Redis: pushes ids, tells the depth of a queue, opens consumers.

use std::{fmt, sync::Arc, time::Duration};

use amana_outage::Outage;
use futures_util::future::try_join_all;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult,
    TlsCertificates,
    aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection},
    cmd,
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use uuid::Uuid;

use crate::consumer::Consumer;

const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Covers a reconnection as well as the command itself.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(6);
const RECONNECT_DELAY_MIN: Duration = Duration::from_millis(50);
const RECONNECT_DELAY_MAX: Duration = Duration::from_millis(500);
const RECONNECT_RETRIES_MAX: usize = 2;
/// One ZADD carries at most this many ids, so that a large push does not hold Redis up.
const PUSH_CHUNK_IDS: usize = 1_000;
const NAMESPACE_BYTES_MAX: usize = 64;

/// How TLS failures begin that no later attempt changes. The client keeps the text of a failure only.
const TLS_REFUSALS: [&str; 4] = [
    "invalid peer certificate",
    "received fatal alert",
    "received corrupt message",
    "peer is incompatible",
];

/// Display has the reason in plain words, and no part of the URL.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    #[error("the Redis URL cannot be used")]
    Url(#[source] RedisError),
    #[error("the file holds no PEM certificate of an authority")]
    Authority,
    #[error("the namespace must be 1 to 64 letters, digits, '-' or '_'")]
    Namespace,
    #[error("Redis refused the credentials")]
    Credentials(#[source] RedisError),
    #[error("TLS failed: {0}")]
    Tls(String),
    #[error("Redis cannot be reached: {0}")]
    Unreachable(String),
    #[error("the Redis command failed")]
    Command(#[source] RedisError),
    #[error("Redis did not answer in time")]
    TimedOut,
}

impl TransportError {
    /// Whether connecting again may succeed without a change of settings.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Command(_) | Self::TimedOut)
    }

    fn at_start(error: RedisError) -> Self {
        let text = error.to_string();
        if is_credentials(&error) {
            Self::Credentials(error)
        } else if let Some(refusal) = TLS_REFUSALS.iter().find_map(|it| text.find(it)) {
            Self::Tls(text.get(refusal..).unwrap_or(&text).to_owned())
        } else {
            Self::Unreachable(text)
        }
    }
}

/// Cheap to clone: all clones share one connection, which reconnects by itself.
#[derive(Clone)]
pub struct Transport {
    client: Client,
    manager: ConnectionManager,
    namespace: Arc<str>,
    outage: Arc<Outage>,
}

// Not derived, because the client prints the password in its URL.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl Transport {
    /// Connects without an authority of one's own: `rediss://` trusts those of the operating system.
    pub async fn connect(url: &str, namespace: &str) -> Result<Self, TransportError> {
        Self::connect_trusting(url, None, namespace).await
    }

    /// Tries once; the caller decides about a second attempt ([`TransportError::is_passing`]).
    pub async fn connect_trusting(
        url: &str,
        authority: Option<&[u8]>,
        namespace: &str,
    ) -> Result<Self, TransportError> {
        let transport = Self::prepare(url, authority, namespace)?;
        // The manager hides why a connection fails, so the first one is made without it.
        let first = transport.dedicated(RESPONSE_TIMEOUT).await;
        let mut first = first.map_err(TransportError::at_start)?;
        let answer: RedisResult<()> = cmd("PING").query_async(&mut first).await;
        answer.map_err(TransportError::at_start)?;
        // A server that is still starting is no outage: the caller tries again and reports the end.
        transport.attempt::<()>(&cmd("PING")).await?;
        Ok(transport)
    }

    /// Checks the settings without connecting. `authority` is the content of a PEM file, for `rediss://`.
    pub fn check(
        url: &str,
        authority: Option<&[u8]>,
        namespace: &str,
    ) -> Result<(), TransportError> {
        if !is_namespace(namespace) {
            return Err(TransportError::Namespace);
        }
        client(url, authority).map(drop)
    }

    fn prepare(
        url: &str,
        authority: Option<&[u8]>,
        namespace: &str,
    ) -> Result<Self, TransportError> {
        Self::check(url, authority, namespace)?;
        let client = client(url, authority)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECTION_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_min_delay(RECONNECT_DELAY_MIN)
            .set_max_delay(RECONNECT_DELAY_MAX)
            .set_number_of_retries(RECONNECT_RETRIES_MAX);
        let manager =
            client.get_connection_manager_lazy(config).map_err(TransportError::Command)?;
        let outage = Arc::new(Outage::new("Redis"));
        Ok(Self { client, manager, namespace: namespace.into(), outage })
    }

    /// Adds ids with the time they fell due, and tells how many were not queued already.
    ///
    /// The time only orders the queue, oldest first; it holds nothing back. Push what is due.
    pub async fn push(&self, queue: &str, ids: &[(Uuid, i64)]) -> Result<u64, TransportError> {
        let key = self.key(queue);
        let mut added: u64 = 0;
        for chunk in ids.chunks(PUSH_CHUNK_IDS) {
            let mut command = cmd("ZADD");
            command.arg(&key).arg("NX");
            for (id, due_ms) in chunk {
                command.arg(due_ms).arg(id.to_string());
            }
            added = added.saturating_add(self.run::<u64>(&command).await?);
        }
        Ok(added)
    }

    /// How many ids wait in the queue.
    pub async fn depth(&self, queue: &str) -> Result<u64, TransportError> {
        self.run(cmd("ZCARD").arg(self.key(queue))).await
    }

    /// How many ids wait in each of the queues, in one round trip: all commands share one connection.
    pub async fn depths(&self, queues: &[&str]) -> Result<Vec<u64>, TransportError> {
        try_join_all(queues.iter().map(|queue| self.depth(queue))).await
    }

    pub async fn ping(&self) -> Result<(), TransportError> {
        self.run(&cmd("PING")).await
    }

    /// A source of ids for one apalis worker; it connects when the worker first asks for work.
    pub fn consumer(&self, queue: &str) -> Consumer {
        Consumer::new(self.clone(), queue)
    }

    /// Puts back an id nobody has started on, at the place it had.
    pub(crate) async fn give_back(
        &self,
        queue: &str,
        id: Uuid,
        score: f64,
    ) -> Result<(), TransportError> {
        let key = self.key(queue);
        self.run(cmd("ZADD").arg(key).arg("NX").arg(score).arg(id.to_string())).await
    }

    /// Ends the blocking command of another connection early.
    pub(crate) async fn unblock(&self, client_id: i64) -> Result<(), TransportError> {
        self.run(cmd("CLIENT").arg("UNBLOCK").arg(client_id)).await
    }

    /// A connection of one's own, for a command that blocks for less than `response_timeout`.
    pub(crate) async fn dedicated(
        &self,
        response_timeout: Duration,
    ) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTION_TIMEOUT))
            .set_response_timeout(Some(response_timeout));
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }

    pub(crate) fn manager(&self) -> ConnectionManager {
        self.manager.clone()
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Every connection to this Redis reports here, so that an outage has one line in the log.
    pub(crate) fn outage(&self) -> &Outage {
        &self.outage
    }

    // The braces are a hash tag: everything about one queue lives in one slot of a cluster.
    pub(crate) fn key(&self, queue: &str) -> String {
        format!("{{{}:{queue}}}:ids", self.namespace)
    }

    async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, TransportError> {
        let result = self.attempt(command).await;
        match &result {
            Ok(_) => self.outage.worked(),
            Err(error) => self.outage.failed(error),
        }
        result
    }

    // A connection that died while idle is noticed by the first command sent on it. Every command
    // here may be sent twice, so that one is sent again instead of failing its caller.
    async fn attempt<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, TransportError> {
        let attempts = async {
            let mut manager = self.manager.clone();
            match command.query_async(&mut manager).await {
                Err(error) if error.is_connection_dropped() => {
                    command.query_async(&mut manager).await
                }
                result => result,
            }
        };
        match tokio::time::timeout(COMMAND_TIMEOUT, attempts).await {
            Ok(result) => result.map_err(TransportError::Command),
            Err(_elapsed) => Err(TransportError::TimedOut),
        }
    }
}

fn client(url: &str, authority: Option<&[u8]>) -> Result<Client, TransportError> {
    let Some(pem) = authority else { return Client::open(url).map_err(TransportError::Url) };
    let mut certificates = CertificateDer::pem_slice_iter(pem).peekable();
    if certificates.peek().is_none() || !certificates.all(|it| it.is_ok()) {
        return Err(TransportError::Authority);
    }
    let trusted = TlsCertificates { client_tls: None, root_cert: Some(pem.to_vec()) };
    Client::build_with_tls(url, trusted).map_err(TransportError::Url)
}

fn is_namespace(text: &str) -> bool {
    (1..=NAMESPACE_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn is_credentials(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS"))
}
