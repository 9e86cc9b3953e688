//! Holds: money that its owner has reserved for another user or for a withdrawal. A hold is settled in parts or as a
//! whole, released, or expires. Every pair of state and command is listed.
#![deny(clippy::wildcard_enum_match_arm)]

use crate::id::{HoldId, PaymentId, UserId};
use crate::ledger::{Account, Entry, EntryKind, LedgerError};
use crate::money::{Currency, Money};
use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

/// Time after which a withdrawal without a decision is refused.
pub const WITHDRAWAL_UNDECIDED_MAX: TimeDelta = TimeDelta::days(7);

/// Maximum duration of a hold for another user: 30 days.
pub const HOURS_MAX: i64 = 30 * 24;

text_enum! {
    pub enum State as "hold state" {
        Open = "open",
        /// The whole amount was paid to the recipient.
        Settled = "settled",
        /// The rest was returned to the owner.
        Released = "released",
        /// The rest was returned to the owner because the hold expired.
        Expired = "expired",
    }
}

/// The recipient of the money when the hold is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    Person(UserId),
    Withdrawal(PaymentId),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub id: HoldId,
    pub owner: UserId,
    pub purpose: For,
    pub amount: Money,
    pub settled: Money,
    pub state: State,
    pub made_at: DateTime<Utc>,
    /// `None`: the hold does not expire.
    pub expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Pays a part or all of the rest to the recipient.
    Settle { amount: Money, to: Account },
    /// Returns the rest to the owner.
    Release,
    /// Returns the rest to the owner because the hold has expired.
    Expire,
    /// Removes the expiry, because the withdrawal has been sent: only its outcome ends the hold.
    Keep,
}

/// All changes of an accepted command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub hold: Hold,
    pub entry: Option<Entry>,
    /// Amount that was returned to the owner.
    pub returned: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HoldRefusal {
    #[error("the hold is no longer open: {0}")]
    Closed(State),
    #[error("the hold has only {left_minor} minor units left; settle at most that")]
    TooSmall { left_minor: i64 },
    #[error("the currency of the hold is {0}; use the same currency")]
    OtherCurrency(Currency),
    #[error("only the beneficiary of the hold can do this")]
    WrongParty,
    #[error("a withdrawal can only be settled as a whole")]
    InPart,
    #[error("the hold does not expire before {due_at}")]
    TooEarly { due_at: DateTime<Utc> },
    #[error("the hold does not expire")]
    Unending,
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Hold {
    /// Returns the amount that is still reserved.
    #[must_use]
    pub fn left(&self) -> Money {
        let nothing = Money::zero(self.amount.currency());
        match self.state {
            State::Open => self.amount.minus(self.settled).unwrap_or(nothing),
            State::Settled | State::Released | State::Expired => nothing,
        }
    }

    /// Returns whether the hold has expired. At the deadline itself it is still valid.
    #[must_use]
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.state == State::Open && self.expires_at.is_some_and(|due_at| now > due_at)
    }

    /// Checks that `user` may settle or release the hold. The owner may not: a hold that the owner can release
    /// guarantees nothing.
    ///
    /// # Errors
    /// [`HoldRefusal::WrongParty`] unless the user is the beneficiary.
    pub fn permit(&self, user: UserId) -> Result<(), HoldRefusal> {
        match self.purpose {
            For::Person(beneficiary) if beneficiary == user => Ok(()),
            For::Person(_) | For::Withdrawal(_) => Err(HoldRefusal::WrongParty),
        }
    }

    /// Returns the entry that reserves the money of a new hold.
    ///
    /// # Errors
    /// [`LedgerError`] only if the amount is zero.
    pub fn reserve(&self) -> Result<Entry, LedgerError> {
        let (kind, key) = match self.purpose {
            For::Person(_) => (EntryKind::Hold, format!("{}:reserve", self.id)),
            For::Withdrawal(payment) => payout(EntryKind::PayoutReserve, payment),
        };
        Entry::transfer(kind, key, self.amount, self.available(), self.held())
    }

    const fn available(&self) -> Account {
        Account::available(self.owner, self.amount.currency())
    }

    const fn held(&self) -> Account {
        Account::held(self.owner, self.amount.currency())
    }
}

fn payout(kind: EntryKind, payment: PaymentId) -> (EntryKind, String) {
    (kind, format!("{payment}:{kind}"))
}

/// Returns the effect of `command` on `hold`. The function is pure.
///
/// # Errors
/// [`HoldRefusal`] if the hold is closed, has less left, or the time does not allow the command.
pub fn decide(hold: &Hold, command: Command, now: DateTime<Utc>) -> Result<Decision, HoldRefusal> {
    match (hold.state, command) {
        (State::Open, Command::Settle { amount, to }) => {
            in_time(hold, now)?;
            settle(hold, amount, to)
        }
        (State::Open, Command::Release) => {
            in_time(hold, now)?;
            give_back(hold, State::Released)
        }
        (State::Open, Command::Expire) => match hold.expires_at {
            Some(due_at) if now <= due_at => Err(HoldRefusal::TooEarly { due_at }),
            Some(_) => give_back(hold, State::Expired),
            None => Err(HoldRefusal::Unending),
        },
        (State::Open, Command::Keep) if hold.is_overdue(now) => {
            Err(HoldRefusal::Closed(State::Expired))
        }
        (State::Open, Command::Keep) => Ok(Decision {
            hold: Hold { expires_at: None, ..hold.clone() },
            entry: None,
            returned: Money::zero(hold.amount.currency()),
        }),
        (
            State::Settled | State::Released | State::Expired,
            Command::Settle { .. } | Command::Release | Command::Expire | Command::Keep,
        ) => Err(HoldRefusal::Closed(hold.state)),
    }
}

/// Between users the deadline is exact, even if its timer has not fired yet. The outcome of a withdrawal counts at any
/// time, because the provider has already acted.
fn in_time(hold: &Hold, now: DateTime<Utc>) -> Result<(), HoldRefusal> {
    match hold.purpose {
        For::Person(_) if hold.is_overdue(now) => Err(HoldRefusal::Closed(State::Expired)),
        For::Person(_) | For::Withdrawal(_) => Ok(()),
    }
}

fn settle(hold: &Hold, amount: Money, to: Account) -> Result<Decision, HoldRefusal> {
    let currency = hold.amount.currency();
    if amount.currency() != currency {
        return Err(HoldRefusal::OtherCurrency(currency));
    }
    let left = hold.left();
    let too_small = HoldRefusal::TooSmall { left_minor: left.minor() };
    let rest = left.minus(amount).map_err(|_| too_small.clone())?;
    let settled = hold.settled.plus(amount).map_err(|_| too_small)?;
    let (kind, key) = match hold.purpose {
        // The key contains the amount settled before, so that each part is written only once.
        For::Person(_) => {
            (EntryKind::HoldSettle, format!("{}:settle:{}", hold.id, hold.settled.minor()))
        }
        For::Withdrawal(_) if !rest.is_zero() => return Err(HoldRefusal::InPart),
        For::Withdrawal(payment) => payout(EntryKind::PayoutSettle, payment),
    };
    let entry = Entry::transfer(kind, key, amount, hold.held(), to)?;
    let state = if rest.is_zero() { State::Settled } else { State::Open };
    let hold = Hold { settled, state, ..hold.clone() };
    Ok(Decision { hold, entry: Some(entry), returned: Money::zero(currency) })
}

fn give_back(hold: &Hold, state: State) -> Result<Decision, HoldRefusal> {
    let (kind, key) = match hold.purpose {
        For::Person(_) => (EntryKind::HoldRelease, format!("{}:release", hold.id)),
        For::Withdrawal(payment) => payout(EntryKind::PayoutReturn, payment),
    };
    let returned = hold.left();
    let entry = Entry::transfer(kind, key, returned, hold.held(), hold.available())?;
    Ok(Decision { hold: Hold { state, ..hold.clone() }, entry: Some(entry), returned })
}

#[cfg(test)]
mod tests;
