//! Jobs for operators: lists, and replay of dead jobs.

use super::JobState;
use crate::conflicts::{self, Matter};
use crate::error::{Conflict, Error};
use crate::log;
use crate::page::Page;
use crate::pool::Store;
use crate::row::parse;
use crate::schema::jobs;
use amana_domain::event::{self, OperationEvent};
use amana_domain::id::JobId;
use amana_domain::permission::{Action, Resource, Staff};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

/// A job as shown to operators.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = jobs)]
pub struct JobView {
    pub id: Uuid,
    pub queue: String,
    pub kind: String,
    pub payload: Value,
    pub state: String,
    pub due_at: DateTime<Utc>,
    pub attempts: i32,
    pub attempts_max: i32,
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Returns the jobs in one state, newest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn jobs(
        &self,
        state: JobState,
        after: Option<JobId>,
        limit: i64,
    ) -> Result<Page<JobView>, Error> {
        let mut conn = self.connection().await?;
        let mut query = JobView::query()
            .filter(jobs::state.eq(state.as_str()))
            .order(jobs::id.desc())
            .limit(Page::<JobView>::fetch(limit))
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(jobs::id.lt(after.uuid()));
        }
        Ok(Page::cut(query.load(&mut conn).await?, limit))
    }

    /// Queues a dead job again with the full number of attempts.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`], or [`Conflict::JobNotFailed`].
    pub async fn replay_job(
        &self,
        id: JobId,
        staff: &Staff,
        now: DateTime<Utc>,
    ) -> Result<JobView, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let right = (Resource::Jobs, Action::Change);
            conflicts::permit(conn, vault, staff, right, Matter::Job(id), now).await?;
            let operator = staff.user;
            let state: String = jobs::table
                .find(id.uuid())
                .select(jobs::state)
                .for_update()
                .first(conn)
                .await
                .optional()?
                .ok_or(Error::NotFound("job"))?;
            if parse::<JobState>(&state)? != JobState::Dead {
                return Err(Error::Conflict(Conflict::JobNotFailed));
            }
            diesel::update(jobs::table.find(id.uuid()))
                .set((
                    jobs::state.eq(JobState::Queued.as_str()),
                    jobs::attempts.eq(0),
                    jobs::due_at.eq(now),
                    jobs::pushed_at.eq(None::<DateTime<Utc>>),
                    jobs::finished_at.eq(None::<DateTime<Utc>>),
                ))
                .execute(conn)
                .await?;
            let replayed = OperationEvent::JobReplayed {};
            log::append(conn, now, event::Actor::Operator(operator), id, replayed).await?;
            Ok(JobView::query().filter(jobs::id.eq(id.uuid())).first(conn).await?)
        })
        .await
    }
}
