//! A correct ledger is accepted; any change of one row is found and reported.

use super::*;
use crate::id::{EntryId, UserId};
use crate::ledger::{Account, AccountKind, Entry, EntryKind, Positions, Provider};
use crate::money::{Currency, Money};
use crate::transfer::Transfer;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

mod named;
mod tampered;

#[derive(Debug, Clone, PartialEq)]
struct PostingRow {
    account_id: Uuid,
    seq: i64,
    entry_id: Uuid,
    line: i16,
    amount_minor: i64,
    balance_after_minor: i64,
    currency: String,
    at: DateTime<Utc>,
}

/// All rows of a ledger, as the store has them.
#[derive(Debug, Clone, Default, PartialEq)]
struct Books {
    accounts: Vec<AccountRow>,
    entries: Vec<EntryRow>,
    postings: Vec<PostingRow>,
    transfers: Vec<TransferRow>,
    holds: Vec<HoldRow>,
}

/// A movement of money in these tests.
#[derive(Debug, Clone, Copy)]
enum Move {
    Deposit { user: u8, minor: i64 },
    Transfer { from: u8, to: u8, minor: i64 },
    Hold { user: u8, minor: i64 },
}

fn user(n: u8) -> UserId {
    UserId::new(Uuid::from_u128(0x100 + u128::from(n)))
}

fn kes(minor: i64) -> Money {
    Money::new(minor, Currency::Kes).unwrap()
}

fn time(n: usize) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(i64::try_from(n).unwrap())
}

/// Returns the entry of a move, keyed by its number.
fn entry(number: usize, one: Move) -> Option<(Uuid, Entry)> {
    let id = Uuid::from_u128(0x1000 + u128::try_from(number).unwrap());
    let between = |kind, minor, from, to| {
        Entry::transfer(kind, format!("move {number}"), kes(minor), from, to).ok()
    };
    let available = |n| Account::available(user(n), Currency::Kes);
    let entry = match one {
        Move::Deposit { user, minor } => {
            let clearing = Account::clearing(Provider::Mpesa, Currency::Kes);
            between(EntryKind::Deposit, minor, clearing, available(user))
        }
        Move::Transfer { from, to, minor } => {
            let (sender, recipient) = (user(from), user(to));
            Transfer { id: EntryId::new(id), sender, recipient, amount: kes(minor) }.entry().ok()
        }
        Move::Hold { user: owner, minor } => {
            let held = Account::held(user(owner), Currency::Kes);
            between(EntryKind::Hold, minor, available(owner), held)
        }
    };
    entry.map(|entry| (id, entry))
}

/// Executes the moves; rejected moves leave no row.
fn books(moves: &[Move]) -> Books {
    let (mut books, mut positions) = (Books::default(), Positions::default());
    let mut ids: BTreeMap<Account, usize> = BTreeMap::new();
    for (number, one) in moves.iter().enumerate() {
        let Some((id, entry)) = entry(number, *one) else { continue };
        let Ok(lines) = positions.apply(&entry) else { continue };
        let at = time(number);
        let posting_count = i16::try_from(lines.len()).unwrap();
        let (kind, key) = (entry.kind.to_string(), entry.key.clone());
        books.entries.push(EntryRow { id, kind, key, posting_count, at });
        for (line, number) in lines.iter().zip(1..) {
            let next = ids.len();
            let index = *ids.entry(line.account).or_insert(next);
            if index == books.accounts.len() {
                books.accounts.push(account(index, line.account));
            }
            let row = &mut books.accounts[index];
            (row.balance_minor, row.seq) = (line.balance_after_minor, line.seq);
            row.moved_at = Some(at);
            books.postings.push(PostingRow {
                account_id: row.id,
                seq: line.seq,
                entry_id: id,
                line: number,
                amount_minor: line.amount_minor,
                balance_after_minor: line.balance_after_minor,
                currency: line.account.currency.to_string(),
                at,
            });
        }
        books.note(id, *one);
    }
    books
}

fn account(index: usize, account: Account) -> AccountRow {
    AccountRow {
        id: Uuid::from_u128(0x10 + u128::try_from(index).unwrap()),
        kind: account.kind.to_string(),
        owner: account.owner,
        currency: account.currency.to_string(),
        balance_minor: 0,
        seq: 0,
        moved_at: None,
    }
}

impl Books {
    /// Adds the rows that are stored besides the entry of a move.
    fn note(&mut self, id: Uuid, one: Move) {
        let currency = Currency::Kes.to_string();
        match one {
            Move::Deposit { .. } => {}
            Move::Transfer { from, to, minor: amount_minor } => {
                let (sender, recipient) = (user(from).uuid(), user(to).uuid());
                self.transfers.push(TransferRow { id, sender, recipient, amount_minor, currency });
            }
            // Every second hold was larger and is settled in part.
            Move::Hold { user: owner, minor } => {
                let settled_minor = minor % 2 * 7;
                let amount_minor = minor + settled_minor;
                let (user, is_open) = (user(owner).uuid(), true);
                let hold = HoldRow { id, user, currency, amount_minor, settled_minor, is_open };
                self.holds.push(hold);
            }
        }
    }

    /// Reads everything in the order in which the store does.
    fn prove(&self) -> Result<Vec<Trust>, Wrong> {
        let sums = self.prove_accounts()?;
        self.prove_entries()?;
        let trust = self.prove_holds(sums)?.trust();
        trust.iter().try_for_each(Trust::verify)?;
        Ok(trust)
    }

    fn prove_accounts(&self) -> Result<Sums, Wrong> {
        let accounts = self.accounts.iter().map(|row| ((row.id, 0), Ok(row)));
        let postings = self.postings.iter().map(|row| ((row.account_id, row.seq), Err(row)));
        let mut pass = AccountsPass::default();
        for row in sorted(accounts.chain(postings)) {
            match row {
                Ok(account) => pass.account(account.clone())?,
                Err(p) => pass.posting(&AccountPosting {
                    account_id: p.account_id,
                    seq: p.seq,
                    amount_minor: p.amount_minor,
                    balance_after_minor: p.balance_after_minor,
                    currency: p.currency.clone(),
                    at: p.at,
                })?,
            }
        }
        pass.finish()
    }

    fn prove_entries(&self) -> Result<(), Wrong> {
        enum Item<'a> {
            Entry(&'a EntryRow),
            Transfer(&'a TransferRow),
            Line(&'a PostingRow),
        }
        let entries = self.entries.iter().map(|row| ((row.id, -1), Item::Entry(row)));
        let transfers = self.transfers.iter().map(|row| ((row.id, 0), Item::Transfer(row)));
        let lines = self.postings.iter().map(|row| ((row.entry_id, row.line), Item::Line(row)));
        let mut pass = EntriesPass::default();
        for item in sorted(entries.chain(transfers).chain(lines)) {
            match item {
                Item::Entry(row) => pass.entry(row.clone())?,
                Item::Transfer(row) => pass.transfer(row.clone())?,
                Item::Line(p) => {
                    let account = self.accounts.iter().find(|row| row.id == p.account_id);
                    pass.line(&EntryLine {
                        entry_id: p.entry_id,
                        line: p.line,
                        account: account.map(|row| (row.kind.clone(), row.owner)),
                        amount_minor: p.amount_minor,
                        currency: p.currency.clone(),
                        at: p.at,
                    })?;
                }
            }
        }
        pass.finish()
    }

    fn prove_holds(&self, sums: Sums) -> Result<Sums, Wrong> {
        let is_held = |row: &&AccountRow| row.kind == AccountKind::UserHeld.as_str();
        let held = self.accounts.iter().filter(is_held).map(|row| {
            let (user, currency) = (row.owner, row.currency.clone());
            let held = HeldRow { user, currency, balance_minor: row.balance_minor };
            ((row.owner, 0), Ok(held))
        });
        let holds = self.holds.iter().map(|row| ((row.user, 1), Err(row)));
        let mut pass = HoldsPass::new(sums);
        for row in sorted(held.chain(holds)) {
            match row {
                Ok(held) => pass.held(&held)?,
                Err(hold) => pass.hold(hold)?,
            }
        }
        pass.finish()
    }
}

fn sorted<K: Ord, T>(rows: impl Iterator<Item = (K, T)>) -> Vec<T> {
    let mut rows: Vec<(K, T)> = rows.collect();
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    rows.into_iter().map(|(_, row)| row).collect()
}
