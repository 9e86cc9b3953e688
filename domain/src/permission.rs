//! Permissions of each role, in one table that only [`permit`] reads.
//!
//! The table covers actions of operators on other users' data. Users' rights to their own wallets, deals and payments
//! do not depend on a role; their rules are in the respective modules. Each check therefore includes the actor's tie to
//! the users concerned ([`Circumstances::tie`]).

mod matrix;

use crate::id::{SessionId, UserId};
use crate::money::Money;
use crate::text_enum;
use crate::time::EAT;
use chrono::{DateTime, Timelike, Utc};
use matrix::MATRIX;
use thiserror::Error;

text_enum! {
    /// The role of a user in the service, in ascending order.
    pub enum UserRole as "role" {
        User = "user",
        /// Helps users and reads their data.
        Support = "support",
        /// Decides about withdrawals, documents and closed accounts.
        Compliance = "compliance",
        /// Operates the service.
        Admin = "admin",
        /// Assigns roles.
        SuperAdmin = "super_admin",
    }
}

text_enum! {
    pub enum Resource as "resource" {
        /// Users: their state, such as frozen or closed.
        Users = "users",
        /// The tier of a user.
        Tiers = "tiers",
        /// Money that matches no payment.
        Suspense = "suspense",
        /// Returns of money in suspense to the number that paid it.
        Returns = "returns",
        /// Lost second factors.
        SecondFactors = "second_factors",
        /// Requests for approval.
        Approvals = "approvals",
        /// Withdrawals that a fraud rule has held.
        HeldWithdrawals = "held_withdrawals",
        /// Held withdrawals above [`ONE_PERSON`](crate::threshold::ONE_PERSON), whose release needs two operators.
        LargeWithdrawals = "large_withdrawals",
        /// Wallets, deals and payments of users, and the search for a user by contact or receipt.
        Accounts = "accounts",
        /// Payments in `review` or `confirming`, which operators resolve.
        Payments = "payments",
        /// Discrepancies that reconciliation has found.
        Discrepancies = "discrepancies",
        /// Callbacks, reconciliation runs, discrepancies, suspense.
        Reconciliation = "reconciliation",
        /// The whole ledger.
        Ledger = "ledger",
        Jobs = "jobs",
        /// Applications for a tier, with the documents of users.
        Kyc = "kyc",
        /// Disputes about deals, with the evidence of both parties.
        Disputes = "disputes",
        /// Queues, connections and providers of the running service.
        Health = "health",
        /// Fee plans of future deals.
        FeePlans = "fee_plans",
        /// Roles of users.
        Roles = "roles",
    }
}

text_enum! {
    pub enum Action as "action" {
        Read = "read",
        /// Changes, starts or repeats it.
        Change = "change",
        /// Requests an approval.
        Ask = "ask",
        /// Approves or rejects another user's request.
        Decide = "decide",
    }
}

text_enum! {
    /// A conflict of interest: the tie of an operator to a user whom an action concerns.
    pub enum Tie as "tie" {
        /// The action concerns the operator's own account, or a deal in which they participate.
        Own = "own",
        /// The operator shares an organisation with a user concerned, or is a member of an organisation concerned. Past
        /// membership counts too, if it was after the deal was made.
        Organisation = "organisation",
        /// The operator invited the user, or the user invited the operator.
        Invitation = "invitation",
    }
}

/// The acting operator, as far as permissions depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staff {
    pub user: UserId,
    pub session: SessionId,
    pub role: UserRole,
    /// Whether the call came from a network that the settings list.
    pub from_listed: bool,
}

/// The circumstances of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    pub at: DateTime<Utc>,
    pub from_listed: bool,
    /// Whether the session has a valid step-up.
    pub stepped_up: bool,
    /// The actor's tie to the users concerned, if any.
    pub tie: Option<Tie>,
    /// The amount that the action moves, if any.
    pub amount: Option<Money>,
}

/// The reason for which an action is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Denial {
    #[error("the role `{0}` does not allow this")]
    Role(UserRole),
    #[error("{}", .0.reason())]
    Conflict(Tie),
    #[error("the amount exceeds the limit of the role `{0}`; ask an operator with a higher role")]
    Amount(UserRole),
    #[error("the role `{0}` allows this only from {1:02}:00 to {2:02}:00 Nairobi time")]
    Hours(UserRole, u32, u32),
    #[error("this is allowed only from the networks in the service's settings")]
    Network,
    #[error(
        "this operation requires step-up authentication; call `step_up_session`, then repeat it"
    )]
    StepUp,
}

impl Tie {
    const fn reason(self) -> &'static str {
        match self {
            Tie::Own => "this concerns your own account or deal; another operator must do it",
            Tie::Organisation => {
                "this concerns your organisation or one of its members; another operator must do it"
            }
            Tie::Invitation => {
                "this concerns a user who invited you or whom you invited; another operator must do it"
            }
        }
    }
}

/// Checks that the role has this permission in some circumstances. It is checked before any lookup, so that a denial
/// does not reveal which records exist.
///
/// # Errors
/// [`Denial::Role`].
pub fn reaches(role: UserRole, right: (Resource, Action)) -> Result<(), Denial> {
    grant(role, right).map(drop)
}

/// Returns every permission in the table.
pub fn rights() -> impl Iterator<Item = (Resource, Action)> {
    MATRIX.iter().map(|(resource, action, _)| (*resource, *action))
}

fn grant(role: UserRole, right: (Resource, Action)) -> Result<matrix::Grant, Denial> {
    let row = MATRIX.iter().find(|row| (row.0, row.1) == right);
    let grant = row.and_then(|(_, _, grants)| grants.get(role as usize).copied().flatten());
    grant.ok_or(Denial::Role(role))
}

/// # Errors
/// The first [`Denial`] that applies, in the order of its variants.
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
