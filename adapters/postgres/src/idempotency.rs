//! Idempotency records: the key is inserted first, the effect and the answer commit with it.

use crate::error::{Conflict, Error, StoreError};
use crate::schema::idempotency_keys;
use crate::users::require_open;
use amana_domain::id::UserId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A call that may be repeated: who, under which key, which operation, and a hash of what was asked for.
#[derive(Debug, Clone)]
pub struct Keyed {
    pub user: UserId,
    pub key: String,
    pub operation: &'static str,
    request_hash: Vec<u8>,
}

impl Keyed {
    /// `request` is everything that makes two calls the same call.
    #[must_use]
    pub fn new(user: UserId, key: String, operation: &'static str, request: &str) -> Self {
        let request_hash = Sha256::new()
            .chain_update(operation)
            .chain_update("\n")
            .chain_update(request)
            .finalize()
            .to_vec();
        Self { user, key, operation, request_hash }
    }
}

/// What was answered, to be answered again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: i16,
    pub body: Value,
}

/// The answer of a keyed call, and whether it is a repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub answer: Answer,
    pub replayed: bool,
}

/// Takes the key, or returns what was answered under it. A racing call waits here for the first one's
/// commit. A closed account begins nothing.
pub(crate) async fn begin(
    conn: &mut AsyncPgConnection,
    keyed: &Keyed,
    now: DateTime<Utc>,
) -> Result<Option<Outcome>, Error> {
    let inserted = diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::user_id.eq(keyed.user.uuid()),
            idempotency_keys::key.eq(&keyed.key),
            idempotency_keys::operation.eq(keyed.operation),
            idempotency_keys::request_hash.eq(&keyed.request_hash),
            idempotency_keys::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await
        .map_err(in_progress)?;
    if inserted == 1 {
        // Every keyed call begins here, so none can forget to ask. What was answered before is answered again.
        require_open(conn, keyed.user).await?;
        return Ok(None);
    }
    let (hash, status, body): (Vec<u8>, Option<i16>, Option<Value>) = idempotency_keys::table
        .find((keyed.user.uuid(), &keyed.key))
        .select((idempotency_keys::request_hash, idempotency_keys::status, idempotency_keys::body))
        .first(conn)
        .await?;
    if hash != keyed.request_hash {
        return Err(Error::Conflict(Conflict::KeyReused));
    }
    match (status, body) {
        (Some(status), Some(body)) => {
            Ok(Some(Outcome { answer: Answer { status, body }, replayed: true }))
        }
        _ => Err(Error::Conflict(Conflict::KeyInProgress)),
    }
}

/// Stores the answer under the key, in the transaction of the effect.
pub(crate) async fn complete(
    conn: &mut AsyncPgConnection,
    keyed: &Keyed,
    answer: Answer,
) -> Result<Outcome, Error> {
    diesel::update(idempotency_keys::table.find((keyed.user.uuid(), &keyed.key)))
        .set((
            idempotency_keys::status.eq(Some(answer.status)),
            idempotency_keys::body.eq(Some(&answer.body)),
        ))
        .execute(conn)
        .await?;
    Ok(Outcome { answer, replayed: false })
}

/// Waiting for the other call ended at the lock timeout: it is still running.
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
