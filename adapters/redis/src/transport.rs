//! The shared connection to Redis: pushes ids, counts queues, opens consumers.

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
/// Includes the time to reconnect.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(6);
const RECONNECT_DELAY_MIN: Duration = Duration::from_millis(50);
const RECONNECT_DELAY_MAX: Duration = Duration::from_millis(500);
const RECONNECT_RETRIES_MAX: usize = 2;
/// The maximum number of ids per ZADD, because a large command blocks Redis.
const PUSH_CHUNK_IDS: usize = 1_000;
const NAMESPACE_BYTES_MAX: usize = 64;

/// The beginnings of permanent TLS errors. The Redis client keeps only the text of an error.
const TLS_REFUSALS: [&str; 4] = [
    "invalid peer certificate",
    "received fatal alert",
    "received corrupt message",
    "peer is incompatible",
];

/// The messages contain no part of the URL, which has a password.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    #[error("the Redis URL is invalid")]
    Url(#[source] RedisError),
    #[error("the file has no PEM certificate")]
    Authority,
    #[error("the namespace must be 1 to 64 letters, digits, '-' or '_'")]
    Namespace,
    #[error("Redis rejected the credentials")]
    Credentials(#[source] RedisError),
    #[error("TLS failed: {0}")]
    Tls(String),
    #[error("Redis cannot be reached: {0}")]
    Unreachable(String),
    #[error("the Redis command failed")]
    Command(#[source] RedisError),
    #[error("Redis did not respond in time")]
    TimedOut,
}

impl TransportError {
    /// Whether a later attempt may succeed with the same settings.
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

/// Cheap to clone: all clones share one connection that reconnects automatically.
#[derive(Clone)]
pub struct Transport {
    client: Client,
    manager: ConnectionManager,
    namespace: Arc<str>,
    outage: Arc<Outage>,
}

// Not derived, because the client would print the password in its URL.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl Transport {
    /// Connects without a certificate authority of your own: `rediss://` trusts those of the operating system.
    pub async fn connect(url: &str, namespace: &str) -> Result<Self, TransportError> {
        Self::connect_trusting(url, None, namespace).await
    }

    /// Tries once. The caller decides about retries ([`TransportError::is_passing`]).
    pub async fn connect_trusting(
        url: &str,
        authority: Option<&[u8]>,
        namespace: &str,
    ) -> Result<Self, TransportError> {
        let transport = Self::prepare(url, authority, namespace)?;
        // The manager hides the cause of a failure, so the first connection is made without it.
        let first = transport.dedicated(RESPONSE_TIMEOUT).await;
        let mut first = first.map_err(TransportError::at_start)?;
        let answer: RedisResult<()> = cmd("PING").query_async(&mut first).await;
        answer.map_err(TransportError::at_start)?;
        // Not reported as an outage, because the server may still be starting and the caller retries.
        transport.attempt::<()>(&cmd("PING")).await?;
        Ok(transport)
    }

    /// Checks the settings without a connection. `authority` is the content of a PEM file, for `rediss://`.
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

    /// Adds ids with their due times, and returns how many were not in the queue.
    ///
    /// The time only orders the queue, oldest first. It delays nothing, so push only due jobs.
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

    /// Returns the number of ids in the queue.
    pub async fn depth(&self, queue: &str) -> Result<u64, TransportError> {
        self.run(cmd("ZCARD").arg(self.key(queue))).await
    }

    /// Returns the number of ids in each queue, in one round trip: all commands share one connection.
    pub async fn depths(&self, queues: &[&str]) -> Result<Vec<u64>, TransportError> {
        try_join_all(queues.iter().map(|queue| self.depth(queue))).await
    }

    pub async fn ping(&self) -> Result<(), TransportError> {
        self.run(&cmd("PING")).await
    }

    /// Creates the source of ids for one apalis worker. It connects at the first poll.
    pub fn consumer(&self, queue: &str) -> Consumer {
        Consumer::new(self.clone(), queue)
    }

    /// Returns an id that was not started, at its previous position.
    pub(crate) async fn give_back(
        &self,
        queue: &str,
        id: Uuid,
        score: f64,
    ) -> Result<(), TransportError> {
        let key = self.key(queue);
        self.run(cmd("ZADD").arg(key).arg("NX").arg(score).arg(id.to_string())).await
    }

    /// Ends the blocking command of another connection.
    pub(crate) async fn unblock(&self, client_id: i64) -> Result<(), TransportError> {
        self.run(cmd("CLIENT").arg("UNBLOCK").arg(client_id)).await
    }

    /// Opens a separate connection, for commands that block for less than `response_timeout`.
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

    /// All connections to this Redis report here, so that an outage has one log line.
    pub(crate) fn outage(&self) -> &Outage {
        &self.outage
    }

    // The braces are a hash tag: all keys of a queue are in one slot of a cluster.
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

    // The first command on a connection that died while idle fails. All commands here may be sent twice, so it is
    // repeated.
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
