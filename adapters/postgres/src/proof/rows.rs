//! The rows that a full check reads, with queries in the order of an index.

use amana_domain::proof::{
    AccountPosting, AccountRow, EntryLine, EntryRow, HeldRow, HoldRow, TransferRow,
};
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

pub(super) const ACCOUNTS: &str =
    "select id, kind, owner, currency, balance_minor, seq, moved_at from accounts order by id";

pub(super) const POSTINGS: &str =
    "select account_id, seq, amount_minor, balance_after_minor, currency, at
    from postings order by account_id, seq";

pub(super) const ENTRIES: &str = "select id, kind, key, posting_count, at from entries order by id";

pub(super) const TRANSFERS: &str =
    "select id, sender_id, recipient_id, amount_minor, currency from transfers order by id";

pub(super) const LINES: &str =
    "select p.entry_id, p.line, a.kind, a.owner, p.amount_minor, p.currency, p.at
    from postings p left join accounts a on a.id = p.account_id order by p.entry_id, p.line";

pub(super) const HELD: &str = "select owner, currency, balance_minor from accounts
    where kind = 'user.held' order by owner, currency";

// Includes closed holds, because a piece that skips no rows takes a bounded time.
pub(super) const HOLDS: &str =
    "select id, user_id, currency, amount_minor, settled_minor, state = 'open' as is_open
    from holds order by user_id, id desc";

#[derive(QueryableByName)]
pub(super) struct Account {
    #[diesel(sql_type = SqlUuid)]
    pub(super) id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = SqlUuid)]
    pub(super) owner: Uuid,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    balance_minor: i64,
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    moved_at: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
pub(super) struct Posting {
    #[diesel(sql_type = SqlUuid)]
    pub(super) account_id: Uuid,
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = BigInt)]
    amount_minor: i64,
    #[diesel(sql_type = BigInt)]
    balance_after_minor: i64,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
}

#[derive(QueryableByName)]
pub(super) struct Entry {
    #[diesel(sql_type = SqlUuid)]
    pub(super) id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = SmallInt)]
    posting_count: i16,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
}

#[derive(QueryableByName)]
pub(super) struct Transfer {
    #[diesel(sql_type = SqlUuid)]
    pub(super) id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    sender_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    recipient_id: Uuid,
    #[diesel(sql_type = BigInt)]
    amount_minor: i64,
    #[diesel(sql_type = Text)]
    currency: String,
}

#[derive(QueryableByName)]
pub(super) struct Line {
    #[diesel(sql_type = SqlUuid)]
    pub(super) entry_id: Uuid,
    #[diesel(sql_type = SmallInt)]
    line: i16,
    #[diesel(sql_type = Nullable<Text>)]
    kind: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) owner: Option<Uuid>,
    #[diesel(sql_type = BigInt)]
    amount_minor: i64,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
}

#[derive(QueryableByName)]
pub(super) struct Held {
    #[diesel(sql_type = SqlUuid)]
    pub(super) owner: Uuid,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    balance_minor: i64,
}

#[derive(QueryableByName)]
pub(super) struct Hold {
    #[diesel(sql_type = SqlUuid)]
    pub(super) id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub(super) user_id: Uuid,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    amount_minor: i64,
    #[diesel(sql_type = BigInt)]
    settled_minor: i64,
    #[diesel(sql_type = Bool)]
    is_open: bool,
}

impl From<Account> for AccountRow {
    fn from(row: Account) -> Self {
        let Account { id, kind, owner, currency, balance_minor, seq, moved_at } = row;
        Self { id, kind, owner, currency, balance_minor, seq, moved_at }
    }
}

impl From<Posting> for AccountPosting {
    fn from(row: Posting) -> Self {
        let Posting { account_id, seq, amount_minor, balance_after_minor, currency, at } = row;
        Self { account_id, seq, amount_minor, balance_after_minor, currency, at }
    }
}

impl From<Entry> for EntryRow {
    fn from(row: Entry) -> Self {
        let Entry { id, kind, key, posting_count, at } = row;
        Self { id, kind, key, posting_count, at }
    }
}

impl From<Transfer> for TransferRow {
    fn from(row: Transfer) -> Self {
        let Transfer { id, sender_id: sender, recipient_id: recipient, amount_minor, currency } =
            row;
        Self { id, sender, recipient, amount_minor, currency }
    }
}

impl From<Line> for EntryLine {
    fn from(row: Line) -> Self {
        let Line { entry_id, line, kind, owner, amount_minor, currency, at } = row;
        Self { entry_id, line, account: kind.zip(owner), amount_minor, currency, at }
    }
}

impl From<Held> for HeldRow {
    fn from(row: Held) -> Self {
        let Held { owner: user, currency, balance_minor } = row;
        Self { user, currency, balance_minor }
    }
}

impl From<Hold> for HoldRow {
    fn from(row: Hold) -> Self {
        let Hold { id, user_id: user, currency, amount_minor, settled_minor, is_open } = row;
        Self { id, user, currency, amount_minor, settled_minor, is_open }
    }
}
