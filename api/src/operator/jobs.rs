//! Jobs that gave up, and bringing them back.

use crate::Chapter;
use crate::auth::Operator;
use crate::context::Context;
use crate::page::{Cursor, PageOf, limit};
use crate::problem::ApiError;
use crate::wire::{Limit, Nullable, Timestamp, Wire};
use amana_domain::id::JobId;
use amana_domain::permission::Resource;
use amana_postgres::{JobState, JobView};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Any;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde_json::Value;
use std::sync::Arc;

/// A piece of work outside of requests.
#[derive(Debug, Object)]
struct Job {
    id: Wire<JobId>,
    queue: String,
    /// Such as `submit_collection`.
    kind: String,
    /// What the work is about, by ids.
    payload: Any<Value>,
    /// `queued`, `running`, `done` or `dead`.
    state: String,
    attempts: i32,
    /// After so many attempts it is dead.
    attempts_max: i32,
    /// What the last attempt failed with.
    last_error: Nullable<String>,
    due_at: Timestamp,
    created_at: Timestamp,
    finished_at: Nullable<Timestamp>,
}

impl From<JobView> for Job {
    fn from(job: JobView) -> Self {
        Self {
            id: JobId::new(job.id).into(),
            queue: job.queue,
            kind: job.kind,
            payload: Any(job.payload),
            state: job.state,
            attempts: job.attempts,
            attempts_max: job.attempts_max,
            last_error: Nullable::of(job.last_error),
            due_at: job.due_at.into(),
            created_at: job.created_at.into(),
            finished_at: Nullable::of(job.finished_at),
        }
    }
}

#[derive(ApiResponse)]
enum JobPage {
    /// One page of jobs.
    #[oai(status = 200)]
    Page(Json<PageOf<Job>>),
}

#[derive(ApiResponse)]
enum Replayed {
    /// The job is queued again, with all its attempts.
    #[oai(status = 202)]
    Queued(Json<Job>),
}

pub(crate) struct Jobs;

#[OpenApi(prefix_path = "/v1/operator/jobs", tag = "Chapter::Operator")]
impl Jobs {
    /// List jobs
    ///
    /// Jobs in one state, newest first; the dead ones unless another state is asked for. Problems:
    /// `forbidden` (403).
    #[oai(path = "/", method = "get", operation_id = "list_jobs")]
    async fn list_jobs(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Which ones; `dead` if left out.
        state: Query<Option<Wire<JobState>>>,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<JobId>>>,
        /// How many items a page has at most; 20 if left out.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<JobPage, ApiError> {
        operator.may_read(&context, Resource::Jobs)?;
        let state = state.0.map_or(JobState::Dead, |state| state.0);
        let after = after.0.map(|Cursor(id)| id);
        let page = context.store.jobs(state, after, limit(size.0)).await?;
        Ok(JobPage::Page(Json(PageOf::of(page, |job| JobId::new(job.id), Job::from))))
    }

    /// Replay a dead job
    ///
    /// It is queued again with all its attempts. Doing so twice is safe: the second call finds it no longer
    /// dead. Problems: `job_not_failed` (409), `not_found` (404), `forbidden`,
    /// `conflict_of_interest` (403).
    #[oai(path = "/:id/replay", method = "post", operation_id = "replay_job")]
    async fn replay_job(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the job.
        id: Path<Wire<JobId>>,
    ) -> Result<Replayed, ApiError> {
        let (id, staff) = (id.0.0, operator.staff());
        let job =
            context.write(async move |store, now| store.replay_job(id, &staff, now).await).await?;
        Ok(Replayed::Queued(Json(job.into())))
    }
}
