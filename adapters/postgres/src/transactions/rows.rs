//! The statement that reads movements, with all details of each.

use super::TransactionFilter;
use crate::error::Error;
use crate::row::parse;
use crate::statement::statement;
use amana_domain::handle::Handle;
use amana_domain::id::{DealId, EntryId, UserId};
use amana_domain::transaction::{Counterparty, Direction, Reference, Transaction};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Movements of one account with numbers from `oldest` to `newest`, both inclusive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    pub(super) account: Uuid,
    pub(super) user: UserId,
    pub(super) oldest: i64,
    pub(super) newest: i64,
}

// The counterparty is the other user of the transfer, deal or hold.
statement! {
    ReadStretch(
        account: SqlUuid = Uuid,
        oldest: BigInt = i64,
        newest: BigInt = i64,
        owner: SqlUuid = Uuid,
        kinds: Nullable<Array<Text>> = Option<Vec<&'static str>>,
        category: Nullable<Text> = Option<&'static str>,
        counterparty: Nullable<SqlUuid> = Option<Uuid>,
        incoming: Nullable<Bool> = Option<bool>,
        minor_min: BigInt = i64,
        minor_max: BigInt = i64,
        limit: BigInt = i64,
    ) "select p.seq, e.id, e.kind, e.key, p.at, p.currency, p.amount_minor, p.balance_after_minor,
            t.note, t.category, t.metadata, d.id as deal_id, u.id as party_id, u.name as party_name, u.handle as party_handle
        from postings p
        join entries e on e.id = p.entry_id
        left join transfers t on t.id = p.entry_id
        left join milestones m on m.id = case when starts_with(e.key, 'ms_') then substr(e.key, 4, 32)::uuid end
        left join deals d on d.id = coalesce(m.deal_id,
            case when starts_with(e.key, 'deal_') then substr(e.key, 6, 32)::uuid end)
        left join holds h on h.id = case when starts_with(e.key, 'hold_') then substr(e.key, 6, 32)::uuid end
        left join users u on u.id = case $4
            when t.sender_id then t.recipient_id when t.recipient_id then t.sender_id
            when d.buyer_id then d.seller_id when d.seller_id then d.buyer_id
            when h.user_id then h.beneficiary_id when h.beneficiary_id then h.user_id end
        where p.account_id = $1 and p.seq >= $2 and p.seq <= $3
            and e.kind = any(coalesce($5, array[e.kind]))
            and t.category is not distinct from coalesce($6, t.category)
            and u.id is not distinct from coalesce($7, u.id)
            and (p.amount_minor > 0) = coalesce($8, p.amount_minor > 0)
            and abs(p.amount_minor) >= $9 and abs(p.amount_minor) <= $10
        order by p.seq desc limit $11"
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    amount_minor: i64,
    #[diesel(sql_type = BigInt)]
    balance_after_minor: i64,
    #[diesel(sql_type = Nullable<Text>)]
    note: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    category: Option<String>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    metadata: Option<Value>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    deal_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    party_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    party_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    party_handle: Option<String>,
}

/// Reads movements newest first, at most `limit`.
pub(super) async fn read(
    conn: &mut AsyncPgConnection,
    stretch: Stretch,
    filter: &TransactionFilter,
    limit: i64,
) -> Result<Vec<Transaction>, Error> {
    if stretch.oldest > stretch.newest {
        return Ok(vec![]);
    }
    let kinds = filter.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>();
    let rows: Vec<Row> = ReadStretch {
        account: stretch.account,
        oldest: stretch.oldest,
        newest: stretch.newest,
        owner: stretch.user.uuid(),
        kinds: Some(kinds).filter(|kinds| !kinds.is_empty()),
        category: filter.category.map(|category| category.as_str()),
        counterparty: filter.counterparty.map(UserId::uuid),
        incoming: filter.direction.map(|direction| direction == Direction::In),
        minor_min: filter.minor_min.unwrap_or(0),
        minor_max: filter.minor_max.unwrap_or(i64::MAX),
        limit,
    }
    .load(conn)
    .await?;
    rows.into_iter().map(Transaction::try_from).collect()
}

impl TryFrom<Row> for Transaction {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let handle = row.party_handle.as_deref().map(Handle::parse).transpose();
        let handle = handle.map_err(Error::row)?;
        // Some keys name the milestone instead of its deal, so the id comes from a join.
        let deal = row.deal_id.map(|id| Reference::Deal(DealId::new(id)));
        let counterparty = row.party_id.zip(row.party_name);
        Ok(Self {
            id: EntryId::new(row.id),
            seq: row.seq,
            kind: parse(&row.kind)?,
            at: row.at,
            currency: parse(&row.currency)?,
            amount_minor: row.amount_minor,
            balance_after_minor: row.balance_after_minor,
            counterparty: counterparty.map(|(id, name)| Counterparty {
                id: UserId::new(id),
                name,
                handle,
            }),
            reference: deal.or_else(|| Reference::of_key(&row.key)),
            note: row.note,
            category: row.category.as_deref().map(parse).transpose()?,
            metadata: row.metadata.map(fields).transpose()?.unwrap_or_default(),
        })
    }
}

fn fields(metadata: Value) -> Result<BTreeMap<String, String>, Error> {
    serde_json::from_value(metadata).map_err(Error::row)
}
