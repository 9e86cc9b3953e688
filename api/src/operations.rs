//! Look-up of a call whose response was lost.

use crate::Chapter;
use crate::context::Context;
use crate::principal::{By, OperationsRead, Principal};
use crate::problem::ApiError;
use crate::wire::{Key, Timestamp, Wire};
use amana_domain::api_key::Scope;
use amana_postgres::{Error, OperationView};
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Any;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde_json::Value;
use std::sync::Arc;

/// Keyed operations that API keys can call, with the required scope. A key sees calls of these operations only, and the
/// response body only with the scope of the operation.
const OF_MACHINES: [(&str, Scope); 18] = [
    ("accept_split_offer", Scope::DealsWrite),
    ("agree_deal", Scope::DealsWrite),
    ("cancel_deal", Scope::DealsWrite),
    ("cancel_deal_mutually", Scope::DealsWrite),
    ("create_deal", Scope::DealsWrite),
    ("create_deposit", Scope::PaymentsWrite),
    ("create_evidence", Scope::DealsWrite),
    ("create_hold", Scope::HoldsWrite),
    ("create_milestone_file", Scope::DealsWrite),
    ("create_transfer", Scope::TransfersWrite),
    ("create_withdrawal", Scope::PaymentsWrite),
    ("deliver_milestone", Scope::DealsWrite),
    ("fund_deal", Scope::DealsWrite),
    ("propose_deal", Scope::DealsWrite),
    ("refund_milestone", Scope::DealsWrite),
    ("release_hold", Scope::HoldsWrite),
    ("release_milestone", Scope::DealsWrite),
    ("settle_hold", Scope::HoldsWrite),
];

/// A call that was executed.
#[derive(Debug, Object)]
#[oai(rename = "Operation")]
struct OperationAnswer {
    /// `Idempotency-Key` of the call.
    key: String,
    /// `operationId` of the call.
    operation: String,
    /// HTTP status of the response.
    status: i16,
    /// Body of the response; `null` for an API key without the scope of the operation.
    body: Any<Value>,
    /// Time at which the call was executed.
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
    /// The executed call with its response.
    #[oai(status = 200)]
    Operation(Json<OperationAnswer>),
}

pub(crate) struct Operations;

#[OpenApi(prefix_path = "/v1/operations", tag = "Chapter::Operations")]
impl Operations {
    /// Find out whether your call was executed
    ///
    /// Returns the stored response of your call with this `Idempotency-Key` from the last 30 days. `not_found` (404)
    /// means that no such call has been executed so far. A call sent less than 30 seconds ago may still be running; to
    /// be sure, repeat it with the same key, which never executes it twice. An API key finds only calls that API keys
    /// can make.
    #[oai(path = "/:key", method = "get", operation_id = "get_operation")]
    async fn get_operation(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<OperationsRead>,
        /// `Idempotency-Key` of the call.
        key: Path<Wire<Key>>,
    ) -> Result<Found, ApiError> {
        let mut operation = context.store.operation(caller.user(), &key.0.0.0).await?;
        let known = OF_MACHINES.iter().find(|(name, _)| *name == operation.operation);
        match known {
            Some((_, scope)) if caller.require(*scope).is_err() => operation.body = None,
            None if caller.by() == By::Key => return Err(Error::NotFound("operation").into()),
            Some(_) | None => {}
        }
        Ok(Found::Operation(Json(operation.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::IDEMPOTENCY_KEY;
    use crate::principal::KEY_SCHEME;

    /// Compares with the document in both directions.
    #[test]
    fn keyed_operations_of_machines_match_the_document() {
        let document: Value = serde_json::from_str(&crate::document()).unwrap();
        let paths = document["paths"].as_object().unwrap().values();
        let operations = paths.flat_map(|methods| methods.as_object().unwrap().values());
        let scope = |operation: &Value| {
            let ways = operation["security"].as_array().into_iter().flatten();
            let scopes = ways.filter_map(|way| way.get(KEY_SCHEME)?.get(0)?.as_str());
            scopes.map(str::to_owned).next().unwrap_or_default()
        };
        let takes = |operation: &&Value| {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let is_keyed = parameters.into_iter().any(|one| one["name"] == IDEMPOTENCY_KEY);
            let ways = operation["security"].as_array().into_iter().flatten();
            is_keyed && ways.into_iter().any(|way| way.get(KEY_SCHEME).is_some())
        };
        let name = |one: &Value| one["operationId"].as_str().unwrap().to_owned();
        let mut found: Vec<(String, String)> =
            operations.filter(takes).map(|one| (name(one), scope(one))).collect();
        found.sort_unstable();
        let listed = OF_MACHINES.map(|(name, scope)| (name.to_owned(), scope.to_string()));
        assert_eq!(found, listed);
    }
}
