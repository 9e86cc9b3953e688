//! The writes of a batch of transfers: one statement per table, whatever the size of the batch.

use super::batch::Candidate;
use crate::error::Error;
use crate::idempotency::{self, Keyed};
use crate::ledger::{self, Locked, Written};
use crate::log;
use crate::log::NewEvent;
use crate::statement::statement;
use amana_domain::event::{Actor, TransferEvent};
use amana_domain::id::UserId;
use amana_domain::limits::Usage;
use amana_domain::money::Currency;
use amana_domain::transfer::Accepted;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::sql_types::{Array, BigInt, Date, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A transfer that the domain accepted.
pub(super) struct Made<'a> {
    pub(super) candidate: Candidate<'a>,
    pub(super) accepted: Accepted,
}

/// Deletes the keys of refused requests, so that they can be used again.
pub(super) async fn take_back(
    conn: &mut AsyncPgConnection,
    refused: &[Candidate<'_>],
) -> Result<(), Error> {
    if refused.is_empty() {
        return Ok(());
    }
    let calls: Vec<&Keyed> = refused.iter().map(|one| &one.request.keyed).collect();
    idempotency::give_back_all(conn, &calls).await
}

/// Writes all accepted transfers.
pub(super) async fn made(
    conn: &mut AsyncPgConnection,
    made: &[Made<'_>],
    locked: &Locked,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if made.is_empty() {
        return Ok(());
    }
    let written: Vec<Written<'_>> = made
        .iter()
        .map(|one| Written {
            id: one.candidate.transfer.id,
            entry: &one.accepted.entry,
            lines: one.accepted.lines.clone(),
        })
        .collect();
    ledger::insert_entries(conn, &written, now).await?;
    ledger::insert_postings(conn, &written, locked, now).await?;
    transfers(made, now).execute(conn).await?;
    spending(made).execute(conn).await?;
    log::append_all(conn, now, made.iter().map(event)).await
}

fn event(made: &Made<'_>) -> NewEvent {
    let Candidate { transfer, request, .. } = &made.candidate;
    let event = TransferEvent::Created {
        recipient: transfer.recipient,
        amount_minor: transfer.amount.minor(),
        currency: transfer.amount.currency(),
    };
    let new = NewEvent::new(Actor::User(transfer.sender), transfer.id, event);
    new.through(request.keyed.api_key)
}

statement! {
    #[derive(Default)]
    InsertTransfers(
        ids: Array<SqlUuid> = Vec<Uuid>,
        senders: Array<SqlUuid> = Vec<Uuid>,
        recipients: Array<SqlUuid> = Vec<Uuid>,
        amounts: Array<BigInt> = Vec<i64>,
        currencies: Array<Text> = Vec<&'static str>,
        notes: Array<Nullable<Text>> = Vec<Option<String>>,
        categories: Array<Text> = Vec<&'static str>,
        metadata: Array<Jsonb> = Vec<Value>,
        at: Timestamptz = DateTime<Utc>,
    ) "insert into transfers
            (id, sender_id, recipient_id, amount_minor, currency, note, category, metadata, at)
        select *, $9 from unnest($1, $2, $3, $4, $5, $6, $7, $8)"
}

fn transfers(made: &[Made<'_>], at: DateTime<Utc>) -> InsertTransfers {
    let mut columns = InsertTransfers { at, ..InsertTransfers::default() };
    for Made { candidate, .. } in made {
        let (transfer, details) = (&candidate.transfer, &candidate.request.details);
        columns.ids.push(transfer.id.uuid());
        columns.senders.push(transfer.sender.uuid());
        columns.recipients.push(transfer.recipient.uuid());
        columns.amounts.push(transfer.amount.minor());
        columns.currencies.push(transfer.amount.currency().as_str());
        columns.notes.push(details.note.clone());
        columns.categories.push(details.category.as_str());
        columns.metadata.push(json!(details.metadata));
    }
    columns
}

statement! {
    #[derive(Default)]
    SaveSpending(
        users: Array<SqlUuid> = Vec<Uuid>,
        currencies: Array<Text> = Vec<&'static str>,
        days: Array<Date> = Vec<NaiveDate>,
        spent: Array<BigInt> = Vec<i64>,
    ) "insert into spending (user_id, currency, day, spent_minor)
        select * from unnest($1, $2, $3, $4)
        on conflict on constraint spending_pkey
        do update set day = excluded.day, spent_minor = excluded.spent_minor"
}

/// Builds the spending of each sender after the last of their transfers.
fn spending(made: &[Made<'_>]) -> SaveSpending {
    let last: BTreeMap<(UserId, Currency), Usage> = made
        .iter()
        .map(|one| {
            let transfer = &one.candidate.transfer;
            ((transfer.sender, transfer.amount.currency()), one.accepted.usage)
        })
        .collect();
    let mut columns = SaveSpending::default();
    for ((user, currency), usage) in last {
        columns.users.push(user.uuid());
        columns.currencies.push(currency.as_str());
        columns.days.push(usage.day);
        columns.spent.push(usage.spent_minor);
    }
    columns
}
