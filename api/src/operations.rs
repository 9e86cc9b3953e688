//! What became of a call whose answer was lost.

use crate::Chapter;
use crate::context::Context;
use crate::principal::{OperationsRead, Principal};
use crate::problem::ApiError;
use crate::wire::{Key, Timestamp, Wire};
use amana_postgres::OperationView;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Any;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde_json::Value;
use std::sync::Arc;

/// A call that was carried out.
#[derive(Debug, Object)]
#[oai(rename = "Operation")]
struct OperationAnswer {
    /// The `Idempotency-Key` of the call.
    key: String,
    /// The `operationId` of the call.
    operation: String,
    /// The HTTP status that it was answered with.
    status: i16,
    /// The body that it was answered with.
    body: Any<Value>,
    at: Timestamp,
}

impl From<OperationView> for OperationAnswer {
    fn from(operation: OperationView) -> Self {
        Self {
            key: operation.key,
            operation: operation.operation,
            status: operation.status.unwrap_or_default(),
            body: Any(operation.body.unwrap_or_default()),
            at: operation.created_at.into(),
        }
    }
}

#[derive(ApiResponse)]
enum Found {
    /// It was carried out, and this was the answer.
    #[oai(status = 200)]
    Operation(Json<OperationAnswer>),
}

pub(crate) struct Operations;

#[OpenApi(prefix_path = "/v1/operations", tag = "Chapter::Operations")]
impl Operations {
    /// Find out whether a call was carried out
    ///
    /// For a call of the caller's own whose answer was lost: what was done under its `Idempotency-Key` in the
    /// last 30 days. `not_found` (404) says that nothing was done so far; a call that was sent less than 30
    /// seconds ago may still be on its way, so repeat it with the same key to be sure: it is never done twice.
    #[oai(path = "/:key", method = "get", operation_id = "get_operation")]
    async fn get(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<OperationsRead>,
        /// The key of the call.
        key: Path<Wire<Key>>,
    ) -> Result<Found, ApiError> {
        let operation = context.store.operation(caller.user(), &key.0.0.0).await?;
        Ok(Found::Operation(Json(operation.into())))
    }
}
