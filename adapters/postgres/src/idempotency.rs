//! Idempotency keys: inserted first, and committed together with effect and response.

use crate::call_context::current_key;
use crate::error::{Conflict, Error, StoreError};
use crate::pool::Store;
use crate::schema::idempotency_keys;
use crate::statement::kept;
use crate::statement::statement;
use crate::users::{Standing, moves_money_out, standing};
use amana_domain::id::{ApiKeyId, UserId};
use amana_domain::transfer::TransferRefusal;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{Array, Bytea, Jsonb, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use tokio::try_join;
use uuid::Uuid;

/// An idempotent call: user, key, operation, and a hash of the request.
#[derive(Debug, Clone)]
pub struct Keyed {
    pub user: UserId,
    pub key: String,
    pub operation: &'static str,
    request_hash: Vec<u8>,
    /// The API key of the call. Stored here because another task may write the effect, see `transfers`.
    pub(crate) api_key: Option<ApiKeyId>,
}

impl Keyed {
    /// `request` contains everything that distinguishes two calls of the operation.
    #[must_use]
    pub fn new(user: UserId, key: String, operation: &'static str, request: &str) -> Self {
        let request_hash = Sha256::new()
            .chain_update(operation)
            .chain_update("\n")
            .chain_update(request)
            .finalize()
            .to_vec();
        Self { user, key, operation, request_hash, api_key: current_key() }
    }

    pub(crate) fn name(&self) -> KeyName {
        (self.user.uuid(), self.key.clone())
    }
}

/// The response of a call, stored for repetitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: i16,
    pub body: Value,
}

/// The response of a keyed call. `replayed` is true for a repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub answer: Answer,
    pub replayed: bool,
}

/// Takes the key, or returns the stored response. A concurrent call with the same key waits for the first one's commit.
///
/// # Errors
/// An account that is closed or has no verified contact may not act. A frozen account may not move money out.
pub(crate) async fn begin(
    conn: &mut AsyncPgConnection,
    keyed: &Keyed,
    now: DateTime<Utc>,
) -> Result<Option<Outcome>, Error> {
    let mut shared: &AsyncPgConnection = conn;
    let take = diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::user_id.eq(keyed.user.uuid()),
            idempotency_keys::key.eq(&keyed.key),
            idempotency_keys::operation.eq(keyed.operation),
            idempotency_keys::request_hash.eq(&keyed.request_hash),
            idempotency_keys::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(&mut shared);
    let taken = async { take.await.map_err(in_progress) };
    // Every keyed call begins here, so none omits the check. A repetition is answered whatever the account's state.
    let (inserted, standing) = try_join!(biased; taken, standing(conn, keyed.user))?;
    if inserted == 1 {
        standing.require_active()?;
        if standing == Standing::Frozen && moves_money_out(keyed.operation) {
            return Err(TransferRefusal::SenderFrozen.into());
        }
        return Ok(None);
    }
    let stored = Stored::query()
        .filter(idempotency_keys::user_id.eq(keyed.user.uuid()))
        .filter(idempotency_keys::key.eq(&keyed.key))
        .first(conn)
        .await?;
    stored.answer_to(keyed).map(Some).map_err(Error::Conflict)
}

/// The row of a used key.
#[derive(HasQuery, QueryableByName)]
#[diesel(table_name = idempotency_keys)]
pub(crate) struct Stored {
    user_id: Uuid,
    key: String,
    request_hash: Vec<u8>,
    status: Option<i16>,
    body: Option<Value>,
}

impl Stored {
    /// Returns the response to a repetition.
    ///
    /// # Errors
    /// [`Conflict::KeyReused`] for another request, [`Conflict::KeyInProgress`] if no response is stored yet.
    pub(crate) fn answer_to(self, keyed: &Keyed) -> Result<Outcome, Conflict> {
        if self.request_hash != keyed.request_hash {
            return Err(Conflict::KeyReused);
        }
        match (self.status, self.body) {
            (Some(status), Some(body)) => {
                Ok(Outcome { answer: Answer { status, body }, replayed: true })
            }
            _ => Err(Conflict::KeyInProgress),
        }
    }
}

/// The primary key of an idempotency key: user and text.
pub(crate) type KeyName = (Uuid, String);

statement! {
    #[derive(Default)]
    TakeKeys(
        users: Array<SqlUuid> = Vec<Uuid>,
        keys: Array<Text> = Vec<String>,
        operations: Array<Text> = Vec<&'static str>,
        hashes: Array<Bytea> = Vec<Vec<u8>>,
        statuses: Array<SmallInt> = Vec<i16>,
        bodies: Array<Jsonb> = Vec<Value>,
        at: Timestamptz = DateTime<Utc>,
    ) "insert into idempotency_keys (user_id, key, operation, request_hash, status, body, created_at)
        select *, $7 from unnest($1, $2, $3, $4, $5, $6)
        on conflict on constraint idempotency_keys_pkey do nothing
        returning user_id, key"
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = SqlUuid)]
    user_id: Uuid,
    #[diesel(sql_type = Text)]
    key: String,
}

/// Takes the keys of several calls together with their responses, and returns the keys that were free. Keys are taken
/// in one order, so that two batches cannot deadlock.
pub(crate) async fn take_all(
    conn: &mut AsyncPgConnection,
    calls: &[(&Keyed, &Answer)],
    now: DateTime<Utc>,
) -> Result<BTreeSet<KeyName>, Error> {
    let mut calls = calls.to_vec();
    calls.sort_by_key(|(keyed, _)| keyed.name());
    let mut columns = TakeKeys { at: now, ..TakeKeys::default() };
    for (keyed, answer) in calls {
        columns.users.push(keyed.user.uuid());
        columns.keys.push(keyed.key.clone());
        columns.operations.push(keyed.operation);
        columns.hashes.push(keyed.request_hash.clone());
        columns.statuses.push(answer.status);
        columns.bodies.push(answer.body.clone());
    }
    let taken: Vec<Taken> = columns.load(conn).await.map_err(in_progress)?;
    Ok(taken.into_iter().map(|row| (row.user_id, row.key)).collect())
}

/// Releases the keys of refused calls, which this transaction took.
pub(crate) async fn give_back_all(
    conn: &mut AsyncPgConnection,
    calls: &[&Keyed],
) -> Result<(), Error> {
    diesel::sql_query(
        "delete from idempotency_keys k using unnest($1, $2) as refused (user_id, key)
        where k.user_id = refused.user_id and k.key = refused.key",
    )
    .bind::<Array<SqlUuid>, _>(calls.iter().map(|keyed| keyed.user.uuid()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(calls.iter().map(|keyed| keyed.key.as_str()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

statement! {
    FindKeys(
        users: Array<SqlUuid> = Vec<Uuid>,
        keys: Array<Text> = Vec<String>,
    ) "select k.* from unnest($1, $2) as wanted (user_id, key) cross join lateral (
            select user_id, key, request_hash, status, body from idempotency_keys
            where user_id = wanted.user_id and key = wanted.key offset 0) k"
}

/// Returns the rows of the calls' keys.
pub(crate) async fn find_all(
    conn: &mut AsyncPgConnection,
    calls: &[&Keyed],
) -> Result<BTreeMap<KeyName, Stored>, Error> {
    let users = calls.iter().map(|keyed| keyed.user.uuid()).collect();
    let keys = calls.iter().map(|keyed| keyed.key.clone()).collect();
    let found: Vec<Stored> = FindKeys { users, keys }.load(conn).await?;
    Ok(found.into_iter().map(|stored| ((stored.user_id, stored.key.clone()), stored)).collect())
}

impl Store {
    /// Returns the response of an earlier call with the same key, for handlers that act before the transaction of the
    /// effect.
    ///
    /// # Errors
    /// [`Conflict::KeyReused`] if the key was used for another request.
    pub async fn answered(&self, keyed: &Keyed) -> Result<Option<Outcome>, Error> {
        answered(&mut *self.connection().await?, keyed).await
    }

    /// Returns whether the user has used the key, for any call.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn key_is_used(&self, user: UserId, key: &str) -> Result<bool, Error> {
        let used = idempotency_keys::table.find((user.uuid(), key));
        let mut conn = self.connection().await?;
        Ok(diesel::select(diesel::dsl::exists(used)).get_result(&mut conn).await?)
    }
}

/// Returns the response of an earlier call; see [`Store::answered`].
pub(crate) async fn answered(
    conn: &mut AsyncPgConnection,
    keyed: &Keyed,
) -> Result<Option<Outcome>, Error> {
    let stored: Option<Stored> = Stored::query()
        .filter(idempotency_keys::user_id.eq(keyed.user.uuid()))
        .filter(idempotency_keys::key.eq(&keyed.key))
        .first(conn)
        .await
        .optional()?;
    stored.map(|stored| stored.answer_to(keyed)).transpose().map_err(Error::Conflict)
}

/// A keyed call and its response, for a client that lost the response.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = idempotency_keys)]
pub struct OperationView {
    pub key: String,
    pub operation: String,
    pub status: Option<i16>,
    pub body: Option<Value>,
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// Returns the completed call under a key of the user.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none.
    pub async fn operation(&self, user: UserId, key: &str) -> Result<OperationView, Error> {
        let mut conn = self.connection().await?;
        let found = OperationView::query()
            .filter(idempotency_keys::user_id.eq(user.uuid()))
            .filter(idempotency_keys::key.eq(key))
            .filter(idempotency_keys::status.is_not_null())
            .first(&mut conn)
            .await
            .optional()?;
        found.ok_or(Error::NotFound("operation"))
    }
}

/// Stores the response under the key, in the transaction of the effect.
pub(crate) async fn complete(
    conn: &mut AsyncPgConnection,
    keyed: &Keyed,
    answer: Answer,
) -> Result<Outcome, Error> {
    let key = idempotency_keys::table.find((keyed.user.uuid(), &keyed.key));
    let done = diesel::update(key).set((
        idempotency_keys::status.eq(Some(answer.status)),
        idempotency_keys::body.eq(Some(&answer.body)),
    ));
    kept(done).execute(conn).await?;
    Ok(Outcome { answer, replayed: false })
}

/// Turns a lock timeout into a conflict: the first call with this key still runs.
fn in_progress(error: DieselError) -> Error {
    match &error {
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, info)
            if info.message().contains("lock timeout") =>
        {
            Error::Conflict(Conflict::KeyInProgress)
        }
        _ => Error::Store(StoreError::Statement(error)),
    }
}
