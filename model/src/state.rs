//! A state: the deal, the books and the payments.

use crate::laws::Law;
use crate::provider::Paying;
use amana_domain::deal::Deal;
use amana_domain::ledger::{Account, Entry, LedgerError, Positions};
use chrono::TimeDelta;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A state. Consecutive states share the parts that a step does not change.
#[derive(Debug, Clone)]
pub struct State {
    pub deal: Arc<Deal>,
    pub books: Arc<Books>,
    pub payments: Arc<Vec<Paying>>,
    /// Number of moved deadlines. The world limits it, because no rule does.
    pub moved: u8,
    /// Elapsed time, for the report only. It is not part of the equality of states.
    pub elapsed: TimeDelta,
    /// Violations in the step that led to this state.
    pub faults: Vec<Fault>,
}

/// A violation of a law by a step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fault {
    pub law: Law,
    pub detail: String,
}

/// The balances, and the keys of written entries.
#[derive(Debug, Clone, Default)]
pub struct Books {
    pub positions: Positions,
    pub keys: BTreeSet<Arc<str>>,
}

impl Books {
    /// Writes an entry. Returns `false` if its key was already written, which must not happen.
    ///
    /// # Errors
    /// [`LedgerError`] if a balance is insufficient; then the entry is not written.
    pub fn write(&mut self, entry: &Entry) -> Result<bool, LedgerError> {
        self.positions.apply(entry)?;
        Ok(self.keys.insert(entry.key.as_str().into()))
    }

    #[must_use]
    pub fn holds(&self, account: &Account) -> i64 {
        self.positions.get(account).balance_minor
    }

    /// Returns the balances without the number of postings, which is not part of the equality of states.
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
