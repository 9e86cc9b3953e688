//! Ledger entries written by SQL, for histories that would take long through the API. All triggers and constraints
//! apply.

use crate::app::App;
use crate::client::Person;
use crate::servers::Database;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

/// The sender's note, category and metadata of a transfer.
#[derive(Debug, Clone)]
pub struct Said {
    pub note: Option<&'static str>,
    pub category: &'static str,
    pub metadata: Value,
}

impl Default for Said {
    fn default() -> Self {
        Self { note: None, category: "general", metadata: json!({}) }
    }
}

/// Returns the UUID of an id such as `usr_…`.
fn uuid(id: &str) -> Uuid {
    let hex = id.split_once('_').expect("a prefix").1;
    hex.parse().expect("an id")
}

impl Database {
    /// Posts an entry in shillings between accounts, each given by kind and owner.
    pub async fn post(
        &self,
        (kind, key, at): (&str, &str, DateTime<Utc>),
        moves: &[(&str, Uuid, i64)],
    ) -> Uuid {
        let (id, count, at) = (Uuid::now_v7(), moves.len(), at.to_rfc3339());
        let row = |(line, (kind, owner, minor)): (usize, &(&str, Uuid, i64))| {
            format!("('{kind}', '{owner}'::uuid, {line}, {minor}::bigint)")
        };
        let rows: Vec<String> = (1..).zip(moves).map(row).collect();
        let rows = rows.join(", ");
        let key =
            if key.is_empty() { format!("ent_{}:{kind}", id.simple()) } else { key.to_owned() };
        self.execute(&format!(
            "insert into accounts (id, kind, owner, currency, opened_at)
            select gen_random_uuid(), m.kind, m.owner, 'KES', '{at}' from (values {rows}) m (kind, owner, line, minor)
            on conflict do nothing;
            insert into entries (id, kind, key, posting_count, at) values ('{id}', '{kind}', '{key}', {count}, '{at}');
            insert into postings (account_id, seq, entry_id, line, amount_minor, balance_after_minor, currency, at)
            select a.id, a.seq + 1, '{id}', m.line, m.minor, a.balance_minor + m.minor, 'KES', '{at}'
            from (values {rows}) m (kind, owner, line, minor)
            join accounts a on a.kind = m.kind and a.owner = m.owner and a.currency = 'KES'"
        ))
        .await;
        id
    }
}

impl App {
    /// Deposits money into a wallet and returns the id of the entry.
    pub async fn given(&self, person: &Person, minor: i64, at: DateTime<Utc>) -> String {
        let clearing = ("provider.clearing", Uuid::from_u128(1), -minor);
        let moves = [clearing, ("user.available", uuid(&person.id), minor)];
        let id = self.database.post(("deposit", "", at), &moves).await;
        format!("ent_{}", id.simple())
    }

    /// Transfers money between wallets and returns the id of the entry.
    pub async fn sent(
        &self,
        (from, to): (&Person, &Person),
        minor: i64,
        said: &Said,
        at: DateTime<Utc>,
    ) -> String {
        let (sender, recipient) = (uuid(&from.id), uuid(&to.id));
        let moves = [("user.available", sender, -minor), ("user.available", recipient, minor)];
        let id = self.database.post(("transfer", "", at), &moves).await;
        let note = said.note.map_or("null".to_owned(), |note| format!("'{note}'"));
        let Said { category, metadata, .. } = said;
        self.database
            .execute(&format!(
                "insert into transfers
                    (id, sender_id, recipient_id, amount_minor, currency, note, category, metadata, at)
                values ('{id}', '{sender}', '{recipient}', {minor}, 'KES', {note}, '{category}',
                    '{metadata}', '{}')",
                at.to_rfc3339()
            ))
            .await;
        format!("ent_{}", id.simple())
    }
}
