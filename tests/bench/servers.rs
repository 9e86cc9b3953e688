//! The system under test: PostgreSQL as durable as in production, Redis, and the API as a process.

use crate::http::Connection;
use crate::report::say;
use amana::local::{Child, Durability, Port, Postgres, Program, Redis, Scratch};
use amana_postgres::{MasterKey, MasterKeys, Store};
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// More than any user sends in a run.
const REQUESTS_PER_MINUTE: &str = "10000000";

const READY_WAIT: Duration = Duration::from_secs(30);

/// Signs tokens here; the API verifies them with it.
pub const JWT_SECRET: &str = "a-secret-of-the-benchmark-and-of-nothing-else";

const MASTER_KEY: [u8; 32] = *b"a-key-of-the-benchmark-no-others";

/// Returns the key that encrypts personal data.
pub fn master_keys() -> MasterKeys {
    MasterKeys { current: MasterKey::new(MASTER_KEY), previous: None }
}

/// Settings that determine the cost of a commit, and other relevant ones.
const SHOWN: &str = "select string_agg(name || '=' || current_setting(name), ' ' order by name)
    from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'wal_sync_method',
    'shared_buffers', 'max_wal_size', 'checkpoint_timeout', 'wal_level', 'max_connections', 'jit')";

pub struct Servers {
    pub postgres: Postgres,
    redis: Redis,
    // The last field, because the servers use the folder.
    scratch: Scratch,
}

impl Servers {
    pub fn start() -> Result<Self> {
        let scratch = Scratch::new()?;
        let postgres = Postgres::start(&scratch.join("postgres"), Durability::Full)?;
        let redis = Redis::start(&scratch.join("redis"), Durability::Full)?;
        Ok(Self { postgres, redis, scratch })
    }

    pub fn print_conditions(&self) -> Result<()> {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split(':').nth(1)).unwrap_or("?").trim().to_owned()
        };
        let processors = std::thread::available_parallelism()?;
        say(format_args!(
            "processors: {processors} × {}",
            field(&read("/proc/cpuinfo"), "model name")
        ));
        say(format_args!("memory: {}", field(&read("/proc/meminfo"), "MemTotal")));
        say(format_args!("kernel: {}", read("/proc/sys/kernel/osrelease").trim()));
        say(self.postgres.psql("postgres", "select version()")?);
        say(self.postgres.psql("postgres", SHOWN)?);
        say(
            "PostgreSQL, Redis, API, load generator and pgbench share these processors; no worker runs during load",
        );
        Ok(())
    }

    /// Creates an empty database with the product's schema.
    pub fn migrated(&self, name: &str) -> Result<()> {
        self.remove(name)?;
        self.postgres.create_database(name)?;
        let runtime = tokio::runtime::Runtime::new()?;
        Ok(runtime.block_on(Store::migrate(&self.postgres.url(name)))?)
    }

    /// Copies a database and settles it, so that all runs start equally.
    pub fn copy(&self, template: &str, name: &str) -> Result<()> {
        self.remove(name)?;
        let create = format!("create database {name} template {template} strategy file_copy");
        self.postgres.psql("postgres", &create)?;
        self.settle(name)
    }

    /// Refreshes statistics, removes dead rows, and runs the next checkpoint now.
    pub fn settle(&self, name: &str) -> Result<()> {
        self.postgres.psql(name, "vacuum analyze")?;
        self.postgres.psql(name, "checkpoint")?;
        Ok(())
    }

    pub fn remove(&self, name: &str) -> Result<()> {
        let drop = format!("drop database if exists {name} with (force)");
        self.postgres.psql("postgres", &drop)?;
        Ok(())
    }

    /// Returns the folder for files of a run.
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }
}

/// `amana api` on a database, as in production.
pub struct Api {
    child: Child,
    pub address: SocketAddr,
    _port: Port,
}

impl Api {
    pub fn start(servers: &Servers, database: &str) -> Result<Self> {
        let own = std::env::current_exe()?;
        let binary =
            own.parent().and_then(Path::parent).context("the target folder")?.join("amana");
        ensure!(binary.is_file(), "{} is missing: run `make bench`", binary.display());
        let port = Port::reserve(0)?;
        let log = servers.folder().join(format!("api-{database}.log"));
        let mut child = Program::new("api", &binary, &log)
            .args(["api"])
            .env("DATABASE_URL", servers.postgres.url(database))
            .env("REDIS_URL", servers.redis.url())
            .env("REDIS_NAMESPACE", database)
            .env("AMANA_LISTEN", port.address.to_string())
            .env("AMANA_JWT_SECRET", JWT_SECRET)
            .env("AMANA_MASTER_KEY", STANDARD.encode(MASTER_KEY))
            .env("AMANA_FILES_DIR", servers.folder().join("files").display().to_string())
            // Requests are counted as in production, but ten users make most of the transfers.
            .env("AMANA_REQUESTS_PER_MINUTE", REQUESTS_PER_MINUTE)
            // The load generator acts as a proxy that names client addresses, because rate limits apply per address.
            .env("AMANA_TRUSTED_PROXIES", "127.0.0.1")
            .start()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let ready = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
        child.wait_until(READY_WAIT, || {
            runtime
                .block_on(async { Connection::open(port.address).await?.call(ready).await })
                .is_ok_and(|status| status == 200)
        })?;
        Ok(Self { child, address: port.address, _port: port })
    }

    /// Returns a field of /proc/<pid>/status in MiB. The file has kB.
    pub fn memory_mib(&self, field: &str) -> Result<f64> {
        let path = format!("/proc/{}/status", self.child.pid());
        let text =
            std::fs::read_to_string(path).context("memory is read from /proc: Linux only")?;
        let line = text.lines().find_map(|line| line.strip_prefix(field));
        let kib =
            line.and_then(|line| line.trim_matches([':', ' ', '\t', 'k', 'B']).parse::<f64>().ok());
        Ok(kib.with_context(|| format!("no {field}"))? / 1024.0)
    }
}
