//! Rules for transfers between users. Previews and executions use the same rules.

use crate::id::{EntryId, UserId};
use crate::ledger::{Account, Entry, EntryKind, LedgerError, Line, Positions};
use crate::limits::{LimitRefusal, Limits, Usage};
use crate::money::{Currency, Money};
use crate::text_enum;
use chrono::NaiveDate;
use std::collections::BTreeMap;
use thiserror::Error;

/// KES 1, in cents. Each transfer sends messages to the recipient, so tiny amounts could be abused for nuisance.
const MINOR_MIN: i64 = 100;

pub const NOTE_CHARS_MAX: usize = 140;
pub const METADATA_FIELDS_MAX: usize = 20;
pub const METADATA_NAME_CHARS_MAX: usize = 40;
pub const METADATA_VALUE_CHARS_MAX: usize = 200;

text_enum! {
    /// The purpose, chosen by the sender.
    pub enum Category as "category" {
        General = "general",
        Family = "family",
        Food = "food",
        Rent = "rent",
        Transport = "transport",
        Goods = "goods",
        Services = "services",
        School = "school",
        Health = "health",
        Savings = "savings",
        Gift = "gift",
        Business = "business",
    }
}

/// A requested transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Id of the transfer and of its ledger entry, the same for sender and recipient.
    pub id: EntryId,
    pub sender: UserId,
    pub recipient: UserId,
    pub amount: Money,
}

/// Checks the minimum amount, before the recipient is looked up.
///
/// # Errors
/// [`TransferRefusal::TooSmall`].
pub fn check_amount(amount: Money) -> Result<(), TransferRefusal> {
    let is_small = amount.currency() == Currency::Kes && amount.minor() < MINOR_MIN;
    // The fallback is unreachable: the minimum is a valid amount.
    let min = Money::new(MINOR_MIN, Currency::Kes).unwrap_or(amount);
    if is_small { Err(TransferRefusal::TooSmall { min }) } else { Ok(()) }
}

impl Transfer {
    #[must_use]
    pub const fn from(&self) -> Account {
        Account::available(self.sender, self.amount.currency())
    }

    #[must_use]
    pub const fn to(&self) -> Account {
        Account::available(self.recipient, self.amount.currency())
    }

    /// # Errors
    /// [`LedgerError`] if the amount is zero or sender and recipient are the same.
    pub fn entry(&self) -> Result<Entry, LedgerError> {
        let key = format!("{}:transfer", self.id);
        Entry::transfer(EntryKind::Transfer, key, self.amount, self.from(), self.to())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TransferRefusal {
    #[error("no account has this handle, phone number, e-mail address or id")]
    UnknownRecipient,
    #[error("sender and recipient must be different users")]
    SameParty,
    #[error("the recipient's account is closed")]
    RecipientClosed,
    #[error("your account is closed")]
    SenderClosed,
    #[error("a transfer is at least {min}")]
    TooSmall { min: Money },
    #[error("your account is frozen for a review; contact support")]
    SenderFrozen,
    #[error(
        "your account has no verified contact; verify its e-mail address or phone number first"
    )]
    SenderUnverified,
    #[error("wallets do not support {0}")]
    UnsupportedCurrency(Currency),
    #[error(transparent)]
    Limit(#[from] LimitRefusal),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// The facts about a user that the rules need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Party {
    pub is_closed: bool,
    /// Whether outgoing money is stopped until a review.
    pub is_frozen: bool,
    /// Whether the account has no verified contact.
    pub is_unverified: bool,
    /// Limits by currency. Missing currencies are not supported.
    pub limits: BTreeMap<Currency, Limits>,
}

/// The state that a batch of transfers is checked against, including the effects of transfers accepted so far.
#[derive(Debug, Clone, Default)]
pub struct Book {
    pub parties: BTreeMap<UserId, Party>,
    pub positions: Positions,
    /// Usage as stored, possibly of an earlier day.
    pub usages: BTreeMap<(UserId, Currency), Usage>,
    /// Balances of `held` accounts, which count towards the balance limit.
    pub held_minor: BTreeMap<(UserId, Currency), i64>,
}

/// An accepted transfer: its entry and the lines to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub entry: Entry,
    pub lines: Vec<Line>,
    /// The sender's usage after it.
    pub usage: Usage,
}

/// Checks the rules that do not depend on a balance: participants, currency and amount. Returns the limits of sender
/// and recipient.
///
/// # Errors
/// The first violation.
pub fn screen(
    transfer: &Transfer,
    sender: Option<&Party>,
    recipient: Option<&Party>,
) -> Result<(Limits, Limits), TransferRefusal> {
    let currency = transfer.amount.currency();
    if transfer.sender == transfer.recipient {
        return Err(TransferRefusal::SameParty);
    }
    let sender = sender.ok_or(TransferRefusal::SenderClosed)?;
    let recipient = recipient.ok_or(TransferRefusal::UnknownRecipient)?;
    if sender.is_closed {
        return Err(TransferRefusal::SenderClosed);
    }
    if sender.is_unverified {
        return Err(TransferRefusal::SenderUnverified);
    }
    if sender.is_frozen {
        return Err(TransferRefusal::SenderFrozen);
    }
    if recipient.is_closed {
        return Err(TransferRefusal::RecipientClosed);
    }
    if recipient.is_unverified {
        return Err(TransferRefusal::UnknownRecipient);
    }
    let of = |party: &Party| {
        let limits = party.limits.get(&currency).copied();
        limits.ok_or(TransferRefusal::UnsupportedCurrency(currency))
    };
    let (limits, cap) = (of(sender)?, of(recipient)?);
    limits.carry(transfer.amount)?;
    Ok((limits, cap))
}

impl Book {
    /// Checks a transfer against all rules and applies it. A rejected transfer changes nothing.
    ///
    /// # Errors
    /// The first violation.
    pub fn accept(
        &mut self,
        transfer: &Transfer,
        day: NaiveDate,
    ) -> Result<Accepted, TransferRefusal> {
        let currency = transfer.amount.currency();
        let (sender, recipient) =
            (self.parties.get(&transfer.sender), self.parties.get(&transfer.recipient));
        let (limits, cap) = screen(transfer, sender, recipient)?;
        let key = (transfer.sender, currency);
        let usage = Usage::on(self.usages.get(&key).copied(), day);
        let usage = limits.spend(usage, transfer.amount)?;
        let available = self.positions.get(&transfer.to()).balance_minor;
        let held = self.held_minor.get(&(transfer.recipient, currency)).copied().unwrap_or(0);
        let total = available.saturating_add(held).saturating_add(transfer.amount.minor());
        cap.hold(total).map_err(|_| LimitRefusal::Recipient)?;
        let entry = transfer.entry()?;
        let lines = self.positions.apply(&entry)?;
        self.usages.insert(key, usage);
        Ok(Accepted { entry, lines, usage })
    }
}

#[cfg(test)]
mod tests;
