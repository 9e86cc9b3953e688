//! What does not fit: breaks, runs, money in suspense, callbacks that belong to nothing.

mod answer;

use crate::Chapter;
use crate::auth::Operator;
use crate::context::Context;
use crate::page::{Cursor, PageOf, limit};
use crate::problem::ApiError;
use crate::wire::{Limit, Wire};
use amana_domain::id::{BreakId, CallbackId, RunId};
use amana_domain::permission::{Action, Resource};
use amana_postgres::{CallbackOutcome, Job};
use answer::{Break, Callback, Requested, Run, Suspense};
use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use std::sync::Arc;

#[derive(ApiResponse)]
enum Breaks {
    /// One page of breaks.
    #[oai(status = 200)]
    Page(Json<PageOf<Break>>),
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
enum InSuspense {
    /// One page of receipts.
    #[oai(status = 200)]
    Page(Json<PageOf<Suspense>>),
}

#[derive(ApiResponse)]
enum Callbacks {
    /// One page of callbacks.
    #[oai(status = 200)]
    Page(Json<PageOf<Callback>>),
}

pub(crate) struct Reconciliation;

#[OpenApi(prefix_path = "/v1/operator", tag = "Chapter::Operator")]
impl Reconciliation {
    /// List open breaks
    ///
    /// Everything that does not fit and that a person should look at, newest first. Problems: `forbidden` (403).
    #[oai(path = "/breaks", method = "get", operation_id = "list_breaks")]
    async fn breaks(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<BreakId>>>,
        /// How many items a page has at most; 20 if left out.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Breaks, ApiError> {
        operator.may(&context, (Resource::Reconciliation, Action::Read))?;
        let after = after.0.map(|Cursor(id)| id);
        let page = context.store.open_breaks(after, limit(size.0)).await?;
        Ok(Breaks::Page(Json(PageOf::of(page, |row| BreakId::new(row.id), Break::from))))
    }

    /// List reconciliation runs
    ///
    /// What each run compared and found, newest first. Problems: `forbidden` (403).
    #[oai(path = "/reconciliations", method = "get", operation_id = "list_reconciliations")]
    async fn runs(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<RunId>>>,
        /// How many items a page has at most; 20 if left out.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Runs, ApiError> {
        operator.may(&context, (Resource::Reconciliation, Action::Read))?;
        let after = after.0.map(|Cursor(id)| id);
        let page = context.store.reconciliation_runs(after, limit(size.0)).await?;
        Ok(Runs::Page(Json(PageOf::of(page, |row| RunId::new(row.id), Run::from))))
    }

    /// Reconcile now
    ///
    /// Asks for a run beside the regular ones; its result shows up in `list_reconciliations`. Problems:
    /// `forbidden` (403).
    #[oai(path = "/reconciliations", method = "post", operation_id = "start_reconciliation")]
    async fn start(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
    ) -> Result<RunRequested, ApiError> {
        operator.may(&context, (Resource::Reconciliation, Action::Change))?;
        // Regular runs count periods of seconds or longer: milliseconds never meet their numbers.
        let tick = context.now().timestamp_millis();
        let work = async move |store: amana_postgres::Store, now| {
            store.enqueue_job(&Job::Reconcile { tick }, now, now).await
        };
        context.write(work).await?;
        Ok(RunRequested::Requested(Json(Requested { requested_at: context.now().into() })))
    }

    /// List money in suspense
    ///
    /// Real money that came and fits no payment of ours, and what became of it. Problems: `forbidden` (403).
    #[oai(path = "/suspense", method = "get", operation_id = "list_suspense")]
    async fn suspense(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<String>>>,
        /// How many items a page has at most; 20 if left out.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<InSuspense, ApiError> {
        operator.may(&context, (Resource::Reconciliation, Action::Read))?;
        let after = after.0.map(|Cursor(receipt)| receipt);
        let page = context.store.suspense_items(after.as_deref(), limit(size.0)).await?;
        let page = PageOf::try_of(page, |row| row.receipt.clone(), Suspense::try_from)?;
        Ok(InSuspense::Page(Json(page)))
    }

    /// List callbacks
    ///
    /// What the provider, or somebody who pretends to be it, has sent: those that fit nothing unless another
    /// state is asked for; newest first. Their bodies are personal data and stay in the database. Problems:
    /// `forbidden` (403).
    #[oai(path = "/callbacks", method = "get", operation_id = "list_callbacks")]
    async fn callbacks(
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
        operator.may(&context, (Resource::Reconciliation, Action::Read))?;
        let state = state.0.map_or(CallbackOutcome::Unmatched, |state| state.0);
        let after = after.0.map(|Cursor(id)| id);
        let page = context.store.callbacks(state, after, limit(size.0)).await?;
        Ok(Callbacks::Page(Json(PageOf::of(page, |row| CallbackId::new(row.id), Callback::from))))
    }
}
