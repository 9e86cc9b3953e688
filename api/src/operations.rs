//! What became of a call whose answer was lost.

use crate::Chapter;
use crate::context::Context;
use crate::principal::{By, OperationsRead, Principal};
use crate::problem::ApiError;
use crate::wire::{Key, Timestamp, Wire};
use amana_postgres::{Error, OperationView};
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Any;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde_json::Value;
use std::sync::Arc;

/// What machines can have called: of nothing else does a key learn how it was answered.
const OF_MACHINES: [&str; 14] = [
    "accept_split_offer",
    "cancel_deal",
    "cancel_deal_mutually",
    "create_deposit",
    "create_evidence",
    "create_hold",
    "create_milestone_file",
    "create_transfer",
    "create_withdrawal",
    "fund_deal",
    "refund_milestone",
    "release_hold",
    "release_milestone",
    "settle_hold",
];

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
    /// seconds ago may still be on its way, so repeat it with the same key to be sure: it is never done twice. An
    /// API key finds calls only that machines may make.
    #[oai(path = "/:key", method = "get", operation_id = "get_operation")]
    async fn get(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<OperationsRead>,
        /// The key of the call.
        key: Path<Wire<Key>>,
    ) -> Result<Found, ApiError> {
        let operation = context.store.operation(caller.user(), &key.0.0.0).await?;
        if caller.by() == By::Key && !OF_MACHINES.contains(&operation.operation.as_str()) {
            return Err(Error::NotFound("operation").into());
        }
        Ok(Found::Operation(Json(operation.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::IDEMPOTENCY_KEY;
    use crate::principal::KEY_SCHEME;

    /// All of them, and nothing that machines cannot call.
    #[test]
    fn what_machines_can_have_called_is_what_the_document_says() {
        let document: Value = serde_json::from_str(&crate::document()).unwrap();
        let paths = document["paths"].as_object().unwrap().values();
        let operations = paths.flat_map(|methods| methods.as_object().unwrap().values());
        let takes = |operation: &&Value| {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let is_keyed = parameters.into_iter().any(|one| one["name"] == IDEMPOTENCY_KEY);
            let ways = operation["security"].as_array().into_iter().flatten();
            is_keyed && ways.into_iter().any(|way| way.get(KEY_SCHEME).is_some())
        };
        let mut found: Vec<&str> =
            operations.filter(takes).map(|one| one["operationId"].as_str().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, OF_MACHINES);
    }
}
