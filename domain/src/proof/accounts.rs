//! First pass: accounts, each with its postings in sequence. Verifies all present and past balances.

use super::{Fault, Row, Sums, Wrong};
use crate::ledger::Account;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// An account as stored. Kind and currency are texts, because the pass verifies them too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    pub id: Uuid,
    pub kind: String,
    pub owner: Uuid,
    pub currency: String,
    pub balance_minor: i64,
    pub seq: i64,
    pub moved_at: Option<DateTime<Utc>>,
}

/// A posting, read in the order of its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPosting {
    pub account_id: Uuid,
    pub seq: i64,
    pub amount_minor: i64,
    pub balance_after_minor: i64,
    pub currency: String,
    pub at: DateTime<Utc>,
}

/// The current account, and the sum of its postings so far.
#[derive(Debug)]
struct Current {
    row: AccountRow,
    account: Account,
    balance_minor: i64,
    seq: i64,
    moved_at: Option<DateTime<Utc>>,
}

/// Expects accounts by id, each followed by its postings by sequence.
#[derive(Debug, Default)]
pub struct AccountsPass {
    current: Option<Current>,
    sums: Sums,
}

impl AccountsPass {
    /// # Errors
    /// [`Wrong`] if the previous account differs from its postings, or the kind or currency of this one is unknown.
    pub fn account(&mut self, row: AccountRow) -> Result<(), Wrong> {
        self.close()?;
        let (Ok(kind), Ok(currency)) = (row.kind.parse(), row.currency.parse()) else {
            let AccountRow { id, kind, currency, .. } = row;
            return Err(Wrong::new(Row::OddAccount { id, kind, currency }, Fault::Unknown));
        };
        let account = Account { kind, owner: row.owner, currency };
        self.current = Some(Current { row, account, balance_minor: 0, seq: 0, moved_at: None });
        Ok(())
    }

    /// # Errors
    /// [`Wrong`] unless the posting continues the current account.
    pub fn posting(&mut self, posting: &AccountPosting) -> Result<(), Wrong> {
        match self.current.as_mut().filter(|current| current.row.id == posting.account_id) {
            Some(current) => current.follow(posting),
            None => {
                let row = Row::StrayPosting { account: posting.account_id, seq: posting.seq };
                Err(Wrong::new(row, Fault::NoAccount))
            }
        }
    }

    /// Returns the sums of all accounts.
    ///
    /// # Errors
    /// [`Wrong`] if the last account differs from its postings.
    pub fn finish(mut self) -> Result<Sums, Wrong> {
        self.close()?;
        Ok(self.sums)
    }

    fn close(&mut self) -> Result<(), Wrong> {
        let Some(current) = self.current.take() else { return Ok(()) };
        current.close()?;
        self.sums.add(current.account.kind, current.account.currency, current.balance_minor);
        Ok(())
    }
}

impl Current {
    fn follow(&mut self, posting: &AccountPosting) -> Result<(), Wrong> {
        let row = Row::Posting { account: self.account, seq: posting.seq };
        let wrong = |fault| Err(Wrong::new(row, fault));
        let next = (self.seq.checked_add(1), self.balance_minor.checked_add(posting.amount_minor));
        let (Some(seq), Some(balance_minor)) = next else { return wrong(Fault::Overflow) };
        if posting.seq != seq {
            return wrong(Fault::Sequence { expected: seq });
        }
        if posting.currency != self.account.currency.as_str() {
            let (expected, found) = (self.account.currency, posting.currency.clone());
            return wrong(Fault::Currency { expected, found });
        }
        if posting.balance_after_minor != balance_minor {
            let (expected, found) = (balance_minor, posting.balance_after_minor);
            return wrong(Fault::BalanceAfter { expected, found });
        }
        if balance_minor < 0 && !self.account.kind.may_go_negative() {
            return wrong(Fault::Overdrawn { left: balance_minor });
        }
        if let Some(before) = self.moved_at.filter(|before| posting.at < *before) {
            return wrong(Fault::TimeRunsBack { before, found: posting.at });
        }
        (self.seq, self.balance_minor, self.moved_at) = (seq, balance_minor, Some(posting.at));
        Ok(())
    }

    fn close(&self) -> Result<(), Wrong> {
        let wrong = |fault| Err(Wrong::new(Row::Account(self.account), fault));
        let stored = &self.row;
        if stored.seq != self.seq {
            return wrong(Fault::Count { expected: self.seq, found: stored.seq });
        }
        if stored.balance_minor != self.balance_minor {
            let (expected, found) = (self.balance_minor, stored.balance_minor);
            return wrong(Fault::Balance { expected, found });
        }
        if stored.moved_at != self.moved_at {
            return wrong(Fault::MovedAt { expected: self.moved_at, found: stored.moved_at });
        }
        Ok(())
    }
}
