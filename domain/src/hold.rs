//! Holds: money that its owner has reserved, for somebody else or for a withdrawal. It is settled in parts
//! or whole, released, or expires; every pair of state and command is written out.
#![deny(clippy::wildcard_enum_match_arm)]

use crate::id::{HoldId, PaymentId, UserId};
use crate::ledger::{Account, Entry, EntryKind, LedgerError};
use crate::money::{Currency, Money};
use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

/// A withdrawal that nobody has decided about for so long is refused.
pub const WITHDRAWAL_UNDECIDED_MAX: TimeDelta = TimeDelta::days(7);

/// A person's money is reserved for somebody else for at most 30 days.
pub const HOURS_MAX: i64 = 30 * 24;

text_enum! {
    pub enum State as "hold state" {
        Open = "open",
        /// All of it went to where it was reserved for.
        Settled = "settled",
        /// What had not been settled went back to its owner.
        Released = "released",
        /// The same, because time ran out.
        Expired = "expired",
    }
}

/// Whose the money becomes when it is settled.
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
    /// None: it stays until it is settled or released.
    pub expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Moves a part or the whole of what is left to where it was reserved for.
    Settle { amount: Money, to: Account },
    /// Gives what is left back to its owner.
    Release,
    /// Gives what is left back because time ran out.
    Expire,
    /// A withdrawal is on its way: from here on only its outcome ends the hold.
    Keep,
}

/// Everything that an accepted command changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub hold: Hold,
    pub entry: Option<Entry>,
    /// What went back to the owner.
    pub returned: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HoldRefusal {
    #[error("the hold is over: {0}")]
    Closed(State),
    #[error("{left_minor} minor units are left of the hold")]
    TooSmall { left_minor: i64 },
    #[error("the hold is in {0}")]
    OtherCurrency(Currency),
    #[error("only the person whom the money is held for may do this")]
    WrongParty,
    #[error("a withdrawal is settled as a whole")]
    InPart,
    #[error("the hold expires only at {due_at}")]
    TooEarly { due_at: DateTime<Utc> },
    #[error("the hold does not expire")]
    Unending,
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Hold {
    /// What is still reserved.
    #[must_use]
    pub fn left(&self) -> Money {
        let nothing = Money::zero(self.amount.currency());
        match self.state {
            State::Open => self.amount.minus(self.settled).unwrap_or(nothing),
            State::Settled | State::Released | State::Expired => nothing,
        }
    }

    /// Whether its time has run out. The deadline itself is still in time.
    #[must_use]
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.state == State::Open && self.expires_at.is_some_and(|due_at| now > due_at)
    }

    /// An owner who could give the money back to themselves would have guaranteed nothing.
    ///
    /// # Errors
    /// [`HoldRefusal::WrongParty`] for everybody but the person whom the money is held for.
    pub fn permit(&self, user: UserId) -> Result<(), HoldRefusal> {
        match self.purpose {
            For::Person(beneficiary) if beneficiary == user => Ok(()),
            For::Person(_) | For::Withdrawal(_) => Err(HoldRefusal::WrongParty),
        }
    }

    /// The entry that a new hold begins with.
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

/// Decides what `command` does to `hold`. Nothing is changed by asking.
///
/// # Errors
/// [`HoldRefusal`] if the hold is over, has less left, or time speaks against it.
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

/// Between people the deadline is exact, whether or not its timer has run. What a provider has done with a
/// withdrawal is a fact, whenever we hear of it.
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
        // What was settled before names the part: each is written once.
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
