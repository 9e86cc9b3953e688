//! The connection pool and the migrations.

use crate::error::{Error, StoreError};
use crate::vault::{MasterKeys, Vault};
use amana_outage::Outage;
use diesel::result::Error as DieselError;
use diesel::{ConnectionError, QueryResult};
use diesel_async::pooled_connection::bb8::{Pool, PooledConnection, RunError};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod,
};
use diesel_async::{
    AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// How long a use-case waits for a free connection before it is refused.
const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(5);

/// A transaction whose caller went away must not hold its locks; no statement and no wait for a lock is endless.
const SESSION_SETTINGS: &str = "set idle_in_transaction_session_timeout = '15s'; \
    set statement_timeout = '30s'; set lock_timeout = '10s'; set timezone = 'UTC'";

/// A writer's statements find a few hundred rows by key, whatever the size of the table; but their plans are
/// kept as long as the session, and one that was made while a table was small would read all of it later.
const WRITER_SETTINGS: &str =
    "set enable_seqscan = off; set jit = off; set plan_cache_mode = force_generic_plan";

/// Connections for writers, besides those of everybody else: one for each lane.
pub(crate) const WRITERS_MAX: u32 = 2;

/// How many connections a pool of this process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSize {
    pub open: u32,
    /// The open connections that no use-case holds.
    pub idle: u32,
    pub max: u32,
}

/// Several processes of a new version start at the same time; one migrates, the others wait for it. The
/// lock ends with the connection. Its number means nothing; it only has to be ours.
const MIGRATE_ALONE: &str = "set statement_timeout = '5min'; set lock_timeout = '5min'; \
    select pg_advisory_lock(4722367); set lock_timeout = '10s'";

pub(crate) type Connection<'a> = PooledConnection<'a, AsyncPgConnection>;

/// Access to PostgreSQL, cheap to clone. The use-cases are methods of this type.
#[derive(Clone)]
pub struct Store {
    pool: Pool<AsyncPgConnection>,
    writers: Pool<AsyncPgConnection>,
    connections_max: u32,
    /// All use-cases report here, so that an outage has one line in the log.
    outage: Arc<Outage>,
    /// Nothing, for whoever has no business with what is personal.
    vault: Option<Arc<Vault>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

async fn establish(url: &str, settings: &[&str]) -> Result<AsyncPgConnection, ConnectionError> {
    let mut conn = AsyncPgConnection::establish(url).await?;
    conn.batch_execute(&settings.join("; "))
        .await
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// Whether a connection may be used again, told without asking the server, which would be a round trip for each
/// use-case: that the server has closed it has been noticed on this side. Where it has not been yet, the first
/// statement fails, and the caller is told to come again.
fn still_open(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    if conn.is_broken() { Err(DieselError::BrokenTransactionManager) } else { Ok(()) }
}

/// Connects when a connection is asked for, not before.
fn pool(
    url: &str,
    connections_max: u32,
    settings: &'static [&'static str],
) -> Pool<AsyncPgConnection> {
    let mut config = ManagerConfig::default();
    config.custom_setup = Box::new(move |url| {
        let url = url.to_owned();
        Box::pin(async move { establish(&url, settings).await })
    });
    config.recycling_method =
        RecyclingMethod::CustomFunction(Box::new(|conn| Box::pin(ready(still_open(conn)))));
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(url, config);
    Pool::builder()
        .max_size(connections_max)
        .connection_timeout(CHECKOUT_TIMEOUT)
        .build_unchecked(manager)
}

impl Store {
    /// # Errors
    /// [`StoreError::Connection`] if no connection can be made, [`StoreError::MasterKey`] if the data was sealed
    /// with another master key.
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

    /// For whoever reads the ledger only: what touches personal data fails.
    ///
    /// # Errors
    /// [`StoreError::Connection`] if no connection can be made.
    pub async fn connect_without_keys(url: &str, connections_max: u32) -> Result<Self, StoreError> {
        let store = Self {
            pool: pool(url, connections_max, &[SESSION_SETTINGS]),
            writers: pool(url, WRITERS_MAX, &[SESSION_SETTINGS, WRITER_SETTINGS]),
            connections_max,
            outage: Arc::new(Outage::new("PostgreSQL")),
            vault: None,
        };
        store.ping().await?;
        Ok(store)
    }

    pub(crate) fn vault(&self) -> Result<&Vault, Error> {
        self.vault.as_deref().ok_or(Error::Store(StoreError::NoMasterKey))
    }

    /// Brings the schema up to date. Needs the multi-thread runtime.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be reached or a migration fails.
    pub async fn migrate(url: &str) -> Result<(), StoreError> {
        let mut conn = establish(url, &[SESSION_SETTINGS])
            .await
            .map_err(|e| StoreError::Connection(Box::new(e)))?;
        conn.batch_execute(MIGRATE_ALONE).await.map_err(StoreError::Statement)?;
        let mut harness = AsyncMigrationHarness::new(conn);
        harness
            .run_pending_migrations(MIGRATIONS)
            .map_err(|e| StoreError::Migration(e.to_string()))?;
        Ok(())
    }

    /// # Errors
    /// [`StoreError`] if the database does not answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut conn = self.pool.get().await.map_err(|e| StoreError::Connection(Box::new(e)))?;
        conn.batch_execute("select 1").await.map_err(StoreError::Statement)
    }

    /// For statements that find every row by its key.
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
