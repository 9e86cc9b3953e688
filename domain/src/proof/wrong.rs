//! The first row that is wrong, by name, and what is wrong with it.

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
    /// Boxed, because every step answers with it and next to none needs it.
    pub row: Box<Row>,
    pub fault: Fault,
}

impl Wrong {
    pub(super) fn new(row: Row, fault: Fault) -> Self {
        Self { row: Box::new(row), fault }
    }
}

/// A row as people would look for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    Account(Account),
    /// An account of a kind or currency that does not exist.
    OddAccount {
        id: Uuid,
        kind: String,
        currency: String,
    },
    Posting {
        account: Account,
        seq: i64,
    },
    /// A posting to an account that is not there.
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
    /// A posting of an entry that is not there.
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
    #[error("there is no such kind of account, or no such currency")]
    Unknown,
    #[error("its account does not exist")]
    NoAccount,
    #[error("its entry does not exist")]
    NoEntry,
    #[error("number {expected} should come here")]
    Sequence { expected: i64 },
    #[error("it is in {found}, its account in {expected}")]
    Currency { expected: Currency, found: String },
    #[error("it says that it leaves {found}, the postings so far add up to {expected}")]
    BalanceAfter { expected: i64, found: i64 },
    #[error("it leaves {left} in an account that may not be below zero")]
    Overdrawn { left: i64 },
    #[error("the postings add up to more than there can be")]
    Overflow,
    #[error("it is of {found}, the one before it of {before}")]
    TimeRunsBack { before: DateTime<Utc>, found: DateTime<Utc> },
    #[error("its balance is {found}, its postings add up to {expected}")]
    Balance { expected: i64, found: i64 },
    #[error("it should have {found} postings and has {expected}")]
    Count { expected: i64, found: i64 },
    #[error(
        "it says that it was moved last at {}, its postings say {}",
        time(found),
        time(expected)
    )]
    MovedAt { expected: Option<DateTime<Utc>>, found: Option<DateTime<Utc>> },
    #[error("it is of {found}, its entry of {expected}")]
    OtherTime { expected: DateTime<Utc>, found: DateTime<Utc> },
    #[error("its postings add up to {sum} in {currency}, not to zero")]
    Unbalanced { currency: String, sum: i128 },
    #[error("it is a transfer of which nothing else is known")]
    NoTransfer,
    #[error("its entry is no transfer")]
    NotATransfer,
    #[error("its entry moves another amount or is between others")]
    OtherTransfer,
    #[error("its balance is {found}, open holds reserve {expected}")]
    Reserved { expected: i128, found: i128 },
    #[error("providers hold {held} for us and we owe {owed}; {reserved} is in open holds")]
    TrustEquation { held: i128, owed: i128, reserved: i128 },
}

fn time(at: &Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| at.to_string())
}
