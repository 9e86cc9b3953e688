//! One situation: the deal, the books, the payments under way.

use crate::laws::Law;
use crate::provider::Paying;
use amana_domain::deal::Deal;
use amana_domain::ledger::{Account, Entry, LedgerError, Positions};
use chrono::TimeDelta;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What most steps leave as it was is shared by the states before and after.
#[derive(Debug, Clone)]
pub struct State {
    pub deal: Arc<Deal>,
    pub books: Arc<Books>,
    pub payments: Arc<Vec<Paying>>,
    /// How many deadlines were moved; bounded, as nothing else bounds it.
    pub moved: u8,
    /// For telling the story only: when things happened makes no difference to what can happen next.
    pub elapsed: TimeDelta,
    /// What went wrong in the step that led here.
    pub faults: Vec<Fault>,
}

/// A law that a step has broken, and how.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fault {
    pub law: Law,
    pub detail: String,
}

/// What accounts hold, and the keys of what was written.
#[derive(Debug, Clone, Default)]
pub struct Books {
    pub positions: Positions,
    pub keys: BTreeSet<Arc<str>>,
}

impl Books {
    /// Writes an entry; `false` if that was done before, which must not happen.
    ///
    /// # Errors
    /// [`LedgerError`] if an account does not have it; nothing is written then.
    pub fn write(&mut self, entry: &Entry) -> Result<bool, LedgerError> {
        self.positions.apply(entry)?;
        Ok(self.keys.insert(entry.key.as_str().into()))
    }

    #[must_use]
    pub fn holds(&self, account: &Account) -> i64 {
        self.positions.get(account).balance_minor
    }

    /// How often an account was written to is not part of what it holds.
    fn balances(&self) -> impl Iterator<Item = (&Account, i64)> {
        self.positions.iter().map(|(account, position)| (account, position.balance_minor))
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.deal == other.deal
            && self.books.keys == other.books.keys
            && self.books.balances().eq(other.books.balances())
            && self.payments == other.payments
            && self.moved == other.moved
            && self.faults == other.faults
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, to: &mut H) {
        self.deal.hash(to);
        self.books.keys.hash(to);
        for (account, balance) in self.books.balances() {
            (account, balance).hash(to);
        }
        self.payments.hash(to);
        self.moved.hash(to);
        self.faults.hash(to);
    }
}
