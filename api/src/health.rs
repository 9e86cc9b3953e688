//! Whether the process lives, and whether it can do its work.

use crate::Chapter;
use crate::context::Context;
use crate::problem::{ApiError, Code};
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use std::sync::Arc;
use std::time::Duration;

/// A dependency that does not answer within this time is not there.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// What a probe found.
#[derive(Debug, Object)]
pub(crate) struct Probe {
    /// Always `ok`; a process that is not has no answer or a problem.
    status: String,
}

#[derive(ApiResponse)]
pub(crate) enum Well {
    /// All is well.
    #[oai(status = 200)]
    Well(Json<Probe>),
}

fn well() -> Well {
    Well::Well(Json(Probe { status: "ok".to_owned() }))
}

pub(crate) struct Health;

#[OpenApi(tag = "Chapter::Health")]
impl Health {
    /// Tell whether the process lives
    ///
    /// Answers as long as the process can answer at all. A failure is a reason to restart it.
    #[oai(path = "/livez", method = "get", operation_id = "get_liveness")]
    async fn live(&self) -> Result<Well, ApiError> {
        Ok(well())
    }

    /// Tell whether the process can work
    ///
    /// Answers 200 if PostgreSQL and Redis answer, otherwise 503 with the code `unavailable`. A failure is a
    /// reason to send requests elsewhere for a while, not to restart anything.
    #[oai(path = "/readyz", method = "get", operation_id = "get_readiness")]
    async fn ready(&self, context: Data<&Arc<Context>>) -> Result<Well, ApiError> {
        let database = async { context.store.ping().await.is_ok() };
        let redis = async {
            match &context.redis {
                Some(redis) => redis.ping().await.is_ok(),
                None => true,
            }
        };
        probe("the database", database).await?;
        probe("Redis", redis).await?;
        Ok(well())
    }
}

async fn probe(name: &str, works: impl Future<Output = bool>) -> Result<(), ApiError> {
    match tokio::time::timeout(PROBE_TIMEOUT, works).await {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => {
            Err(ApiError::new(Code::Unavailable, format!("{name} does not answer")))
        }
    }
}
