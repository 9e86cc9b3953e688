//! Transfers between users: request, response, and the announcement job.

mod batch;
mod lane;
mod parties;
mod quote;
mod write;
mod writer;

pub use writer::TransferWriter;

use crate::error::Error;
use crate::idempotency::{Answer, Keyed};
use crate::jobs::{self, Claim};
use crate::notifications::{self, Message};
use crate::people::PersonView;
use crate::pool::Store;
use crate::row::{money, parse};
use crate::schema::transfers;
use crate::users;
use amana_domain::id::{EntryId, UserId};
use amana_domain::money::Money;
use amana_domain::notice::Template;
use amana_domain::payee::Payee;
use amana_domain::transfer::Category;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The sender's details of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferDetails {
    pub note: Option<String>,
    pub category: Category,
    pub metadata: BTreeMap<String, String>,
}

/// A requested transfer.
#[derive(Debug, Clone)]
pub struct NewTransfer {
    pub keyed: Keyed,
    pub to: Payee,
    pub amount: Money,
    pub details: TransferDetails,
    /// Builds the response to a successful transfer; it is stored with the transfer.
    pub render: fn(&TransferView) -> Answer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferView {
    /// Id of the ledger entry, the same for both sides.
    pub id: EntryId,
    pub sender: PersonView,
    pub recipient: PersonView,
    pub amount: Money,
    pub details: TransferDetails,
    pub at: DateTime<Utc>,
}

#[derive(HasQuery)]
#[diesel(table_name = transfers)]
struct Row {
    sender_id: Uuid,
    recipient_id: Uuid,
    amount_minor: i64,
    currency: String,
    note: Option<String>,
}

impl Store {
    /// Notifies both sides of a transfer.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] if another worker has taken the job over.
    pub async fn announce_transfer(
        &self,
        claim: &Claim,
        id: EntryId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let found = Row::query().filter(transfers::id.eq(id.uuid()));
            let row: Row =
                found.first(conn).await.optional()?.ok_or(Error::NotFound("transfer"))?;
            let sender = users::load(conn, UserId::new(row.sender_id)).await?;
            let recipient = users::load(conn, UserId::new(row.recipient_id)).await?;
            let amount = money(row.amount_minor, parse(&row.currency)?)?;
            let note = row.note.unwrap_or_default();
            let messages = [
                (&recipient, &sender, Template::TransferReceived),
                (&sender, &recipient, Template::TransferSent),
            ]
            .map(|(to, other, template)| {
                let params = json!({
                    "amount": amount.to_string(), "counterparty": other.name, "note": note,
                });
                Message::new(to, template, params).about(amount)
            });
            notifications::enqueue_once(conn, id.uuid(), messages.into(), now).await?;
            jobs::finish(conn, claim, now).await
        })
        .await
    }
}
