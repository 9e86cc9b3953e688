//! Money from person to person: who may send what to whom. One rule, used for doing and for asking beforehand.

use crate::id::{EntryId, UserId};
use crate::ledger::{Account, Entry, EntryKind, LedgerError, Line, Positions};
use crate::limits::{LimitRefusal, Limits, Usage};
use crate::money::{Currency, Money};
use crate::text_enum;
use chrono::NaiveDate;
use std::collections::BTreeMap;
use thiserror::Error;

/// KES 1, in cents. Each transfer sends messages to somebody: a cent is no payment, but could be a nuisance.
const MINOR_MIN: i64 = 100;

pub const NOTE_CHARS_MAX: usize = 140;
pub const METADATA_FIELDS_MAX: usize = 20;
pub const METADATA_NAME_CHARS_MAX: usize = 40;
pub const METADATA_VALUE_CHARS_MAX: usize = 200;

text_enum! {
    /// What the sender says it is for.
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

/// A transfer that somebody wants to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Of its ledger entry too: sender and recipient see the same id.
    pub id: EntryId,
    pub sender: UserId,
    pub recipient: UserId,
    pub amount: Money,
}

/// Checks what somebody asks for, whoever it is for.
///
/// # Errors
/// [`TransferRefusal::TooSmall`].
pub fn check_amount(amount: Money) -> Result<(), TransferRefusal> {
    let is_small = amount.currency() == Currency::Kes && amount.minor() < MINOR_MIN;
    // The floor is an amount.
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
    #[error("nobody has this handle, phone number, e-mail address or id")]
    UnknownRecipient,
    #[error("sender and recipient are the same person")]
    SameParty,
    #[error("the recipient's account is closed")]
    RecipientClosed,
    #[error("this account is closed")]
    SenderClosed,
    #[error("a transfer moves at least {min}")]
    TooSmall { min: Money },
    #[error("no money leaves this account while we look into it: contact support")]
    SenderFrozen,
    /// It can do nothing that concerns others.
    #[error(
        "this account has no verified contact: verify its e-mail address or phone number first"
    )]
    SenderUnverified,
    #[error("wallets do not carry {0}")]
    CurrencyNotCarried(Currency),
    #[error(transparent)]
    Limit(#[from] LimitRefusal),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// What the rules need to know about one person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Party {
    pub is_closed: bool,
    /// Whether no money leaves the account until somebody has looked into it.
    pub is_frozen: bool,
    /// No contact of the account is verified.
    pub is_unverified: bool,
    /// By currency; what is missing is not carried.
    pub limits: BTreeMap<Currency, Limits>,
}

/// Everything that transfers of one moment are decided by, and what they have changed so far.
#[derive(Debug, Clone, Default)]
pub struct Book {
    pub parties: BTreeMap<UserId, Party>,
    pub positions: Positions,
    /// As stored; yesterday's is told apart by its day.
    pub usages: BTreeMap<(UserId, Currency), Usage>,
    /// What lies in held accounts, which counts towards the balance cap.
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

/// The rules that depend on no balance: who, and in which currency up to which amount. Answers the limits of
/// both sides.
///
/// # Errors
/// The first rule that it breaks.
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
        limits.ok_or(TransferRefusal::CurrencyNotCarried(currency))
    };
    let (limits, cap) = (of(sender)?, of(recipient)?);
    limits.carry(transfer.amount)?;
    Ok((limits, cap))
}

impl Book {
    /// Takes the transfer into the book, or nothing of it.
    ///
    /// # Errors
    /// The first rule that it breaks.
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
