//! The connection pool.

use crate::address::Address;
use crate::connect::establish;
use crate::error::{Error, StoreError};
use crate::migrate::check_schema;
use crate::vault::{MasterKeys, Vault};
use amana_outage::Outage;
use bb8::QueueStrategy;
use diesel::QueryResult;
use diesel::result::Error as DieselError;
use diesel_async::pooled_connection::bb8::{Pool, PooledConnection, RunError};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod,
};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait of a use-case for a free connection.
const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(5);

/// Bounds on idle transactions, statements and waits for a lock.
pub(crate) const SESSION_SETTINGS: &str = "set idle_in_transaction_session_timeout = '15s'; \
    set statement_timeout = '30s'; set lock_timeout = '10s'; set timezone = 'UTC'";

/// Writers find a few hundred rows by key. Plans are cached for the whole session, and a plan made for a small table
/// would scan the whole table later.
const WRITER_SETTINGS: &str =
    "set enable_seqscan = off; set jit = off; set plan_cache_mode = force_generic_plan";

/// Number of connections for writers, one per lane.
pub(crate) const WRITERS_MAX: u32 = 2;

/// The size of a connection pool of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSize {
    pub open: u32,
    /// The open connections that no use-case holds.
    pub idle: u32,
    pub max: u32,
}

pub(crate) type Connection<'a> = PooledConnection<'a, AsyncPgConnection>;

/// Access to PostgreSQL. The use-cases are methods of this type. Clones share the connections.
#[derive(Clone)]
pub struct Store {
    pool: Pool<AsyncPgConnection>,
    writers: Pool<AsyncPgConnection>,
    connections_max: u32,
    /// Shared by all use-cases, so that an outage is logged once.
    outage: Arc<Outage>,
    /// `None` for commands without access to personal data.
    vault: Option<Arc<Vault>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

/// Checks whether the client has noticed a closed connection. A query to the server would cost each use-case a round
/// trip. An unnoticed closed connection fails at the first statement, with 503 for the caller.
fn still_open(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    if conn.is_broken() { Err(DieselError::BrokenTransactionManager) } else { Ok(()) }
}

/// Creates a pool that connects on demand only.
fn pool(
    address: &Arc<Address>,
    connections_max: u32,
    settings: &'static [&'static str],
) -> Pool<AsyncPgConnection> {
    let mut config = ManagerConfig::default();
    let address = Arc::clone(address);
    // The address is parsed already, so the manager's own URL stays empty.
    config.custom_setup = Box::new(move |_url| {
        let address = Arc::clone(&address);
        Box::pin(async move { Ok(establish(&address, settings).await?) })
    });
    config.recycling_method =
        RecyclingMethod::CustomFunction(Box::new(|conn| Box::pin(ready(still_open(conn)))));
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config("", config);
    Pool::builder()
        .max_size(connections_max)
        .connection_timeout(CHECKOUT_TIMEOUT)
        // The connection used last has prepared statements and warm caches.
        .queue_strategy(QueueStrategy::Lifo)
        .build_unchecked(manager)
}

impl Store {
    /// Connects with a single attempt. The caller may retry if [`StoreError::is_passing`].
    ///
    /// # Errors
    /// [`StoreError`] if the connection fails, the schema is missing, or the data was sealed with another
    /// master key.
    pub async fn connect(
        url: &str,
        connections_max: u32,
        keys: &MasterKeys,
    ) -> Result<Self, StoreError> {
        let store = Self::connect_without_keys(url, connections_max).await?;
        let mut conn = store.pool.get().await.map_err(|e| StoreError::Connection(Box::new(e)))?;
        let vault = Some(Arc::new(Vault::open(&mut conn, keys).await?));
        drop(conn);
        Ok(Self { vault, ..store })
    }

    /// Connects without access to personal data: use-cases that need it fail.
    ///
    /// # Errors
    /// [`StoreError`] if the connection fails or the schema is missing.
    pub async fn connect_without_keys(url: &str, connections_max: u32) -> Result<Self, StoreError> {
        let address = Arc::new(Address::parse(url)?);
        // The pool hides the reason of a failed connection, so the first one is opened without it.
        let mut first = establish(&address, &[SESSION_SETTINGS]).await?;
        check_schema(&mut first).await?;
        let shared = pool(&address, connections_max, &[SESSION_SETTINGS]);
        // The pool may refuse the connection, which only closes it.
        let _ = shared.add(first);
        Ok(Self {
            pool: shared,
            writers: pool(&address, WRITERS_MAX, &[SESSION_SETTINGS, WRITER_SETTINGS]),
            connections_max,
            outage: Arc::new(Outage::new("PostgreSQL")),
            vault: None,
        })
    }

    pub(crate) fn vault(&self) -> Result<&Vault, Error> {
        self.vault.as_deref().ok_or(Error::Store(StoreError::NoMasterKey))
    }

    /// # Errors
    /// [`StoreError`] if the database does not answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut conn = self.pool.get().await.map_err(|e| StoreError::Connection(Box::new(e)))?;
        conn.batch_execute("select 1").await.map_err(StoreError::Statement)
    }

    /// Returns a connection for statements that find every row by key; see [`WRITER_SETTINGS`].
    pub(crate) async fn writer(&self) -> Result<Connection<'_>, Error> {
        self.checked_out(self.writers.get().await)
    }

    pub(crate) async fn connection(&self) -> Result<Connection<'_>, Error> {
        self.checked_out(self.pool.get().await)
    }

    fn checked_out<T>(&self, taken: Result<T, RunError>) -> Result<T, Error> {
        let taken = taken.map_err(|e| StoreError::Connection(Box::new(e)));
        match &taken {
            Ok(_) => self.outage.worked(),
            Err(error) => self.outage.failed(error),
        }
        taken.map_err(Error::Store)
    }

    /// Returns the sizes of the pool of all use-cases and of the pool of the transfer lanes.
    #[must_use]
    pub fn pool_sizes(&self) -> [PoolSize; 2] {
        let size = |pool: &Pool<AsyncPgConnection>, max| {
            let state = pool.state();
            PoolSize { open: state.connections, idle: state.idle_connections, max }
        };
        [size(&self.pool, self.connections_max), size(&self.writers, WRITERS_MAX)]
    }
}
