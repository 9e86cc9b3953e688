//! A payment: an intent and all evidence about it.
//!
//! Providers answer late, twice, never or contradictorily. Therefore the state is always derived from the *set* of
//! evidence. A set has no order and no duplicates, so order and duplicates of messages do not affect the state.

mod confirmation;
mod judge;
mod limits;
mod prompts;
mod resolution;

pub use confirmation::{Confirmation, bill_reference};
pub use judge::{Doubt, Verdict};
pub use limits::{Limits, PLAN_MAX, carried_currencies, limits};
pub use prompts::{
    ACCOUNT_PROMPTS_MAX, FOREIGN_PROMPTS_MAX, OWN_PROMPTS_MAX, PROMPT_OPEN_MAX, PROMPTS_COUNTED,
    PromptRefusal, Prompts, may_prompt,
};
pub use resolution::{Resolution, Unresolved};

use crate::hold::{self, For, Hold};
use crate::id::{DealId, HoldId, PaymentId, UserId};
use crate::ledger::{Account, Entry, EntryKind, LedgerError, Provider};
use crate::money::{Currency, Money};
use crate::text_enum;
use chrono::{DateTime, Utc};
use std::cmp::Ordering;
use std::collections::BTreeSet;

text_enum! {
    pub enum Purpose as "payment purpose" {
        /// The buyer pays into the escrow of a deal.
        FundDeal = "fund_deal",
        /// A user pays into their wallet.
        Deposit = "deposit",
        /// A user withdraws from their wallet to mobile money.
        Withdrawal = "withdrawal",
        /// Money in suspense is returned to its payer, who has no account.
        ReturnSuspense = "return_suspense",
    }
}

impl Purpose {
    #[must_use]
    pub const fn is_payout(self) -> bool {
        match self {
            Purpose::Withdrawal | Purpose::ReturnSuspense => true,
            Purpose::FundDeal | Purpose::Deposit => false,
        }
    }
}

text_enum! {
    /// The source of evidence, in ascending order of reliability.
    pub enum Source as "evidence source" {
        /// The provider's immediate answer to our request.
        Answer = "answer",
        /// The provider's answer to a status query.
        Query = "query",
        /// The provider's message to our secret callback URL.
        Callback = "callback",
        /// A line of the provider's statement.
        Statement = "statement",
        /// An operator's resolution, with a reason.
        Operator = "operator",
    }
}

text_enum! {
    /// The reason of a failed payment. Each adapter maps its provider's codes to these.
    pub enum FailureReason as "failure reason" {
        CancelledByPayer = "cancelled_by_payer",
        NoAnswer = "no_answer",
        InsufficientFunds = "insufficient_funds",
        WrongPin = "wrong_pin",
        LimitExceeded = "limit_exceeded",
        PayerLocked = "payer_locked",
        RecipientInvalid = "recipient_invalid",
        /// The provider rejected the request because of our configuration or its rules, not because of the user.
        Rejected = "rejected",
        /// The statement covers the time of the payment but does not contain it.
        NeverHappened = "never_happened",
        /// The provider could not be reached in time, so the request was never sent.
        NotReached = "not_reached",
    }
}

/// A claim about a payment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Claim {
    /// Accepted for processing; not paid yet.
    Accepted,
    /// The answer was lost or timed out: the payment may have happened.
    Lost,
    Failed {
        reason: FailureReason,
    },
    /// An unknown result code; an operator must review it.
    Unclear {
        code: String,
    },
    /// Paid. Callbacks and statements contain receipt and amount, queries do not.
    Succeeded {
        receipt: Option<String>,
        amount: Option<Money>,
    },
}

impl Claim {
    /// Returns the sort key within a set. It orders currencies by name, because `Money` has no order.
    fn place(&self) -> Place<'_> {
        match self {
            Claim::Accepted => (0, None, None, None),
            Claim::Lost => (1, None, None, None),
            Claim::Failed { reason } => (2, Some(*reason), None, None),
            Claim::Unclear { code } => (3, None, Some(code.as_str()), None),
            Claim::Succeeded { receipt, amount } => {
                let amount = amount.map(|amount| (amount.currency(), amount.minor()));
                (4, None, receipt.as_deref(), amount)
            }
        }
    }
}

type Place<'a> = (u8, Option<FailureReason>, Option<&'a str>, Option<(Currency, i64)>);

impl Ord for Claim {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

impl PartialOrd for Claim {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One piece of evidence about a payment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Evidence {
    pub source: Source,
    pub claim: Claim,
    /// The provider's own reference (`CheckoutRequestID`, `ConversationID`), if it was given.
    pub reference: Option<String>,
}

text_enum! {
    /// The progress of a payment on our own side.
    pub enum Stage as "payment stage" {
        /// A withdrawal that is being scored for fraud.
        Screening = "screening",
        /// The fraud score is too high; an operator has to decide.
        Held = "held",
        /// An operator refused the payment. Final.
        Refused = "refused",
        /// Ready to be sent to the provider.
        Ready = "ready",
        /// Sent, or possibly sent: the stage is stored before the request leaves.
        Sent = "sent",
    }
}

text_enum! {
    pub enum State as "payment state" {
        Screening = "screening",
        Held = "held",
        Queued = "queued",
        /// The request is being sent to the provider.
        Submitting = "submitting",
        /// The provider is processing the payment, or waits for the payer.
        Pending = "pending",
        /// A callback reports a large payment; a status query or the statement must confirm it.
        Confirming = "confirming",
        /// The payment may have happened. No new attempt is made until the outcome is known.
        Unknown = "unknown",
        /// The provider's result is unknown to us; an operator must review it.
        Review = "review",
        Succeeded = "succeeded",
        Failed = "failed",
    }
}

impl State {
    /// Returns whether the payment is closed. Only unexpected evidence can still change it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            State::Succeeded | State::Failed => true,
            State::Screening | State::Held | State::Queued | State::Submitting => false,
            State::Pending | State::Confirming | State::Unknown | State::Review => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub id: PaymentId,
    pub provider: Provider,
    /// The owner of the wallet; `None` for a return of money in suspense.
    pub user: Option<UserId>,
    pub purpose: Purpose,
    pub deal: Option<DealId>,
    pub amount: Money,
    pub stage: Stage,
    /// Whether a callback alone is not sufficient for any amount. Set when callbacks alone have credited too much.
    pub must_confirm: bool,
    evidence: BTreeSet<Evidence>,
}

/// The intent of a payment, before any evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPayment {
    pub id: PaymentId,
    pub provider: Provider,
    pub user: Option<UserId>,
    pub purpose: Purpose,
    pub deal: Option<DealId>,
    pub amount: Money,
}

impl Payment {
    #[must_use]
    pub fn new(new: NewPayment) -> Self {
        let stage = match new.purpose {
            Purpose::Withdrawal => Stage::Screening,
            // Two operators have already approved a return.
            Purpose::ReturnSuspense | Purpose::FundDeal | Purpose::Deposit => Stage::Ready,
        };
        Self::restore(new, stage, [])
    }

    /// Restores a stored payment.
    #[must_use]
    pub fn restore(
        new: NewPayment,
        stage: Stage,
        evidence: impl IntoIterator<Item = Evidence>,
    ) -> Self {
        let NewPayment { id, provider, user, purpose, deal, amount } = new;
        let evidence = evidence.into_iter().collect();
        let must_confirm = false;
        Self { id, provider, user, purpose, deal, amount, stage, must_confirm, evidence }
    }

    /// Adds evidence. Returns `false` if it was already known.
    pub fn observe(&mut self, evidence: Evidence) -> bool {
        self.evidence.insert(evidence)
    }

    pub fn evidence(&self) -> impl Iterator<Item = &Evidence> {
        self.evidence.iter()
    }

    /// Returns the reason for which evidence does not belong to this payment: its amount or its provider reference
    /// differs. Such evidence does not affect the state.
    #[must_use]
    pub fn misfit(&self, said: &Evidence) -> Option<Doubt> {
        judge::misfit(self, said)
    }

    /// Returns whether a source other than a callback reports success.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        let confirms = |said: &&Evidence| {
            said.source != Source::Callback && matches!(said.claim, Claim::Succeeded { .. })
        };
        self.evidence().filter(|said| self.misfit(said).is_none()).any(|said| confirms(&said))
    }

    /// Returns whether success needs more than a callback. Payouts never do, because their success credits no user.
    #[must_use]
    pub fn needs_confirmation(&self) -> bool {
        let limits = limits(self.provider, self.amount.currency());
        let max = limits.map_or(0, |limits| limits.callback_credit_minor_max);
        !self.purpose.is_payout() && (self.must_confirm || self.amount.minor() > max)
    }

    #[must_use]
    pub fn verdict(&self) -> Verdict {
        judge::judge(self)
    }

    #[must_use]
    pub fn state(&self) -> State {
        self.verdict().state
    }

    /// Returns the ledger entries that the verdict on a collection requires. Each has a unique key, so that the store
    /// writes it only once. The entries of a payout come from its hold.
    ///
    /// # Errors
    /// [`LedgerError`] only if the amount is zero, which the constructors exclude.
    pub fn due_entries(&self) -> Result<Vec<Entry>, LedgerError> {
        if self.purpose.is_payout() || self.state() != State::Succeeded {
            return Ok(vec![]);
        }
        Ok(vec![self.collected()?])
    }

    /// Returns the entry of a successful collection.
    ///
    /// # Errors
    /// [`LedgerError`] only if the amount is zero, or the payment has no user.
    pub fn collected(&self) -> Result<Entry, LedgerError> {
        let user = self.user.ok_or(LedgerError::Malformed)?;
        let (kind, currency) = (EntryKind::Deposit, self.amount.currency());
        let clearing = Account::clearing(self.provider, currency);
        let available = Account::available(user, currency);
        let key = format!("{}:{kind}", self.id);
        Entry::transfer(kind, key, self.amount, clearing, available)
    }

    /// Returns the hold of a new withdrawal. It expires if the withdrawal is not sent in time.
    #[must_use]
    pub fn hold(&self, (id, owner): (HoldId, UserId), now: DateTime<Utc>) -> Hold {
        Hold {
            id,
            owner,
            purpose: For::Withdrawal(self.id),
            amount: self.amount,
            settled: Money::zero(self.amount.currency()),
            state: hold::State::Open,
            made_at: now,
            expires_at: now.checked_add_signed(hold::WITHDRAWAL_UNDECIDED_MAX),
        }
    }

    /// Returns the command to the hold that the verdict requires. Only withdrawals have a hold.
    #[must_use]
    pub fn due_of_hold(&self) -> Option<hold::Command> {
        match (self.purpose == Purpose::Withdrawal, self.state()) {
            (true, State::Succeeded) => Some(hold::Command::Settle {
                amount: self.amount,
                to: Account::clearing(self.provider, self.amount.currency()),
            }),
            (true, State::Failed) => Some(hold::Command::Release),
            (
                true,
                State::Screening
                | State::Held
                | State::Queued
                | State::Submitting
                | State::Pending
                | State::Confirming
                | State::Unknown
                | State::Review,
            )
            | (false, _) => None,
        }
    }
}

#[cfg(test)]
mod tests;
