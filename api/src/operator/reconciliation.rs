//! Discrepancies, reconciliation runs and callbacks.

mod answer;

use crate::Chapter;
use crate::auth::Operator;
use crate::body::Body;
use crate::context::Context;
use crate::once::{Done, answer as answer_with, keyed};
use crate::page::{Cursor, PageOf, limit};
use crate::problem::ApiError;
use crate::wire::{Key, Limit, Note, Wire, text_values};
use amana_domain::id::{CallbackId, DiscrepancyId, RunId};
use amana_domain::permission::Resource;
use amana_postgres::{Answer, CallbackOutcome, DiscrepancyState, DiscrepancyView};
use answer::{Callback, Discrepancy, Requested, Run};
use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

text_values! {
    /// State of a discrepancy.
    DiscrepancyState as "DiscrepancyFilter";
}

#[derive(ApiResponse)]
enum Discrepancies {
    /// One page of discrepancies.
    #[oai(status = 200)]
    Page(Json<PageOf<Discrepancy>>),
}

#[derive(ApiResponse)]
enum Runs {
    /// One page of runs.
    #[oai(status = 200)]
    Page(Json<PageOf<Run>>),
}

#[derive(ApiResponse)]
enum RunRequested {
    /// The run starts within seconds.
    #[oai(status = 202)]
    Requested(Json<Requested>),
}

#[derive(ApiResponse)]
enum Callbacks {
    /// One page of callbacks.
    #[oai(status = 200)]
    Page(Json<PageOf<Callback>>),
}

/// Closing of a discrepancy.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CloseDiscrepancy {
    /// Findings, stored with the discrepancy.
    note: Wire<Note>,
}

fn render(row: &DiscrepancyView) -> Answer {
    answer_with(StatusCode::OK, &Discrepancy::from(row))
}

pub(crate) struct Reconciliation;

#[OpenApi(prefix_path = "/v1/operator", tag = "Chapter::Operator")]
impl Reconciliation {
    /// List discrepancies
    ///
    /// Differences that operators must investigate, newest first. Problems: `forbidden` (403).
    #[oai(path = "/discrepancies", method = "get", operation_id = "list_discrepancies")]
    async fn list_discrepancies(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// State of the discrepancies; `open` by default.
        state: Query<Option<Wire<DiscrepancyState>>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<DiscrepancyId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Discrepancies, ApiError> {
        operator.may_read(&context, Resource::Reconciliation)?;
        let after = after.0.map(|Cursor(id)| id);
        let state = state.0.map_or(DiscrepancyState::Open, |state| state.0);
        let page = context.store.breaks(state, after, limit(size.0)).await?;
        let page =
            PageOf::of(page, |row| DiscrepancyId::new(row.id), |row| Discrepancy::from(&row));
        Ok(Discrepancies::Page(Json(page)))
    }

    /// Close a discrepancy
    ///
    /// Closes a discrepancy after investigation. The same finding about the same subject does not open it again. A
    /// ledger discrepancy (`trust_equation`, `balance_differs`) can be closed only once the ledger is consistent.
    /// Problems: `discrepancy_closed`, `ledger_inconsistent` (409), `conflict_of_interest`, `forbidden` (403),
    /// `not_found` (404), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/discrepancies/:id/close", method = "post", operation_id = "close_discrepancy")]
    async fn close_discrepancy(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the discrepancy.
        id: Path<Wire<DiscrepancyId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<CloseDiscrepancy>,
    ) -> Result<Done<Discrepancy>, ApiError> {
        let (id, staff) = (id.0.0, operator.staff());
        let said = format!("{id} {}", body.canonical);
        let keyed = keyed(operator.caller(), key.0, "close_discrepancy", &said);
        let note = body.value.note.0.0;
        let outcome = context
            .write(async move |store, now| {
                store.close_discrepancy((&keyed, &staff), (id, &note), render, now).await
            })
            .await?;
        Ok(outcome.into())
    }

    /// List reconciliation runs
    ///
    /// Each run with its comparison and findings, newest first. Problems: `forbidden` (403).
    #[oai(path = "/reconciliations", method = "get", operation_id = "list_reconciliations")]
    async fn list_reconciliations(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<RunId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Runs, ApiError> {
        operator.may_read(&context, Resource::Reconciliation)?;
        let after = after.0.map(|Cursor(id)| id);
        let page = context.store.reconciliation_runs(after, limit(size.0)).await?;
        Ok(Runs::Page(Json(PageOf::of(page, |row| RunId::new(row.id), Run::from))))
    }

    /// Start a reconciliation
    ///
    /// Requests a run in addition to the scheduled ones; `list_reconciliations` shows its result. Problems: `forbidden`
    /// (403).
    #[oai(path = "/reconciliations", method = "post", operation_id = "start_reconciliation")]
    async fn start_reconciliation(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
    ) -> Result<RunRequested, ApiError> {
        let staff = operator.staff();
        context
            .write(async move |store, now| store.start_reconciliation(&staff, now).await)
            .await?;
        Ok(RunRequested::Requested(Json(Requested { requested_at: context.now().into() })))
    }

    /// List callbacks
    ///
    /// Requests to our callback URLs, from the provider or from others; newest first, unmatched ones by default. Their
    /// bodies contain personal data and are never returned. Problems: `forbidden` (403).
    #[oai(path = "/callbacks", method = "get", operation_id = "list_callbacks")]
    async fn list_callbacks(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// State of the callbacks; `unmatched` by default.
        state: Query<Option<Wire<CallbackOutcome>>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<CallbackId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Callbacks, ApiError> {
        operator.may_read(&context, Resource::Reconciliation)?;
        let state = state.0.map_or(CallbackOutcome::Unmatched, |state| state.0);
        let after = after.0.map(|Cursor(id)| id);
        let page = context.store.callbacks(state, after, limit(size.0)).await?;
        Ok(Callbacks::Page(Json(PageOf::of(page, |row| CallbackId::new(row.id), Callback::from))))
    }
}
