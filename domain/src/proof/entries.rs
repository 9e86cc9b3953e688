//! Second pass: entries, each with its lines and its transfer, if it has one.

use super::{Fault, Row, Wrong};
use crate::id::EntryId;
use crate::ledger::{AccountKind, EntryKind};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A transfer has two lines: sender and recipient.
const TRANSFER_LINES: i16 = 2;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    pub id: Uuid,
    pub kind: String,
    pub key: String,
    pub posting_count: i16,
    pub at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRow {
    /// Id of the transfer and of its entry.
    pub id: Uuid,
    pub sender: Uuid,
    pub recipient: Uuid,
    pub amount_minor: i64,
    pub currency: String,
}

/// A posting, read in the order of its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryLine {
    pub entry_id: Uuid,
    pub line: i16,
    /// Kind and owner of the account; `None` if the account does not exist.
    pub account: Option<(String, Uuid)>,
    pub amount_minor: i64,
    pub currency: String,
    pub at: DateTime<Utc>,
}

#[derive(Debug)]
struct Current {
    row: EntryRow,
    transfer: Option<TransferRow>,
    lines: i16,
    /// Sums by currency. An entry has one or two currencies, so a list is sufficient.
    sums: Vec<(String, i128)>,
}

/// Expects entries by id, each followed by its transfer and then its lines in order.
#[derive(Debug, Default)]
pub struct EntriesPass {
    current: Option<Current>,
}

impl EntriesPass {
    /// # Errors
    /// [`Wrong`] if the previous entry is not complete and balanced.
    pub fn entry(&mut self, row: EntryRow) -> Result<(), Wrong> {
        self.close()?;
        self.current = Some(Current { row, transfer: None, lines: 0, sums: vec![] });
        Ok(())
    }

    /// # Errors
    /// [`Wrong`] unless the transfer belongs to the current entry, and that entry is a transfer.
    pub fn transfer(&mut self, transfer: TransferRow) -> Result<(), Wrong> {
        let row = Row::Transfer { id: EntryId::new(transfer.id) };
        match self.current.as_mut().filter(|current| current.row.id == transfer.id) {
            Some(current) if current.is_transfer() => {
                current.transfer = Some(transfer);
                Ok(())
            }
            Some(_) => Err(Wrong::new(row, Fault::NotATransfer)),
            None => Err(Wrong::new(row, Fault::NoEntry)),
        }
    }

    /// # Errors
    /// [`Wrong`] unless the line is the next one of the current entry.
    pub fn line(&mut self, line: &EntryLine) -> Result<(), Wrong> {
        match self.current.as_mut().filter(|current| current.row.id == line.entry_id) {
            Some(current) => current.follow(line),
            None => {
                let row = Row::StrayLine { entry: EntryId::new(line.entry_id), line: line.line };
                Err(Wrong::new(row, Fault::NoEntry))
            }
        }
    }

    /// # Errors
    /// [`Wrong`] if the last entry is not complete and balanced.
    pub fn finish(mut self) -> Result<(), Wrong> {
        self.close()
    }

    fn close(&mut self) -> Result<(), Wrong> {
        self.current.take().map_or(Ok(()), |current| current.close())
    }
}

impl Current {
    fn is_transfer(&self) -> bool {
        self.row.kind == EntryKind::Transfer.as_str()
    }

    fn follow(&mut self, line: &EntryLine) -> Result<(), Wrong> {
        let wrong = |fault| {
            let (id, key) = (EntryId::new(self.row.id), self.row.key.clone());
            Err(Wrong::new(Row::Line { id, key, line: line.line }, fault))
        };
        let Some(number) = self.lines.checked_add(1) else { return wrong(Fault::Overflow) };
        if line.line != number {
            return wrong(Fault::Sequence { expected: number.into() });
        }
        if line.account.is_none() {
            return wrong(Fault::NoAccount);
        }
        if line.at != self.row.at {
            return wrong(Fault::OtherTime { expected: self.row.at, found: line.at });
        }
        if let Some(transfer) = self.transfer.as_ref().filter(|transfer| !transfer.has(line)) {
            let row = Row::Transfer { id: EntryId::new(transfer.id) };
            return Err(Wrong::new(row, Fault::OtherTransfer));
        }
        self.lines = number;
        let amount = i128::from(line.amount_minor);
        match self.sums.iter_mut().find(|(currency, _)| *currency == line.currency) {
            Some((_, sum)) => *sum = sum.saturating_add(amount),
            None => self.sums.push((line.currency.clone(), amount)),
        }
        Ok(())
    }

    fn close(self) -> Result<(), Wrong> {
        let is_transfer = self.is_transfer();
        let row = Row::Entry { id: EntryId::new(self.row.id), key: self.row.key };
        if self.lines != self.row.posting_count {
            let (expected, found) = (self.lines.into(), self.row.posting_count.into());
            return Err(Wrong::new(row, Fault::Count { expected, found }));
        }
        if let Some((currency, sum)) = self.sums.into_iter().find(|(_, sum)| *sum != 0) {
            return Err(Wrong::new(row, Fault::Unbalanced { currency, sum }));
        }
        match self.transfer {
            None if is_transfer => Err(Wrong::new(row, Fault::NoTransfer)),
            Some(transfer) if self.lines != TRANSFER_LINES => {
                let row = Row::Transfer { id: EntryId::new(transfer.id) };
                Err(Wrong::new(row, Fault::OtherTransfer))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl TransferRow {
    /// Returns whether the line is one of the two lines of this transfer.
    fn has(&self, line: &EntryLine) -> bool {
        let is = |party: Uuid, minor: Option<i64>| {
            let available = AccountKind::UserAvailable.as_str();
            let of_party = |(kind, owner): &(String, Uuid)| kind == available && *owner == party;
            line.account.as_ref().is_some_and(of_party) && minor == Some(line.amount_minor)
        };
        line.currency == self.currency
            && (is(self.sender, self.amount_minor.checked_neg())
                || is(self.recipient, Some(self.amount_minor)))
    }
}
