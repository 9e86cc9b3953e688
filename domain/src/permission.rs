//! What each role may do: one table, read by [`permit`] and by nothing else.
//!
//! A person's own wallet, deals and payments are theirs whatever their role is, and nobody else's: those rules
//! stand with the things themselves. Here is what people may do with what is *not* theirs. A question about a
//! right therefore names what ties the actor to the people concerned ([`Circumstances::tie`]).

mod matrix;

use crate::id::{SessionId, UserId};
use crate::money::Money;
use crate::text_enum;
use crate::time::EAT;
use chrono::{DateTime, Timelike, Utc};
use matrix::MATRIX;
use thiserror::Error;

text_enum! {
    /// What somebody is to the service. Later ones rank higher.
    pub enum UserRole as "role" {
        User = "user",
        /// Answers people and looks things up.
        Support = "support",
        /// Decides about withdrawals, documents and closed accounts.
        Compliance = "compliance",
        /// Runs the service.
        Admin = "admin",
        /// Gives the others their roles.
        SuperAdmin = "super_admin",
    }
}

text_enum! {
    pub enum Resource as "resource" {
        /// Accounts of people.
        Users = "users",
        /// Which tier of limits a person has.
        Tiers = "tiers",
        /// Money that fits no payment of ours.
        Suspense = "suspense",
        /// Money in suspense that goes back to the number that paid it.
        Returns = "returns",
        /// The second factors of people who have lost theirs.
        SecondFactors = "second_factors",
        /// What was asked for and waits for somebody else.
        Approvals = "approvals",
        /// Withdrawals that a rule has stopped.
        HeldWithdrawals = "held_withdrawals",
        /// Held withdrawals above [`ONE_PERSON`](crate::threshold::ONE_PERSON), whose release needs two people.
        LargeWithdrawals = "large_withdrawals",
        /// Wallets, deals and payments of users, and the search for a user by contact or receipt.
        Accounts = "accounts",
        /// Payments whose evidence does not fit together.
        Payments = "payments",
        /// Discrepancies that reconciliation has found.
        Breaks = "breaks",
        /// Callbacks, runs, breaks, suspense.
        Reconciliation = "reconciliation",
        /// The books as a whole.
        Ledger = "ledger",
        Jobs = "jobs",
        /// Applications for a tier, with the documents of people.
        Kyc = "kyc",
        /// Disputes about deals, with the evidence of both sides.
        Disputes = "disputes",
        /// Queues, connections and providers of the running service.
        Health = "health",
        /// What deals cost from now on.
        FeePlans = "fee_plans",
        /// Who has which role.
        Roles = "roles",
    }
}

text_enum! {
    pub enum Action as "action" {
        Read = "read",
        /// Changes it, starts it, repeats it.
        Change = "change",
        /// Asks somebody else to decide.
        Ask = "ask",
        /// Says yes or no to what somebody else wants.
        Decide = "decide",
    }
}

text_enum! {
    /// What ties a member of staff to somebody whom an action concerns.
    pub enum Tie as "tie" {
        /// The matter is their own, or they have a part in the deal.
        Own = "own",
        /// They belong to an organisation that it concerns, or did so since the deal was made, or share an
        /// organisation with somebody concerned.
        Organisation = "organisation",
        /// One of the two invited the other.
        Invitation = "invitation",
    }
}

/// A member of staff who acts, as far as rights depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staff {
    pub user: UserId,
    pub session: SessionId,
    pub role: UserRole,
    /// Whether the call came from a network that the service's settings list.
    pub from_listed: bool,
}

/// Under what circumstances somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    pub at: DateTime<Utc>,
    pub from_listed: bool,
    /// Whether the actor has proven their identity again in this session, a moment ago.
    pub stepped_up: bool,
    /// What ties the actor to the people concerned; none if it concerns nobody in particular.
    pub tie: Option<Tie>,
    /// What is at stake, if it is money.
    pub amount: Option<Money>,
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Denial {
    #[error("the role `{0}` does not allow this")]
    Role(UserRole),
    /// The next step is another member of staff.
    #[error("{}", .0.reason())]
    Conflict(Tie),
    #[error("the role `{0}` does not reach to this amount")]
    Amount(UserRole),
    #[error("the role `{0}` allows this from {1} to {2} o'clock in Nairobi only")]
    Hours(UserRole, u32, u32),
    #[error("this is allowed from listed networks only")]
    Network,
    #[error(
        "this needs a session in which you were proven anew: call `step_up_session`, then repeat it"
    )]
    StepUp,
}

impl Tie {
    const fn reason(self) -> &'static str {
        match self {
            Tie::Own => "this concerns you: another member of staff has to do it",
            Tie::Organisation => {
                "this concerns your organisation or one of its members: another member of staff has to do it"
            }
            Tie::Invitation => {
                "this concerns a person who invited you, or whom you invited: another member of staff has to do it"
            }
        }
    }
}

/// Whether the role has this right at all, whatever the circumstances are. It is asked before anything is looked up,
/// so that a refusal tells nothing about what exists.
///
/// # Errors
/// [`Denial::Role`].
pub fn reaches(role: UserRole, right: (Resource, Action)) -> Result<(), Denial> {
    grant(role, right).map(drop)
}

/// Every right that somebody has.
pub fn rights() -> impl Iterator<Item = (Resource, Action)> {
    MATRIX.iter().map(|(resource, action, _)| (*resource, *action))
}

fn grant(role: UserRole, right: (Resource, Action)) -> Result<matrix::Grant, Denial> {
    let row = MATRIX.iter().find(|row| (row.0, row.1) == right);
    let grant = row.and_then(|(_, _, grants)| grants.get(role as usize).copied().flatten());
    grant.ok_or(Denial::Role(role))
}

/// # Errors
/// [`Denial`], the first that applies, in the order of its values.
pub fn permit(
    role: UserRole,
    right: (Resource, Action),
    circumstances: &Circumstances,
) -> Result<(), Denial> {
    let grant = grant(role, right)?;
    if let Some(tie) = circumstances.tie {
        return Err(Denial::Conflict(tie));
    }
    if let (Some(ceiling), Some(amount)) = (grant.ceiling, circumstances.amount)
        && ceiling.exceeds(amount)
    {
        return Err(Denial::Amount(role));
    }
    let hour = circumstances.at.with_timezone(&EAT).hour();
    if let Some((from, to)) = grant.hours
        && !(from..to).contains(&hour)
    {
        return Err(Denial::Hours(role, from, to));
    }
    if grant.from_listed && !circumstances.from_listed {
        return Err(Denial::Network);
    }
    if grant.stepped_up && !circumstances.stepped_up {
        return Err(Denial::StepUp);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
