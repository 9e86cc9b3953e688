//! Account statements of a period. A statement is shown only if its lines lead from the opening to the closing balance.

use crate::id::EntryId;
use crate::money::Currency;
use crate::transaction::Transaction;
use chrono::{DateTime, Utc};
use thiserror::Error;

/// Maximum number of lines of a statement file.
pub const LINES_MAX: i64 = 10_000;

/// The inconsistency for which a statement is not shown. Callers cannot cause it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StatementError {
    #[error("the balance after {0} does not follow from the balance before it")]
    Gap(EntryId),
    #[error("the movements do not lead from the opening to the closing balance")]
    Unbalanced,
}

/// A half-open period: `from` is included, `to` is not. Consecutive periods do not overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

/// The balances at the start and at the end of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    pub opening_minor: i64,
    pub closing_minor: i64,
}

/// The sums of incoming and outgoing amounts in a period; neither is negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    pub in_minor: i64,
    pub out_minor: i64,
}

/// Returns the balance after the lines, which must be ordered oldest first.
///
/// # Errors
/// [`StatementError::Gap`] if a line does not continue the balance before it.
pub fn carry(opening_minor: i64, lines: &[Transaction]) -> Result<i64, StatementError> {
    lines.iter().try_fold(opening_minor, |before, line| {
        let after = before.checked_add(line.amount_minor);
        after.filter(|after| *after == line.balance_after_minor).ok_or(StatementError::Gap(line.id))
    })
}

/// A complete statement of a user's available balance in one currency.
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
    /// [`StatementError`] if a line does not continue the balance, or the closing balance differs.
    pub fn proven(self) -> Result<Self, StatementError> {
        if carry(self.ends.opening_minor, &self.lines)? == self.ends.closing_minor {
            Ok(self)
        } else {
            Err(StatementError::Unbalanced)
        }
    }

    /// # Errors
    /// [`StatementError::Unbalanced`] if a sum is out of range.
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
