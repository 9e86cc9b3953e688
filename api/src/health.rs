//! Probes for load balancers and supervisors: liveness and readiness.

use crate::Chapter;
use crate::context::Context;
use crate::problem::{ApiError, Code};
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use tracing::{info, warn};

/// Paths of the probes. They are logged at debug level only, because they are called every few seconds.
pub(crate) const PROBES: [&str; 2] = ["/livez", "/readyz"];

/// A dependency without an answer in this time counts as failing.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

const DATABASE_SILENT: &str = "the database does not answer";
const DATABASE_REFUSES: &str = "the database refuses queries";
const SCHEMA_OLD: &str = "the database schema is older than this version: run `amana migrate`";
const REDIS_SILENT: &str = "Redis does not answer";

/// The result of a probe.
#[derive(Debug, Object)]
pub(crate) struct Probe {
    /// Always `ok`; failures are problems or no response.
    status: String,
}

#[derive(ApiResponse)]
pub(crate) enum Well {
    /// The probe succeeded.
    #[oai(status = 200)]
    Well(Json<Probe>),
}

fn well() -> Well {
    Well::Well(Json(Probe { status: "ok".to_owned() }))
}

/// The result of the latest readiness probe, so that only a change is logged.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Vec<&'static str>>);

impl Readiness {
    fn note(&self, faults: &[&'static str]) {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *latest == faults {
            return;
        }
        *latest = faults.to_vec();
        drop(latest);
        match faults {
            [] => info!("the API is ready again"),
            _ => warn!("the API is not ready: {}", faults.join("; ")),
        }
    }
}

pub(crate) struct Health;

#[OpenApi(tag = "Chapter::Health")]
impl Health {
    /// Check that the process is alive
    ///
    /// Independent of PostgreSQL and Redis. After a failure, restart the process.
    #[oai(path = "/livez", method = "get", operation_id = "get_liveness")]
    async fn get_liveness(&self) -> Result<Well, ApiError> {
        Ok(well())
    }

    /// Check that the process is ready
    ///
    /// Returns 200 if PostgreSQL and Redis answer and all migrations are applied. Otherwise returns 503 with the code
    /// `unavailable`; `detail` names each failing part. After a failure, route requests elsewhere for a while; do not
    /// restart.
    #[oai(path = "/readyz", method = "get", operation_id = "get_readiness")]
    async fn get_readiness(&self, context: Data<&Arc<Context>>) -> Result<Well, ApiError> {
        let faults = faults(&context).await;
        context.readiness.note(&faults);
        match faults.is_empty() {
            true => Ok(well()),
            false => Err(ApiError::new(Code::Unavailable, faults.join("; "))),
        }
    }
}

async fn faults(context: &Context) -> Vec<&'static str> {
    let (database, redis) = tokio::join!(database(context), redis(context));
    database.into_iter().chain(redis).collect()
}

async fn database(context: &Context) -> Option<&'static str> {
    match timeout(PROBE_TIMEOUT, context.store.is_migrated()).await {
        Ok(Ok(true)) => None,
        Ok(Ok(false)) => Some(SCHEMA_OLD),
        Ok(Err(error)) if !error.is_outage() => {
            warn!(%error, "the schema cannot be checked");
            Some(DATABASE_REFUSES)
        }
        Ok(Err(_)) | Err(_) => Some(DATABASE_SILENT),
    }
}

async fn redis(context: &Context) -> Option<&'static str> {
    let redis = context.redis.as_ref()?;
    let answered = timeout(PROBE_TIMEOUT, redis.ping()).await;
    (!matches!(answered, Ok(Ok(())))).then_some(REDIS_SILENT)
}
