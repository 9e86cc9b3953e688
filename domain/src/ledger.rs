//! Double-entry ledger: accounts, entries, postings. Liabilities are positive, assets are negative.
//!
//! Two rules, also enforced in SQL. The postings of an entry sum to zero per currency. Only the accounts for money at
//! providers, money at the bank and provider costs may be negative.

mod account;

pub use account::{Account, AccountKind, Provider};

use crate::id::EntryId;
use crate::money::{Currency, Money};
use crate::text_enum;
use std::collections::BTreeMap;
use thiserror::Error;

/// Maximum number of postings per entry. It bounds the locks and rows of one entry.
pub const POSTINGS_PER_ENTRY_MAX: usize = 64;

text_enum! {
    pub enum EntryKind as "entry kind" {
        Deposit = "deposit",
        Fund = "fund",
        Release = "release",
        Refund = "refund",
        /// A milestone divided between buyer and seller.
        Split = "split",
        PayoutReserve = "payout_reserve",
        PayoutSettle = "payout_settle",
        PayoutReturn = "payout_return",
        SuspenseIn = "suspense_in",
        SuspenseOut = "suspense_out",
        /// Kept by a provider for its service.
        ProviderCharge = "provider_charge",
        /// Moved from a provider to our bank.
        Settlement = "settlement",
        Reversal = "reversal",
        /// From user to user.
        Transfer = "transfer",
        Hold = "hold",
        HoldSettle = "hold_settle",
        HoldRelease = "hold_release",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Posting {
    pub account: Account,
    /// Signed amount: a positive amount increases the balance.
    pub amount_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LedgerError {
    #[error("an entry needs 2 to {POSTINGS_PER_ENTRY_MAX} postings, not zero, and one per account")]
    Malformed,
    #[error("the postings of an entry must sum to zero in {0}")]
    Unbalanced(Currency),
    #[error(
        "insufficient balance: the {} account has {balance_minor} minor units, {wanted_minor} are needed",
        .account.kind
    )]
    Insufficient { account: Account, balance_minor: i64, wanted_minor: i64 },
    #[error("the balance would exceed the range of the ledger")]
    Overflow,
}

/// One balanced movement of money, not yet stored. Its key prevents storing it twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub kind: EntryKind,
    /// Unique name of the effect, such as `pay_…:deposit`.
    pub key: String,
    /// The entry that this entry corrects, if any.
    pub corrects: Option<EntryId>,
    postings: Vec<Posting>,
}

impl Entry {
    /// # Errors
    /// [`LedgerError`] unless the postings are balanced, non-zero, and one per account.
    pub fn new(kind: EntryKind, key: String, postings: Vec<Posting>) -> Result<Self, LedgerError> {
        let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
        let mut accounts = std::collections::BTreeSet::new();
        for posting in &postings {
            let sum = sums.entry(posting.account.currency).or_default();
            *sum = sum.saturating_add(i128::from(posting.amount_minor));
            if posting.amount_minor == 0 || !accounts.insert(posting.account) {
                return Err(LedgerError::Malformed);
            }
        }
        if !(2..=POSTINGS_PER_ENTRY_MAX).contains(&postings.len()) {
            return Err(LedgerError::Malformed);
        }
        match sums.into_iter().find(|(_, sum)| *sum != 0) {
            Some((currency, _)) => Err(LedgerError::Unbalanced(currency)),
            None => Ok(Self { kind, key, corrects: None, postings }),
        }
    }

    /// Moves `amount` from one account to another.
    ///
    /// # Errors
    /// [`LedgerError`] if the amount is zero, or the accounts are equal or have different currencies.
    pub fn transfer(
        kind: EntryKind,
        key: String,
        amount: Money,
        from: Account,
        to: Account,
    ) -> Result<Self, LedgerError> {
        let minor = amount.minor();
        let taken = minor.checked_neg().ok_or(LedgerError::Overflow)?;
        Self::new(
            kind,
            key,
            vec![
                Posting { account: from, amount_minor: taken },
                Posting { account: to, amount_minor: minor },
            ],
        )
    }

    /// Moves shares from one account to several. Shares of zero are omitted.
    ///
    /// # Errors
    /// [`LedgerError`] as for [`Entry::new`].
    pub fn distribute(
        kind: EntryKind,
        key: String,
        from: Account,
        shares: &[(Account, Money)],
    ) -> Result<Self, LedgerError> {
        let mut postings: Vec<Posting> = shares
            .iter()
            .filter(|(_, share)| !share.is_zero())
            .map(|(account, share)| Posting { account: *account, amount_minor: share.minor() })
            .collect();
        let total = postings
            .iter()
            .try_fold(0i64, |sum, posting| sum.checked_sub(posting.amount_minor))
            .ok_or(LedgerError::Overflow)?;
        postings.insert(0, Posting { account: from, amount_minor: total });
        Self::new(kind, key, postings)
    }

    #[must_use]
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }
}

/// A posting with the resulting balance and number in its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    pub account: Account,
    pub amount_minor: i64,
    pub balance_after_minor: i64,
    pub seq: i64,
}

/// Balance and number of postings of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    pub balance_minor: i64,
    pub seq: i64,
}

/// The positions of accounts that entries are applied to. The store loads and locks them first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Positions(BTreeMap<Account, Position>);

impl Positions {
    #[must_use]
    pub fn new(loaded: impl IntoIterator<Item = (Account, Position)>) -> Self {
        Self(loaded.into_iter().collect())
    }

    #[must_use]
    pub fn get(&self, account: &Account) -> Position {
        self.0.get(account).copied().unwrap_or_default()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Account, &Position)> {
        self.0.iter()
    }

    /// Applies an entry completely or not at all. An unknown account starts at zero.
    ///
    /// # Errors
    /// [`LedgerError::Insufficient`] if the balance of an account would become negative that must not be negative.
    pub fn apply(&mut self, entry: &Entry) -> Result<Vec<Line>, LedgerError> {
        let mut lines = Vec::with_capacity(entry.postings.len());
        for posting in &entry.postings {
            let before = self.get(&posting.account);
            let after = before
                .balance_minor
                .checked_add(posting.amount_minor)
                .ok_or(LedgerError::Overflow)?;
            if after < 0 && posting.amount_minor < 0 && !posting.account.kind.may_go_negative() {
                return Err(LedgerError::Insufficient {
                    account: posting.account,
                    balance_minor: before.balance_minor,
                    wanted_minor: posting.amount_minor.saturating_neg(),
                });
            }
            lines.push(Line {
                account: posting.account,
                amount_minor: posting.amount_minor,
                balance_after_minor: after,
                seq: before.seq.checked_add(1).ok_or(LedgerError::Overflow)?,
            });
        }
        for line in &lines {
            self.0.insert(
                line.account,
                Position { balance_minor: line.balance_after_minor, seq: line.seq },
            );
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::UserId;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn user(n: u128) -> Account {
        Account::available(UserId::new(Uuid::from_u128(n)), Currency::Kes)
    }

    fn kes(minor: i64) -> Money {
        Money::new(minor, Currency::Kes).unwrap()
    }

    fn clearing() -> Account {
        Account::clearing(Provider::Mpesa, Currency::Kes)
    }

    #[test]
    fn an_entry_that_does_not_balance_cannot_be_made() {
        let lone = vec![Posting { account: user(1), amount_minor: 5 }];
        assert_eq!(Entry::new(EntryKind::Deposit, "k".into(), lone), Err(LedgerError::Malformed));
        let skewed = vec![
            Posting { account: user(1), amount_minor: 5 },
            Posting { account: user(2), amount_minor: -4 },
        ];
        assert_eq!(
            Entry::new(EntryKind::Deposit, "k".into(), skewed),
            Err(LedgerError::Unbalanced(Currency::Kes))
        );
        let same = Entry::transfer(EntryKind::Fund, "k".into(), kes(5), user(1), user(1));
        assert_eq!(same, Err(LedgerError::Malformed));
        let nothing = Entry::transfer(EntryKind::Fund, "k".into(), kes(0), user(1), user(2));
        assert_eq!(nothing, Err(LedgerError::Malformed));
    }

    #[test]
    fn only_clearing_goes_below_zero_and_a_refusal_changes_nothing() {
        let mut positions = Positions::default();
        let deposit =
            Entry::transfer(EntryKind::Deposit, "d".into(), kes(100), clearing(), user(1)).unwrap();
        let lines = positions.apply(&deposit).unwrap();
        assert_eq!(
            lines.iter().map(|l| (l.balance_after_minor, l.seq)).collect::<Vec<_>>(),
            [(-100, 1), (100, 1)]
        );
        let before = positions.clone();
        let too_much =
            Entry::transfer(EntryKind::Fund, "f".into(), kes(101), user(1), user(2)).unwrap();
        assert!(matches!(
            positions.apply(&too_much),
            Err(LedgerError::Insufficient { balance_minor: 100, .. })
        ));
        assert_eq!(positions, before);
    }

    proptest! {
        #[test]
        fn any_sequence_of_entries_conserves_money(
            moves in prop::collection::vec((0u128..5, 0u128..5, 1i64..1000), 0..80),
        ) {
            let account = |n| if n == 0 { clearing() } else { user(n) };
            let mut positions = Positions::default();
            for (n, (from, to, minor)) in moves.into_iter().enumerate() {
                if let Ok(entry) = Entry::transfer(EntryKind::Fund, n.to_string(), kes(minor), account(from), account(to)) {
                    let _ = positions.apply(&entry);
                }
                let total: i128 = positions.iter().map(|(_, p)| i128::from(p.balance_minor)).sum();
                prop_assert_eq!(total, 0);
                for (account, position) in positions.iter() {
                    prop_assert!(position.balance_minor >= 0 || account.kind.may_go_negative());
                }
            }
        }
    }
}
