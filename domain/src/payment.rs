//! A payment: an intent plus everything that was ever said about it.
//!
//! Providers answer late, twice, never or contradictorily, so the state is not stored as it changes:
//! it is judged anew from the *set* of evidence. A set has no order and no repetition, hence neither
//! has the verdict.

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
        /// A person puts money into the wallet.
        Deposit = "deposit",
        /// A person takes money out to mobile money.
        Withdrawal = "withdrawal",
        /// Money in suspense goes back to its payer, who has no account.
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
    /// Who said it; a later one in this list is believed over an earlier one.
    pub enum Source as "evidence source" {
        /// The provider's immediate answer to our request.
        Answer = "answer",
        /// Our own question about the payment, answered by the provider.
        Query = "query",
        /// The provider's message to our unguessable address.
        Callback = "callback",
        /// A line of the provider's statement.
        Statement = "statement",
        /// An operator's word, given with a reason.
        Operator = "operator",
    }
}

text_enum! {
    /// Why a payment did not happen, in words that every provider's codes are translated to.
    pub enum FailureReason as "failure reason" {
        CancelledByPayer = "cancelled_by_payer",
        NoAnswer = "no_answer",
        InsufficientFunds = "insufficient_funds",
        WrongPin = "wrong_pin",
        LimitExceeded = "limit_exceeded",
        PayerLocked = "payer_locked",
        RecipientInvalid = "recipient_invalid",
        /// The provider refused the request itself: our configuration or its rules, not the person.
        Rejected = "rejected",
        /// The statement covers the time of the payment and does not have it.
        NeverHappened = "never_happened",
        /// The provider could not be reached in time, so the request was given up before it was sent.
        NotReached = "not_reached",
    }
}

/// What was claimed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Claim {
    /// Taken for processing; not paid yet.
    Accepted,
    /// The answer was lost, or time ran out: it may have happened.
    Lost,
    Failed {
        reason: FailureReason,
    },
    /// A result that we cannot interpret; a person must look.
    Unclear {
        code: String,
    },
    /// Paid. A query does not tell receipt and amount; a callback and a statement do.
    Succeeded {
        receipt: Option<String>,
        amount: Option<Money>,
    },
}

impl Claim {
    /// Where it stands in a set. That is no order of amounts: those of two currencies have none.
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

/// One thing that was said about a payment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Evidence {
    pub source: Source,
    pub claim: Claim,
    /// The provider's own reference (`CheckoutRequestID`, `ConversationID`), where it was said.
    pub reference: Option<String>,
}

text_enum! {
    /// How far the payment has come on our own side.
    pub enum Stage as "payment stage" {
        /// A withdrawal that is being scored for fraud.
        Screening = "screening",
        /// Scored too high: waits for an operator.
        Held = "held",
        /// An operator refused it. Final.
        Refused = "refused",
        /// Waits to be sent to the provider.
        Ready = "ready",
        /// Was sent, or may have been: written before the request leaves.
        Sent = "sent",
    }
}

text_enum! {
    pub enum State as "payment state" {
        Screening = "screening",
        Held = "held",
        Queued = "queued",
        /// On its way to the provider.
        Submitting = "submitting",
        /// The provider works on it, or waits for the payer.
        Pending = "pending",
        /// A callback says that a large amount was paid; the provider's answer or its statement must confirm it.
        Confirming = "confirming",
        /// It may have happened. Blocks any new attempt until proven.
        Unknown = "unknown",
        /// The evidence does not fit together; a person looks.
        Review = "review",
        Succeeded = "succeeded",
        Failed = "failed",
    }
}

impl State {
    /// Nothing more will happen without new evidence, and none is asked for.
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
    /// Whose wallet it fills or empties; none for money that goes back out of suspense.
    pub user: Option<UserId>,
    pub purpose: Purpose,
    pub deal: Option<DealId>,
    pub amount: Money,
    pub stage: Stage,
    /// A callback alone does not prove it, whatever its amount: too much was credited on callbacks alone already.
    pub must_confirm: bool,
    evidence: BTreeSet<Evidence>,
}

/// What a payment is made of before anything is known about it.
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
            // Two members of staff have looked at it already.
            Purpose::ReturnSuspense | Purpose::FundDeal | Purpose::Deposit => Stage::Ready,
        };
        Self::restore(new, stage, [])
    }

    /// A payment as it was stored.
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

    /// Takes note of what was said. `false` if it was known already.
    pub fn observe(&mut self, evidence: Evidence) -> bool {
        self.evidence.insert(evidence)
    }

    pub fn evidence(&self) -> impl Iterator<Item = &Evidence> {
        self.evidence.iter()
    }

    /// Why the evidence is about something else than this payment: it names another amount, or another reference of
    /// the provider than its answers gave us. Such a word changes nothing here.
    #[must_use]
    pub fn misfit(&self, said: &Evidence) -> Option<Doubt> {
        judge::misfit(self, said)
    }

    /// Whether more than a callback says that it was paid.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        let confirms = |said: &&Evidence| {
            said.source != Source::Callback && matches!(said.claim, Claim::Succeeded { .. })
        };
        self.evidence().filter(|said| self.misfit(said).is_none()).any(|said| confirms(&said))
    }

    /// Whether a callback alone credits nothing. The provider's word about a payout takes money from nobody else.
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

    /// The movements of money that the present verdict on a collection calls for. Each has a key of its own,
    /// so writing them again changes nothing; which of them are written already is for the store to know.
    /// What a payout moves is its hold's to say.
    ///
    /// # Errors
    /// [`LedgerError`] only if the amount is zero, which the constructors exclude.
    pub fn due_entries(&self) -> Result<Vec<Entry>, LedgerError> {
        if self.purpose.is_payout() || self.state() != State::Succeeded {
            return Ok(vec![]);
        }
        Ok(vec![self.collected()?])
    }

    /// The entry of a collection that has succeeded.
    ///
    /// # Errors
    /// [`LedgerError`] only if the amount is zero, or if it is no user's payment.
    pub fn collected(&self) -> Result<Entry, LedgerError> {
        let user = self.user.ok_or(LedgerError::Malformed)?;
        let (kind, currency) = (EntryKind::Deposit, self.amount.currency());
        let clearing = Account::clearing(self.provider, currency);
        let available = Account::available(user, currency);
        let key = format!("{}:{kind}", self.id);
        Entry::transfer(kind, key, self.amount, clearing, available)
    }

    /// The reservation that a withdrawal starts with; it expires unless it is on its way by then.
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

    /// What the present verdict asks of a withdrawal's hold. Nothing else has one.
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
