//! The account of a period: what there was, what moved, what is left. It is shown only if it adds up.

use crate::id::EntryId;
use crate::money::Currency;
use crate::transaction::Transaction;
use chrono::{DateTime, Utc};
use thiserror::Error;

/// A statement that is a file has at most so many lines.
pub const LINES_MAX: i64 = 10_000;

/// Why a statement must not be shown. Nothing that a caller does leads to it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StatementError {
    #[error("{0} does not continue the balance before it")]
    Gap(EntryId),
    #[error("what moved does not lead from the opening to the closing balance")]
    Unbalanced,
}

/// From a moment, which belongs to it, to a moment, which does not: periods join without overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

/// The balances at both ends of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    pub opening_minor: i64,
    pub closing_minor: i64,
}

/// What moved in a period, both zero or more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    pub in_minor: i64,
    pub out_minor: i64,
}

/// The balance that the lines, oldest first, lead to.
///
/// # Errors
/// [`StatementError::Gap`] if one of them does not continue the balance before it.
pub fn carry(opening_minor: i64, lines: &[Transaction]) -> Result<i64, StatementError> {
    lines.iter().try_fold(opening_minor, |before, line| {
        let after = before.checked_add(line.amount_minor);
        after.filter(|after| *after == line.balance_after_minor).ok_or(StatementError::Gap(line.id))
    })
}

/// A whole statement, of one person's available balance in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub currency: Currency,
    pub period: Period,
    pub ends: Ends,
    /// Oldest first.
    pub lines: Vec<Transaction>,
}

impl Statement {
    /// # Errors
    /// [`StatementError`] if it does not add up, line by line and as a whole.
    pub fn proven(self) -> Result<Self, StatementError> {
        if carry(self.ends.opening_minor, &self.lines)? == self.ends.closing_minor {
            Ok(self)
        } else {
            Err(StatementError::Unbalanced)
        }
    }

    /// # Errors
    /// [`StatementError::Unbalanced`] if more moved than any ledger holds.
    pub fn totals(&self) -> Result<Totals, StatementError> {
        self.lines.iter().try_fold(Totals::default(), |sum, line| {
            let (moved_in, moved_out) = (line.amount_minor.max(0), line.amount_minor.min(0));
            let in_minor = sum.in_minor.checked_add(moved_in);
            let out_minor = sum.out_minor.checked_sub(moved_out);
            let (in_minor, out_minor) =
                in_minor.zip(out_minor).ok_or(StatementError::Unbalanced)?;
            Ok(Totals { in_minor, out_minor })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::EntryKind;
    use std::collections::BTreeMap;
    use uuid::Uuid;

    fn line(seq: i64, amount_minor: i64, balance_after_minor: i64) -> Transaction {
        Transaction {
            id: EntryId::new(Uuid::from_u128(7)),
            seq,
            kind: EntryKind::Deposit,
            at: DateTime::UNIX_EPOCH,
            currency: Currency::Kes,
            amount_minor,
            balance_after_minor,
            counterparty: None,
            reference: None,
            note: None,
            category: None,
            metadata: BTreeMap::new(),
        }
    }

    fn statement(closing_minor: i64, lines: Vec<Transaction>) -> Statement {
        Statement {
            currency: Currency::Kes,
            period: Period { from: DateTime::UNIX_EPOCH, to: DateTime::UNIX_EPOCH },
            ends: Ends { opening_minor: 100, closing_minor },
            lines,
        }
    }

    #[test]
    fn only_a_statement_that_adds_up_is_shown() {
        let lines = || vec![line(4, 50, 150), line(5, -30, 120)];
        let whole = statement(120, lines()).proven().unwrap();
        assert_eq!(whole.totals(), Ok(Totals { in_minor: 50, out_minor: 30 }));
        let nothing = statement(100, vec![]).proven().unwrap();
        assert_eq!(nothing.totals(), Ok(Totals::default()));
        let gap = StatementError::Gap(EntryId::new(Uuid::from_u128(7)));
        for (what, wrong, error) in [
            ("closing", statement(121, lines()), StatementError::Unbalanced),
            ("a line is missing", statement(120, vec![line(5, -30, 120)]), gap.clone()),
            (
                "the last is missing",
                statement(120, vec![line(4, 50, 150)]),
                StatementError::Unbalanced,
            ),
            ("turned round", statement(120, lines().into_iter().rev().collect()), gap.clone()),
            ("too large", statement(0, vec![line(4, i64::MAX, i64::MIN + 99)]), gap),
        ] {
            assert_eq!(wrong.proven(), Err(error), "{what}");
        }
    }
}
