//! The verdict on a payment, as a function of its set of evidence.

use super::{Claim, Evidence, FailureReason, Payment, Source, Stage, State};
use crate::text_enum;
use std::collections::BTreeSet;

text_enum! {
    /// The reason for which an operator should review a payment, even if its state is clear.
    pub enum Doubt as "doubt" {
        /// The evidence has another amount than the payment.
        AmountDiffers = "amount_differs",
        /// The evidence has another provider reference than the payment.
        ReferenceDiffers = "reference_differs",
        /// Two receipts for one intent: the payer may have paid twice.
        TwoReceipts = "two_receipts",
        /// The evidence contains both a failure and a success.
        Contradiction = "contradiction",
        /// The provider returned an unknown result code.
        UnclearResult = "unclear_result",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub state: State,
    pub receipt: Option<String>,
    pub reason: Option<FailureReason>,
    pub doubt: Option<Doubt>,
}

impl Verdict {
    fn of(state: State) -> Self {
        Self { state, receipt: None, reason: None, doubt: None }
    }
}

/// Returns the reason for which evidence does not belong to this payment. Evidence without an outcome always belongs.
pub(super) fn misfit(payment: &Payment, said: &Evidence) -> Option<Doubt> {
    let decides = match &said.claim {
        Claim::Accepted | Claim::Lost => false,
        Claim::Failed { .. } | Claim::Unclear { .. } | Claim::Succeeded { .. } => true,
    };
    if !decides {
        return None;
    }
    let mut ours = payment
        .evidence()
        .filter(|known| known.source == Source::Answer)
        .filter_map(|known| known.reference.as_deref())
        .peekable();
    let is_foreign = ours.peek().is_some()
        && said.reference.as_deref().is_some_and(|name| !ours.any(|known| known == name));
    if is_foreign {
        return Some(Doubt::ReferenceDiffers);
    }
    match &said.claim {
        Claim::Succeeded { amount: Some(amount), .. } if *amount != payment.amount => {
            Some(Doubt::AmountDiffers)
        }
        Claim::Accepted
        | Claim::Lost
        | Claim::Failed { .. }
        | Claim::Unclear { .. }
        | Claim::Succeeded { .. } => None,
    }
}

/// Success is final. A failure counts only without evidence of success. An unknown result code leads to a review and
/// moves no money. Evidence that does not belong to the payment is ignored.
pub(super) fn judge(payment: &Payment) -> Verdict {
    let facts = Facts::collect(payment);
    if !facts.fitting.is_empty() {
        return facts.paid(payment.needs_confirmation());
    }
    // If the answer to the first request was lost, the rejection of its repetition says nothing about the first one.
    if let Some((source, reason)) = facts.failure()
        && !(facts.lost && source == Source::Answer)
    {
        return Verdict { reason: Some(reason), ..Verdict::of(State::Failed) };
    }
    if facts.unclear {
        return Verdict { doubt: Some(Doubt::UnclearResult), ..Verdict::of(State::Review) };
    }
    Verdict::of(match (facts.accepted, facts.lost, payment.stage) {
        (true, _, _) => State::Pending,
        (false, true, _) => State::Unknown,
        (false, false, Stage::Screening) => State::Screening,
        (false, false, Stage::Held) => State::Held,
        (false, false, Stage::Refused) => State::Failed,
        (false, false, Stage::Ready) => State::Queued,
        (false, false, Stage::Sent) => State::Submitting,
    })
}

#[derive(Default)]
struct Facts<'a> {
    /// Successes: the source, and the receipt if it is known.
    fitting: BTreeSet<(Source, Option<&'a str>)>,
    /// Failures. The reason from the most reliable source counts.
    failures: BTreeSet<(Source, FailureReason)>,
    unclear: bool,
    accepted: bool,
    lost: bool,
}

impl<'a> Facts<'a> {
    fn collect(payment: &'a Payment) -> Self {
        let mut facts = Self::default();
        for evidence in payment.evidence().filter(|said| misfit(payment, said).is_none()) {
            facts.add(evidence);
        }
        facts
    }

    fn add(&mut self, evidence: &'a Evidence) {
        match &evidence.claim {
            Claim::Accepted => self.accepted = true,
            Claim::Lost => self.lost = true,
            Claim::Unclear { .. } => self.unclear = true,
            Claim::Failed { reason } => {
                self.failures.insert((evidence.source, *reason));
            }
            Claim::Succeeded { receipt, .. } => {
                self.fitting.insert((evidence.source, receipt.as_deref()));
            }
        }
    }

    fn failure(&self) -> Option<(Source, FailureReason)> {
        self.failures.last().copied()
    }

    /// Returns the verdict if at least one source reports success.
    fn paid(&self, needs_confirmation: bool) -> Verdict {
        let receipt = self.fitting.iter().rev().find_map(|(_, receipt)| *receipt);
        let receipt = receipt.map(str::to_owned);
        let confirmed = self.fitting.iter().any(|(source, _)| *source != Source::Callback);
        if needs_confirmation && !confirmed {
            return match self.failure() {
                Some((Source::Statement | Source::Operator, reason)) => {
                    Verdict { reason: Some(reason), ..Verdict::of(State::Failed) }
                }
                Some((Source::Answer | Source::Query | Source::Callback, _)) | None => {
                    Verdict { receipt, ..Verdict::of(State::Confirming) }
                }
            };
        }
        Verdict { receipt, doubt: self.doubt(), ..Verdict::of(State::Succeeded) }
    }

    fn doubt(&self) -> Option<Doubt> {
        let receipts: BTreeSet<&str> =
            self.fitting.iter().filter_map(|(_, receipt)| *receipt).collect();
        if receipts.len() > 1 {
            return Some(Doubt::TwoReceipts);
        }
        // A statement with the payment overrides an earlier statement without it.
        let on_statement = self.fitting.iter().any(|(source, _)| *source == Source::Statement);
        let disproved = (Source::Statement, FailureReason::NeverHappened);
        let contradicted = self.failures.iter().any(|said| !(on_statement && *said == disproved));
        contradicted.then_some(Doubt::Contradiction)
    }
}
