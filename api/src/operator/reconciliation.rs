//! What does not fit: discrepancies, runs, callbacks that belong to nothing.

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
    /// Which discrepancies: those that are open, or those that are closed.
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
    /// A run will start within seconds.
    #[oai(status = 202)]
    Requested(Json<Requested>),
}

#[derive(ApiResponse)]
enum Callbacks {
    /// One page of callbacks.
    #[oai(status = 200)]
    Page(Json<PageOf<Callback>>),
}

/// Why a discrepancy is closed.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CloseDiscrepancy {
    /// What was found out; it is kept with the discrepancy.
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
    /// Everything that does not fit and that a person should look at, newest first. Problems: `forbidden` (403).
    #[oai(path = "/discrepancies", method = "get", operation_id = "list_discrepancies")]
    async fn list_discrepancies(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Which ones; `open` if left out.
        state: Query<Option<Wire<DiscrepancyState>>>,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<DiscrepancyId>>>,
        /// How many items a page has at most; 20 if left out.
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
    /// After somebody has looked into it. The same finding about the same thing does not open it again. A discrepancy
    /// that says that the books do not add up (`trust_equation`, `balance_differs`) closes only when they do. Problems:
    /// `discrepancy_closed`, `ledger_inconsistent` (409), `conflict_of_interest`, `forbidden` (403), `not_found` (404),
    /// `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/discrepancies/:id/close", method = "post", operation_id = "close_discrepancy")]
    async fn close_discrepancy(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the discrepancy.
        id: Path<Wire<DiscrepancyId>>,
        /// A text of your own choosing that names this call.
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
    /// What each run compared and found, newest first. Problems: `forbidden` (403).
    #[oai(path = "/reconciliations", method = "get", operation_id = "list_reconciliations")]
    async fn list_reconciliations(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<RunId>>>,
        /// How many items a page has at most; 20 if left out.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Runs, ApiError> {
        operator.may_read(&context, Resource::Reconciliation)?;
        let after = after.0.map(|Cursor(id)| id);
        let page = context.store.reconciliation_runs(after, limit(size.0)).await?;
        Ok(Runs::Page(Json(PageOf::of(page, |row| RunId::new(row.id), Run::from))))
    }

    /// Reconcile now
    ///
    /// Asks for a run beside the regular ones; its result shows up in `list_reconciliations`. Problems:
    /// `forbidden` (403).
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
    /// What the provider, or somebody who pretends to be it, has sent: those that fit nothing unless another
    /// state is asked for; newest first. Their bodies are personal data and stay in the database. Problems:
    /// `forbidden` (403).
    #[oai(path = "/callbacks", method = "get", operation_id = "list_callbacks")]
    async fn list_callbacks(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Which ones; `unmatched` if left out.
        state: Query<Option<Wire<CallbackOutcome>>>,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<CallbackId>>>,
        /// How many items a page has at most; 20 if left out.
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
