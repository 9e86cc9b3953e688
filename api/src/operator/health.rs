//! State of the service for engineers on call.

use crate::Chapter;
use crate::auth::Operator;
use crate::context::Context;
use crate::problem::ApiError;
use crate::realtime::SOCKETS_MAX;
use crate::service::{COMMIT, VERSION};
use crate::wire::{Nullable, Timestamp, Wire};
use amana_domain::ledger::Provider;
use amana_domain::permission::Resource;
use amana_postgres::{
    Health as Found, PoolSize, ProviderState, Queue, QueueState, ReconciliationOutcome,
};
use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Short, because the page is needed most when Redis is down.
const REDIS_TIMEOUT: Duration = Duration::from_secs(1);

const BYTES_PER_KIB: u64 = 1024;

/// State of the service. Process figures are those of the responding API process.
#[derive(Debug, Object)]
struct ServiceHealth {
    /// Version of the software.
    version: String,
    /// Git commit of the software; `null` if the build does not contain it.
    commit: Nullable<String>,
    /// Start time of the process, by the clock of its machine.
    started_at: Timestamp,
    /// Uptime of the process in seconds.
    uptime_s: u64,
    /// Resident memory of the process in bytes; `null` if the system does not report it.
    memory_bytes: Nullable<u64>,
    sockets: SocketUse,
    database: DatabaseUse,
    /// Every queue of background jobs.
    queues: Vec<QueueHealth>,
    reconciliation: ReconciliationHealth,
    ledger: LedgerHealth,
    /// Every mobile-money provider.
    providers: Vec<ProviderHealth>,
}

/// WebSockets of the process.
#[derive(Debug, Object)]
struct SocketUse {
    /// Open sockets.
    open: u32,
    /// Maximum number of open sockets; further sockets are rejected.
    max: u32,
}

/// Connection pools of the process.
#[derive(Debug, Object)]
struct DatabaseUse {
    /// Pool for all requests except transfers.
    requests: PoolUse,
    /// Pool for transfers.
    transfers: PoolUse,
}

/// Connections to PostgreSQL in one pool.
#[derive(Debug, Object)]
struct PoolUse {
    /// Open connections.
    size: u32,
    /// Open connections that are not in use.
    idle: u32,
    /// Maximum number of open connections.
    max: u32,
}

/// Background jobs of one queue. Counting stops at 100,000 jobs of all queues together.
#[derive(Debug, Object)]
struct QueueHealth {
    queue: Wire<Queue>,
    /// Jobs that are due and not claimed by a worker.
    due: i64,
    /// Time in seconds for which the oldest due job has been due; `null` if none is due.
    age_s: Nullable<i64>,
    /// Jobs that a worker has claimed.
    running: i64,
    /// Jobs that failed all their attempts; `replay_job` queues a dead job again.
    dead: i64,
    /// Time at which the latest dead job failed; `null` if there is none.
    last_died_at: Nullable<Timestamp>,
    /// Job ids that wait in Redis; `null` if Redis does not respond.
    redis_depth: Nullable<u64>,
}

/// State of the reconciliation with provider statements.
#[derive(Debug, Object)]
struct ReconciliationHealth {
    /// End of the latest reconciliation; `null` before the first one.
    last_at: Nullable<Timestamp>,
    /// Result of the latest reconciliation; `null` before the first one.
    outcome: Nullable<Wire<ReconciliationOutcome>>,
    /// Number of open discrepancies (`list_discrepancies`).
    open_discrepancies: i64,
}

/// Correctness of the ledger.
#[derive(Debug, Object)]
struct LedgerHealth {
    /// End of the latest full check; `null` before the first one.
    checked_at: Nullable<Timestamp>,
    /// Whether the latest full check found no error and no ledger discrepancy is open.
    is_consistent: bool,
}

/// State of one mobile-money provider, from the latest 1,000 exchanges about payments.
#[derive(Debug, Object)]
struct ProviderHealth {
    provider: Wire<Provider>,
    /// Time of the provider's latest response.
    last_success_at: Nullable<Timestamp>,
    /// Time of the latest failed request: no response, or an error from the provider.
    last_failure_at: Nullable<Timestamp>,
    /// Payments whose outcome is unknown.
    unknown_payments: i64,
    /// Time in seconds since the oldest payment with unknown outcome was sent; `null` if there is none.
    oldest_unknown_age_s: Nullable<i64>,
}

impl From<PoolSize> for PoolUse {
    fn from(size: PoolSize) -> Self {
        Self { size: size.open, idle: size.idle, max: size.max }
    }
}

impl QueueHealth {
    fn of(state: QueueState, redis_depth: Option<u64>, now: DateTime<Utc>) -> Self {
        Self {
            queue: state.queue.into(),
            due: state.due,
            age_s: age_s(state.oldest_due_at, now),
            running: state.running,
            dead: state.dead,
            last_died_at: Nullable::of(state.last_died_at),
            redis_depth: Nullable::of(redis_depth),
        }
    }
}

impl ProviderHealth {
    fn of(state: ProviderState, now: DateTime<Utc>) -> Self {
        Self {
            provider: state.provider.into(),
            last_success_at: Nullable::of(state.last_success_at),
            last_failure_at: Nullable::of(state.last_failure_at),
            unknown_payments: state.unknown_payments,
            oldest_unknown_age_s: age_s(state.oldest_unknown_at, now),
        }
    }
}

impl From<&Found> for ReconciliationHealth {
    fn from(found: &Found) -> Self {
        Self {
            last_at: Nullable::of(found.reconciliation.map(|last| last.at)),
            outcome: Nullable::of(found.reconciliation.map(|last| last.outcome)),
            open_discrepancies: found.open_breaks,
        }
    }
}

impl From<&Found> for LedgerHealth {
    fn from(found: &Found) -> Self {
        let check = found.latest_check.as_ref();
        let is_sound = check.is_none_or(|check| check.first_wrong.is_none());
        Self {
            checked_at: Nullable::of(check.map(|check| check.finished_at)),
            is_consistent: is_sound && found.ledger_breaks == 0,
        }
    }
}

#[derive(ApiResponse)]
enum Shown {
    /// State of the service.
    #[oai(status = 200)]
    Health(Json<ServiceHealth>),
}

pub(crate) struct Health;

#[OpenApi(prefix_path = "/v1/operator", tag = "Chapter::Operator")]
impl Health {
    /// Get the state of the service
    ///
    /// Returns figures of the responding process, the job queues, reconciliation, the ledger and the providers. For
    /// every staff role. The call changes nothing, and its cost is bounded. Problems: `forbidden` (403).
    #[oai(path = "/health", method = "get", operation_id = "get_service_health")]
    async fn get_service_health(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
    ) -> Result<Shown, ApiError> {
        operator.may_read(&context, Resource::Health)?;
        Ok(Shown::Health(Json(look(&context).await?)))
    }
}

async fn look(context: &Context) -> Result<ServiceHealth, ApiError> {
    let now = context.now();
    let (found, depths) = tokio::join!(context.store.health(now), redis_depths(context));
    let found = found?;
    let queues = found.queues.iter().zip(depths);
    let [requests, transfers] = context.store.pool_sizes().map(PoolUse::from);
    Ok(ServiceHealth {
        version: VERSION.to_owned(),
        commit: Nullable::of(COMMIT),
        started_at: context.started.at.into(),
        uptime_s: context.started.uptime().as_secs(),
        memory_bytes: Nullable::of(memory_bytes()),
        sockets: SocketUse { open: context.sockets.open(), max: SOCKETS_MAX },
        database: DatabaseUse { requests, transfers },
        queues: queues.map(|(state, depth)| QueueHealth::of(*state, depth, now)).collect(),
        reconciliation: (&found).into(),
        ledger: (&found).into(),
        providers: found.providers.iter().map(|state| ProviderHealth::of(*state, now)).collect(),
    })
}

/// Returns the depths of the queues in the order of [`Queue::ALL`]; `None` for all if Redis does not respond.
async fn redis_depths(context: &Context) -> Vec<Option<u64>> {
    let names: Vec<_> = Queue::ALL.iter().map(|queue| queue.as_str()).collect();
    let found = async { context.redis.as_ref()?.depths(&names).await.ok() };
    match timeout(REDIS_TIMEOUT, found).await {
        Ok(Some(depths)) => depths.into_iter().map(Some).collect(),
        Ok(None) | Err(_) => vec![None; names.len()],
    }
}

fn age_s(since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Nullable<i64> {
    Nullable::of(since.map(|at| now.signed_duration_since(at).num_seconds().max(0)))
}

/// Returns the resident memory of this process. Only Linux has this file.
fn memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = resident.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(BYTES_PER_KIB)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::memory_bytes;

    #[test]
    fn the_memory_of_this_process_is_known() {
        let bytes = memory_bytes().unwrap();
        assert!((1 << 20..1 << 40).contains(&bytes), "{bytes}");
    }
}
