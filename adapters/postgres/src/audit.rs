//! Who changed what: written in the transaction of the change.

use crate::error::Error;
use crate::pool::Store;
use crate::schema::audit;
use crate::statement::statement;
use crate::through::{current_key, noted};
use amana_domain::deal::Actor;
use amana_domain::id::UserId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Jsonb, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use std::fmt::Display;

/// One record, as it is read back.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = audit)]
pub struct AuditRecord {
    pub at: DateTime<Utc>,
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub data: Value,
}

pub(crate) fn actor_text(actor: Actor) -> String {
    match actor {
        Actor::User(user) | Actor::Arbiter(user) => user.to_string(),
        Actor::System => "system".to_owned(),
    }
}

pub(crate) async fn record(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    actor: Actor,
    action: &str,
    subject: impl Display,
    data: Value,
) -> Result<(), Error> {
    record_all(conn, now, [NewRecord::of(actor, action, subject, data)]).await
}

/// A record that is to be written together with others.
pub(crate) struct NewRecord {
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) data: Value,
}

impl NewRecord {
    /// Of what is done in the call that is being handled.
    pub(crate) fn of(actor: Actor, action: &str, subject: impl Display, data: Value) -> Self {
        let (actor, data) = (actor_text(actor), noted(data, current_key()));
        Self { actor, action: action.to_owned(), subject: subject.to_string(), data }
    }
}

statement! {
    #[derive(Default)]
    InsertRecords(
        actors: Array<Text> = Vec<String>,
        actions: Array<Text> = Vec<String>,
        subjects: Array<Text> = Vec<String>,
        data: Array<Jsonb> = Vec<Value>,
        at: Timestamptz = DateTime<Utc>,
    ) "insert into audit (actor, action, subject, data, at) select *, $5 from unnest($1, $2, $3, $4)"
}

pub(crate) async fn record_all(
    mut conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    records: impl IntoIterator<Item = NewRecord>,
) -> Result<(), Error> {
    let mut columns = InsertRecords { at: now, ..InsertRecords::default() };
    for record in records {
        columns.actors.push(record.actor);
        columns.actions.push(record.action);
        columns.subjects.push(record.subject);
        columns.data.push(record.data);
    }
    columns.execute(&mut conn).await?;
    Ok(())
}

impl Store {
    /// The records about one subject, oldest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn audit_of(&self, subject: &str) -> Result<Vec<AuditRecord>, Error> {
        let mut conn = self.connection().await?;
        Ok(AuditRecord::query()
            .filter(audit::subject.eq(subject))
            .order(audit::id)
            .limit(crate::page::PAGE_MAX)
            .load(&mut conn)
            .await?)
    }
}

/// The user behind an actor, if there is one.
pub(crate) fn actor_user(actor: Actor) -> Option<UserId> {
    match actor {
        Actor::User(user) | Actor::Arbiter(user) => Some(user),
        Actor::System => None,
    }
}
