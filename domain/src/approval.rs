//! Four eyes: what one person who works here asks for and another one decides about. Nothing happens before
//! that, and nobody has a hand in what is for themselves. Every pair of state and command is written out.
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

/// What nobody decides about for so long is over.
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
        /// Taken back by whoever asked.
        Withdrawn = "withdrawn",
        Expired = "expired",
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Puts a person on another tier of limits.
    SetTier { tier: String },
    /// Gives money in suspense, all of it, to the person to whom it belongs.
    MoveSuspense { provider: Provider, receipt: String },
    /// Pays money in suspense, all of it, back to the number that paid it.
    ReturnSuspense { provider: Provider, receipt: String },
    /// Takes the second factor away from somebody who has lost it.
    RemoveFactor,
    /// Gives a person another role.
    SetRole { role: UserRole },
    /// Pays a large withdrawal out that a rule has stopped.
    ReleaseWithdrawal { payment: PaymentId },
    /// Says how a payment ended whose evidence does not fit together.
    ResolvePayment { payment: PaymentId, resolution: Resolution },
    /// Publishes the next version of what deals cost. It concerns nobody in particular.
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
    /// To which row of the permission table asking and deciding belong.
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
    /// The person whom it is about; none if it is about nobody in particular.
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
    #[error("the request is {0}")]
    WrongState(ApprovalState),
    #[error("somebody else than who asked has to decide")]
    OwnRequest,
    #[error("this concerns you: another member of staff has to decide")]
    OwnMatter,
    #[error("only who asked can take the request back")]
    NotAsker,
    #[error("who asked may not ask for this any more: {0}")]
    AskerMayNot(Denial),
    #[error("this money is not in suspense any more")]
    Moved,
    #[error("this money is on its way back to its payer: wait until that payout has ended")]
    Returning,
    #[error(
        "the provider did not tell the whole number that paid: find the owner and ask for `move_suspense`, or reverse the receipt in the provider's portal"
    )]
    PayerUnknown,
    #[error(
        "the number that paid belongs to a frozen account: unfreeze it before money goes there"
    )]
    PayerFrozen,
    #[error("the user has the role `{0}` already")]
    SameRole(UserRole),
    #[error("only a payment in `review` or `confirming` is resolved by hand")]
    NotInReview,
    #[error(
        "the receipt belongs to another amount, to another payment, or to money in suspense: it does not prove this payment"
    )]
    OtherReceipt,
}

/// Whether `asker` may ask for something that is about `user`; that the role allows it is seen to before.
///
/// # Errors
/// [`ApprovalRefusal::OwnMatter`].
pub fn ask(asker: UserId, user: Option<UserId>) -> Result<(), ApprovalRefusal> {
    if user == Some(asker) { Err(ApprovalRefusal::OwnMatter) } else { Ok(()) }
}

impl Approval {
    /// The state as it is at that time: it is over when its time is up, whoever notes that and when.
    #[must_use]
    pub fn state_at(&self, now: DateTime<Utc>) -> ApprovalState {
        let is_late = self.state == ApprovalState::Asked && now >= self.expires_at;
        if is_late { ApprovalState::Expired } else { self.state }
    }

    /// Decides which state `command`, given by `actor`, leads to.
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

    /// Whether who asked, in the role that they have now and with what ties them to the matter now, might have asked
    /// for this when they did. From where they asked, and their step-up, was looked at then.
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
