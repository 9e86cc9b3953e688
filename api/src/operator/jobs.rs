//! Background jobs, and replay of dead ones.

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

/// A background job.
#[derive(Debug, Object)]
struct Job {
    id: Wire<JobId>,
    /// Queue of the job.
    queue: String,
    /// Kind of the job, such as `submit_collection`.
    kind: String,
    /// Ids of the records that the job concerns.
    payload: Any<Value>,
    /// State of the job: `queued`, `running`, `done` or `dead`.
    state: String,
    /// Number of attempts so far.
    attempts: i32,
    /// Number of failed attempts after which the job is dead.
    attempts_max: i32,
    /// Error of the latest failed attempt.
    last_error: Nullable<String>,
    /// Time of the next attempt.
    due_at: Timestamp,
    created_at: Timestamp,
    /// Time at which the job was done or dead; `null` until then.
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
    /// The job, queued again with all its attempts.
    #[oai(status = 202)]
    Queued(Json<Job>),
}

pub(crate) struct Jobs;

#[OpenApi(prefix_path = "/v1/operator/jobs", tag = "Chapter::Operator")]
impl Jobs {
    /// List jobs
    ///
    /// Jobs in one state, newest first; dead jobs by default. Problems: `forbidden` (403).
    #[oai(path = "/", method = "get", operation_id = "list_jobs")]
    async fn list_jobs(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// State of the jobs; `dead` by default.
        state: Query<Option<Wire<JobState>>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<JobId>>>,
        /// Maximum number of items per page; 20 by default.
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
    /// Queues the job again with all its attempts. A repeated call has no effect, because the job is no longer dead.
    /// Problems: `job_not_failed` (409), `not_found` (404), `forbidden`, `conflict_of_interest` (403).
    #[oai(path = "/:id/replay", method = "post", operation_id = "replay_job")]
    async fn replay_job(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the job.
        id: Path<Wire<JobId>>,
    ) -> Result<Replayed, ApiError> {
        let (id, staff) = (id.0.0, operator.staff());
        let job =
            context.write(async move |store, now| store.replay_job(id, &staff, now).await).await?;
        Ok(Replayed::Queued(Json(job.into())))
    }
}
