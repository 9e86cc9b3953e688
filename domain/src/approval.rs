//! Approvals: one operator requests a sensitive action, another operator approves it. Neither may act on a request
//! that concerns their own account. Every pair of state and command is listed.
#![deny(clippy::wildcard_enum_match_arm)]

use crate::fee::FeePlan;
use crate::id::{ApprovalId, PaymentId, UserId};
use crate::ledger::Provider;
use crate::money::Money;
use crate::payment::Resolution;
use crate::permission::{Action, Circumstances, Denial, Resource, Tie, UserRole, permit};
use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

/// Time after which an undecided request expires.
pub const APPROVAL_TTL: TimeDelta = TimeDelta::days(7);

text_enum! {
    pub enum ApprovalKind as "kind of approval" {
        SetTier = "set_tier",
        MoveSuspense = "move_suspense",
        ReturnSuspense = "return_suspense",
        RemoveFactor = "remove_factor",
        SetRole = "set_role",
        ReleaseWithdrawal = "release_withdrawal",
        ResolvePayment = "resolve_payment",
        PublishFeePlan = "publish_fee_plan",
    }
}

text_enum! {
    pub enum ApprovalState as "approval state" {
        /// Waits for a decision.
        Asked = "asked",
        Approved = "approved",
        Rejected = "rejected",
        /// Withdrawn by the requester.
        Withdrawn = "withdrawn",
        Expired = "expired",
    }
}

/// The action that is requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Changes the tier of a user.
    SetTier { tier: String },
    /// Credits all of the money in suspense to the user it belongs to.
    MoveSuspense { provider: Provider, receipt: String },
    /// Pays all of the money in suspense back to the number that paid it.
    ReturnSuspense { provider: Provider, receipt: String },
    /// Removes a lost second factor.
    RemoveFactor,
    /// Changes the role of a user.
    SetRole { role: UserRole },
    /// Pays out a large withdrawal that a fraud rule has held.
    ReleaseWithdrawal { payment: PaymentId },
    /// Sets the outcome of a payment in `review` or `confirming`.
    ResolvePayment { payment: PaymentId, resolution: Resolution },
    /// Publishes the next version of the fee plan. It concerns no particular user.
    PublishFeePlan { plan: FeePlan, valid_from: DateTime<Utc> },
}

impl Wanted {
    #[must_use]
    pub const fn kind(&self) -> ApprovalKind {
        match self {
            Wanted::SetTier { .. } => ApprovalKind::SetTier,
            Wanted::MoveSuspense { .. } => ApprovalKind::MoveSuspense,
            Wanted::ReturnSuspense { .. } => ApprovalKind::ReturnSuspense,
            Wanted::RemoveFactor => ApprovalKind::RemoveFactor,
            Wanted::SetRole { .. } => ApprovalKind::SetRole,
            Wanted::ReleaseWithdrawal { .. } => ApprovalKind::ReleaseWithdrawal,
            Wanted::ResolvePayment { .. } => ApprovalKind::ResolvePayment,
            Wanted::PublishFeePlan { .. } => ApprovalKind::PublishFeePlan,
        }
    }
}

impl ApprovalKind {
    /// Returns the resource that governs requesting and approving in the permission table.
    #[must_use]
    pub const fn resource(self) -> Resource {
        match self {
            ApprovalKind::SetTier => Resource::Tiers,
            ApprovalKind::MoveSuspense => Resource::Suspense,
            ApprovalKind::ReturnSuspense => Resource::Returns,
            ApprovalKind::RemoveFactor => Resource::SecondFactors,
            ApprovalKind::SetRole => Resource::Roles,
            ApprovalKind::ReleaseWithdrawal => Resource::LargeWithdrawals,
            ApprovalKind::ResolvePayment => Resource::Payments,
            ApprovalKind::PublishFeePlan => Resource::FeePlans,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    pub id: ApprovalId,
    pub wanted: Wanted,
    /// The user whom the action concerns; `None` if it concerns no particular user.
    pub user: Option<UserId>,
    pub state: ApprovalState,
    pub asked_by: UserId,
    pub asked_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Approve,
    Reject,
    Withdraw,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ApprovalRefusal {
    #[error("the request is already {0}")]
    WrongState(ApprovalState),
    #[error("another operator must decide this request")]
    OwnRequest,
    #[error("you cannot request or approve an action on your own account; ask another operator")]
    OwnMatter,
    #[error("only the requester can withdraw the request")]
    NotAsker,
    #[error("the requester no longer has permission for this action: {0}")]
    AskerMayNot(Denial),
    #[error("this money is no longer in suspense")]
    Moved,
    #[error("this money is being returned to its payer; wait until that payout has ended")]
    Returning,
    #[error(
        "the provider did not report the payer's full number; find the owner and request `move_suspense`, or reverse the receipt in the provider's portal"
    )]
    PayerPhoneUnknown,
    #[error("the payer's number belongs to a frozen account; unfreeze the account first")]
    PayerFrozen,
    #[error("the user already has the role `{0}`")]
    SameRole(UserRole),
    #[error("only a payment in `review` or `confirming` can be resolved manually")]
    NotInReview,
    #[error(
        "the receipt belongs to another amount, to another payment or to money in suspense; give the receipt of this payment"
    )]
    OtherReceipt,
}

/// Checks that `asker` may request an action on `user`. The caller checks the permission of the role first.
///
/// # Errors
/// [`ApprovalRefusal::OwnMatter`].
pub fn ask(asker: UserId, user: Option<UserId>) -> Result<(), ApprovalRefusal> {
    if user == Some(asker) { Err(ApprovalRefusal::OwnMatter) } else { Ok(()) }
}

impl Approval {
    /// Returns the state at `now`. A request expires at its deadline, even if the expiry is stored later.
    #[must_use]
    pub fn state_at(&self, now: DateTime<Utc>) -> ApprovalState {
        let is_late = self.state == ApprovalState::Asked && now >= self.expires_at;
        if is_late { ApprovalState::Expired } else { self.state }
    }

    /// Returns the state after `command` by `actor`.
    ///
    /// # Errors
    /// [`ApprovalRefusal`].
    pub fn decide(
        &self,
        command: Command,
        actor: UserId,
        now: DateTime<Utc>,
    ) -> Result<ApprovalState, ApprovalRefusal> {
        match (self.state_at(now), command) {
            (ApprovalState::Asked, Command::Approve | Command::Reject)
                if actor == self.asked_by =>
            {
                Err(ApprovalRefusal::OwnRequest)
            }
            (ApprovalState::Asked, Command::Approve | Command::Reject)
                if self.user == Some(actor) =>
            {
                Err(ApprovalRefusal::OwnMatter)
            }
            (ApprovalState::Asked, Command::Approve) => Ok(ApprovalState::Approved),
            (ApprovalState::Asked, Command::Reject) => Ok(ApprovalState::Rejected),
            (ApprovalState::Asked, Command::Withdraw) if actor == self.asked_by => {
                Ok(ApprovalState::Withdrawn)
            }
            (ApprovalState::Asked, Command::Withdraw) => Err(ApprovalRefusal::NotAsker),
            (
                state @ (ApprovalState::Approved
                | ApprovalState::Rejected
                | ApprovalState::Withdrawn
                | ApprovalState::Expired),
                Command::Approve | Command::Reject | Command::Withdraw,
            ) => Err(ApprovalRefusal::WrongState(state)),
        }
    }

    /// Checks the requester's permission again, with their current role and ties. The time is that of the request.
    /// Network and step-up were checked when the request was made.
    ///
    /// # Errors
    /// [`ApprovalRefusal::AskerMayNot`].
    pub fn still_asked(
        &self,
        role: UserRole,
        (tie, amount): (Option<Tie>, Option<Money>),
    ) -> Result<(), ApprovalRefusal> {
        let then =
            Circumstances { at: self.asked_at, from_listed: true, stepped_up: true, tie, amount };
        permit(role, (self.wanted.kind().resource(), Action::Ask), &then)
            .map_err(ApprovalRefusal::AskerMayNot)
    }
}

#[cfg(test)]
mod tests;
