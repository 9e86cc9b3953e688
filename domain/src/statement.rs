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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    pub in_minor: i64,
    pub out_minor: i64,
}

impl Ends {
    /// # Errors
    /// [`StatementError::Unbalanced`] unless opening and totals make up the closing balance.
    pub fn join(self, totals: Totals) -> Result<(), StatementError> {
        let after = self.opening_minor.checked_add(totals.in_minor);
        let after = after.and_then(|minor| minor.checked_sub(totals.out_minor));
        if after == Some(self.closing_minor) { Ok(()) } else { Err(StatementError::Unbalanced) }
    }
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
    pub totals: Totals,
    /// Oldest first.
    pub lines: Vec<Transaction>,
}

impl Statement {
    /// # Errors
    /// [`StatementError`] if it does not add up, line by line and as a whole.
    pub fn proven(self) -> Result<Self, StatementError> {
        self.ends.join(self.totals)?;
        if carry(self.ends.opening_minor, &self.lines)? == self.ends.closing_minor {
            Ok(self)
        } else {
            Err(StatementError::Unbalanced)
        }
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

    fn statement(closing_minor: i64, totals: (i64, i64), lines: Vec<Transaction>) -> Statement {
        Statement {
            currency: Currency::Kes,
            period: Period { from: DateTime::UNIX_EPOCH, to: DateTime::UNIX_EPOCH },
            ends: Ends { opening_minor: 100, closing_minor },
            totals: Totals { in_minor: totals.0, out_minor: totals.1 },
            lines,
        }
    }

    #[test]
    fn only_a_statement_that_adds_up_is_shown() {
        let lines = || vec![line(4, 50, 150), line(5, -30, 120)];
        assert!(statement(120, (50, 30), lines()).proven().is_ok());
        assert!(statement(100, (0, 0), vec![]).proven().is_ok());
        let gap = StatementError::Gap(EntryId::new(Uuid::from_u128(7)));
        for (what, wrong, error) in [
            ("closing", statement(121, (51, 30), lines()), StatementError::Unbalanced),
            ("totals", statement(120, (50, 31), lines()), StatementError::Unbalanced),
            ("a line is missing", statement(120, (50, 30), vec![line(5, -30, 120)]), gap.clone()),
            (
                "the last is missing",
                statement(120, (50, 30), vec![line(4, 50, 150)]),
                StatementError::Unbalanced,
            ),
            ("turned round", statement(120, (50, 30), lines().into_iter().rev().collect()), gap),
            ("too large", statement(i64::MAX, (i64::MAX, 0), vec![]), StatementError::Unbalanced),
        ] {
            assert_eq!(wrong.proven(), Err(error), "{what}");
        }
    }
}
