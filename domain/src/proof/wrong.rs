//! The first wrong row and its fault.

use crate::id::EntryId;
use crate::ledger::Account;
use crate::money::Currency;
use chrono::{DateTime, Utc};
use std::fmt;
use thiserror::Error;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{row}: {fault}")]
pub struct Wrong {
    /// Boxed to keep the `Result` of every step small.
    pub row: Box<Row>,
    pub fault: Fault,
}

impl Wrong {
    pub(super) fn new(row: Row, fault: Fault) -> Self {
        Self { row: Box::new(row), fault }
    }
}

/// A row, identified as operators look it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    Account(Account),
    /// An account with an unknown kind or currency.
    OddAccount {
        id: Uuid,
        kind: String,
        currency: String,
    },
    Posting {
        account: Account,
        seq: i64,
    },
    /// A posting without its account.
    StrayPosting {
        account: Uuid,
        seq: i64,
    },
    Entry {
        id: EntryId,
        key: String,
    },
    Line {
        id: EntryId,
        key: String,
        line: i16,
    },
    /// A posting without its entry.
    StrayLine {
        entry: EntryId,
        line: i16,
    },
    Transfer {
        id: EntryId,
    },
    Hold {
        id: Uuid,
    },
    Books(Currency),
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Row::Account(account) => write!(f, "account {account}"),
            Row::OddAccount { id, kind, currency } => write!(f, "account {kind} {id} {currency}"),
            Row::Posting { account, seq } => write!(f, "posting {seq} of {account}"),
            Row::StrayPosting { account, seq } => write!(f, "posting {seq} of account {account}"),
            Row::Entry { id, key } => write!(f, "entry {key} ({id})"),
            Row::Line { id, key, line } => write!(f, "line {line} of entry {key} ({id})"),
            Row::StrayLine { entry, line } => write!(f, "line {line} of entry {entry}"),
            Row::Transfer { id } => write!(f, "transfer {id}"),
            Row::Hold { id } => write!(f, "hold {id}"),
            Row::Books(currency) => write!(f, "the books in {currency}"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("unknown kind of account or currency")]
    Unknown,
    #[error("account missing")]
    NoAccount,
    #[error("entry missing")]
    NoEntry,
    #[error("out of sequence, expected number {expected}")]
    Sequence { expected: i64 },
    #[error("posting currency {found}, account currency {expected}")]
    Currency { expected: Currency, found: String },
    #[error("stored balance after the posting {found}, sum of postings {expected}")]
    BalanceAfter { expected: i64, found: i64 },
    #[error("balance {left} after the posting, but the account must not be negative")]
    Overdrawn { left: i64 },
    #[error("sum of postings out of range")]
    Overflow,
    #[error("posting time {found}, earlier than the previous posting at {before}")]
    TimeRunsBack { before: DateTime<Utc>, found: DateTime<Utc> },
    #[error("stored balance {found}, sum of postings {expected}")]
    Balance { expected: i64, found: i64 },
    #[error("stored count {found}, actual {expected}")]
    Count { expected: i64, found: i64 },
    #[error("stored time of the last posting {}, actual {}", time(found), time(expected))]
    MovedAt { expected: Option<DateTime<Utc>>, found: Option<DateTime<Utc>> },
    #[error("posting time {found}, entry time {expected}")]
    OtherTime { expected: DateTime<Utc>, found: DateTime<Utc> },
    #[error("postings sum to {sum} in {currency}, expected 0")]
    Unbalanced { currency: String, sum: i128 },
    #[error("the entry is a transfer, but its transfer row is missing")]
    NoTransfer,
    #[error("the entry is not a transfer")]
    NotATransfer,
    #[error("amount, sender or recipient differs from the entry")]
    OtherTransfer,
    #[error("held balance {found}, sum of open holds {expected}")]
    Reserved { expected: i128, found: i128 },
    #[error("at providers and bank {held}, owed {owed}, in open holds {reserved}")]
    TrustEquation { held: i128, owed: i128, reserved: i128 },
}

fn time(at: &Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| at.to_string())
}
