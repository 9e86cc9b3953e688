//! The outbox: jobs are rows. A claim has an attempt number, which fences off a worker that lost its lease.

mod upkeep;

pub use upkeep::JobView;

use crate::error::Error;
use crate::job::Job;
use crate::pool::Store;
use crate::schema::jobs;
use crate::statement::statement;
use amana_domain::id::JobId;
use amana_domain::text_enum;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// Time after which an unclaimed job is pushed to Redis again, because Redis may have lost it.
const REPUSH_AFTER_S: i64 = 10;

/// Longest stored error text.
const ERROR_CHARS_MAX: usize = 500;

text_enum! {
    pub enum JobState as "job state" {
        Queued = "queued",
        Running = "running",
        Done = "done",
        Dead = "dead",
    }
}

/// A job to push to Redis.
#[derive(Debug, Clone, QueryableByName)]
pub struct DueJob {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub queue: String,
    #[diesel(sql_type = Timestamptz)]
    pub due_at: DateTime<Utc>,
}

/// The right to carry out one attempt of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub id: JobId,
    pub attempt: i32,
    pub attempts_max: i32,
    pub job: Job,
}

/// Adds a job to the outbox. Returns `false` if a job with the same key exists.
pub(crate) async fn enqueue(
    conn: &mut AsyncPgConnection,
    job: &Job,
    due_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let payload = serde_json::to_value(job).map_err(Error::row)?;
    let added = diesel::insert_into(jobs::table)
        .values((
            jobs::id.eq(Uuid::now_v7()),
            jobs::queue.eq(job.queue().as_str()),
            jobs::kind.eq(job.kind()),
            jobs::payload.eq(payload),
            jobs::key.eq(job.key()),
            jobs::state.eq(JobState::Queued.as_str()),
            jobs::due_at.eq(due_at),
            jobs::attempts_max.eq(job.attempts_max()),
            jobs::created_at.eq(now),
        ))
        .on_conflict(jobs::key)
        .do_nothing()
        .execute(conn)
        .await?;
    Ok(added == 1)
}

statement! {
    #[derive(Default)]
    InsertJobs(
        ids: Array<SqlUuid> = Vec<Uuid>,
        queues: Array<Text> = Vec<&'static str>,
        kinds: Array<Text> = Vec<&'static str>,
        payloads: Array<Jsonb> = Vec<Value>,
        keys: Array<Text> = Vec<String>,
        attempts: Array<Integer> = Vec<i32>,
        due_at: Array<Timestamptz> = Vec<DateTime<Utc>>,
        created_at: Timestamptz = DateTime<Utc>,
    ) "insert into jobs (id, queue, kind, payload, key, attempts_max, due_at, state, created_at)
        select *, 'queued', $8 from unnest($1, $2, $3, $4, $5, $6, $7)
        on conflict on constraint jobs_key_unique do nothing"
}

/// Queues a finished job again with the full number of attempts.
pub(crate) async fn enqueue_again(
    conn: &mut AsyncPgConnection,
    job: &Job,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let done =
        jobs::table.filter(jobs::key.eq(job.key())).filter(jobs::state.eq(JobState::Done.as_str()));
    diesel::update(done)
        .set((
            jobs::state.eq(JobState::Queued.as_str()),
            jobs::attempts.eq(0),
            jobs::due_at.eq(now),
            jobs::pushed_at.eq(None::<DateTime<Utc>>),
            jobs::finished_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Adds several jobs with their due times to the outbox.
pub(crate) async fn enqueue_all(
    mut conn: &AsyncPgConnection,
    jobs: impl IntoIterator<Item = (Job, DateTime<Utc>)>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let mut columns = InsertJobs { created_at: now, ..InsertJobs::default() };
    for (job, due_at) in jobs {
        columns.due_at.push(due_at);
        columns.ids.push(Uuid::now_v7());
        columns.queues.push(job.queue().as_str());
        columns.kinds.push(job.kind());
        columns.payloads.push(serde_json::to_value(&job).map_err(Error::row)?);
        columns.keys.push(job.key());
        columns.attempts.push(job.attempts_max());
    }
    if !columns.ids.is_empty() {
        columns.execute(&mut conn).await?;
    }
    Ok(())
}

/// Marks the claimed job as done, in the transaction of its effect.
pub(crate) async fn finish(
    conn: &mut AsyncPgConnection,
    claim: &Claim,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let changed = diesel::update(held(claim))
        .set((
            jobs::state.eq(JobState::Done.as_str()),
            jobs::lease_until.eq(None::<DateTime<Utc>>),
            jobs::finished_at.eq(Some(now)),
        ))
        .execute(conn)
        .await?;
    if changed == 1 { Ok(()) } else { Err(Error::LeaseLost) }
}

/// Marks the job as done unless the lease is lost. For effects that are valid without the lease: a provider's response
/// is stored even if another worker has the job by now.
pub(crate) async fn finish_if_held(
    conn: &mut AsyncPgConnection,
    claim: &Claim,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    match finish(conn, claim, now).await {
        Err(Error::LeaseLost) => Ok(()),
        result => result,
    }
}

async fn bury_abandoned(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::sql_query(
        "update jobs set state = 'dead', lease_until = null, finished_at = $2,
            last_error = coalesce(last_error, 'every worker that tried it was lost')
        where id = $1 and state = 'running' and lease_until < clock_timestamp() and attempts >= attempts_max",
    )
    .bind::<diesel::sql_types::Uuid, _>(id)
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?;
    Ok(())
}

#[diesel::dsl::auto_type(no_type_alias)]
fn held<'a>(claim: &'a Claim) -> _ {
    let id: Uuid = claim.id.uuid();
    let attempt: i32 = claim.attempt;
    jobs::table
        .filter(jobs::id.eq(id))
        .filter(jobs::attempts.eq(attempt))
        .filter(jobs::state.eq("running"))
}

impl Store {
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn enqueue_job(
        &self,
        job: &Job,
        due_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let mut conn = self.connection().await?;
        enqueue(&mut conn, job, due_at, now).await
    }

    /// Returns the jobs to push to these queues: newly due, not claimed in time, or abandoned by their worker.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn due_jobs(
        &self,
        queues: &[&str],
        now: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<DueJob>, Error> {
        let mut conn = self.connection().await?;
        let mut due: Vec<DueJob> = diesel::sql_query(
            "update jobs set pushed_at = clock_timestamp() where id in (
                select id from jobs
                where ((state = 'queued' and due_at <= $1) or (state = 'running' and lease_until < clock_timestamp()))
                    and (pushed_at is null or pushed_at < clock_timestamp() - make_interval(secs => $2))
                    and queue = any($4)
                order by due_at limit $3 for update skip locked
            ) returning id, queue, due_at",
        )
        .bind::<Timestamptz, _>(now)
        .bind::<diesel::sql_types::Double, _>(f64::from(i32::try_from(REPUSH_AFTER_S).unwrap_or(10)))
        .bind::<BigInt, _>(limit)
        .bind::<Array<Text>, _>(queues)
        .load(&mut conn)
        .await?;
        // An update returns its rows in any order. Older jobs must run before housekeeping, which deletes old rows.
        due.sort_by_key(|job| job.due_at);
        Ok(due)
    }

    /// Claims a due job without a lease. A job that was abandoned on its last attempt is marked as dead here, because
    /// no worker will report it.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn claim_job(
        &self,
        id: Uuid,
        lease: Duration,
        now: DateTime<Utc>,
    ) -> Result<Option<Claim>, Error> {
        #[derive(QueryableByName)]
        struct Claimed {
            #[diesel(sql_type = Integer)]
            attempts: i32,
            #[diesel(sql_type = Integer)]
            attempts_max: i32,
            #[diesel(sql_type = Jsonb)]
            payload: Value,
        }
        let mut conn = self.connection().await?;
        let claimed: Option<Claimed> = diesel::sql_query(
            "update jobs set state = 'running', attempts = attempts + 1, pushed_at = null,
                lease_until = clock_timestamp() + make_interval(secs => $3)
            where id = $1 and ((state = 'queued' and due_at <= $2)
                or (state = 'running' and lease_until < clock_timestamp() and attempts < attempts_max))
            returning attempts, attempts_max, payload",
        )
        .bind::<diesel::sql_types::Uuid, _>(id)
        .bind::<Timestamptz, _>(now)
        .bind::<diesel::sql_types::Double, _>(lease.as_secs_f64())
        .get_result(&mut conn)
        .await
        .optional()?;
        let Some(row) = claimed else {
            bury_abandoned(&mut conn, id, now).await?;
            return Ok(None);
        };
        let job = serde_json::from_value(row.payload).map_err(Error::row)?;
        let (attempt, attempts_max) = (row.attempts, row.attempts_max);
        Ok(Some(Claim { id: JobId::new(id), attempt, attempts_max, job }))
    }

    /// Extends the lease. Returns `false` if it is lost: then the work must stop.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn renew_lease(&self, claim: &Claim, lease: Duration) -> Result<bool, Error> {
        let mut conn = self.connection().await?;
        let changed = diesel::sql_query(
            "update jobs set lease_until = clock_timestamp() + make_interval(secs => $3)
            where id = $1 and attempts = $2 and state = 'running'",
        )
        .bind::<diesel::sql_types::Uuid, _>(claim.id.uuid())
        .bind::<Integer, _>(claim.attempt)
        .bind::<diesel::sql_types::Double, _>(lease.as_secs_f64())
        .execute(&mut conn)
        .await?;
        Ok(changed == 1)
    }

    /// Marks a job as done whose effect is outside this database, or that has none.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] if another worker has taken the job over.
    pub async fn finish_job(&self, claim: &Claim, now: DateTime<Utc>) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        finish(&mut conn, claim, now).await
    }

    /// Ends a failed attempt. The job is retried at `retry_at`, or is dead if that is `None` or no attempt is left.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] if another worker has taken the job over.
    pub async fn fail_job(
        &self,
        claim: &Claim,
        error: &str,
        retry_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<JobState, Error> {
        let mut conn = self.connection().await?;
        let retry_at = retry_at.filter(|_| claim.attempt < claim.attempts_max);
        let state = if retry_at.is_some() { JobState::Queued } else { JobState::Dead };
        let text: String = error.chars().take(ERROR_CHARS_MAX).collect();
        let changed = diesel::update(held(claim))
            .set((
                jobs::state.eq(state.as_str()),
                jobs::lease_until.eq(None::<DateTime<Utc>>),
                jobs::pushed_at.eq(None::<DateTime<Utc>>),
                jobs::due_at.eq(retry_at.unwrap_or(now)),
                jobs::finished_at.eq((state == JobState::Dead).then_some(now)),
                jobs::last_error.eq(Some(text)),
            ))
            .execute(&mut conn)
            .await?;
        if changed == 1 { Ok(state) } else { Err(Error::LeaseLost) }
    }

    /// Returns an unused claim. The attempt does not count.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    #[expect(clippy::arithmetic_side_effects, reason = "the database subtracts")]
    pub async fn give_back_job(&self, claim: &Claim) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        diesel::update(held(claim))
            .set((
                jobs::state.eq(JobState::Queued.as_str()),
                jobs::lease_until.eq(None::<DateTime<Utc>>),
                jobs::pushed_at.eq(None::<DateTime<Utc>>),
                jobs::attempts.eq(jobs::attempts - 1),
            ))
            .execute(&mut conn)
            .await?;
        Ok(())
    }
}
