//! The verdict about a payment, as a function of the set of its evidence.

use super::{Claim, Evidence, FailureReason, Payment, Source, Stage, State};
use crate::text_enum;
use std::collections::BTreeSet;

text_enum! {
    /// Why a person should look, even where the state is clear.
    pub enum Doubt as "doubt" {
        /// Paid, but not the amount that was asked for.
        AmountDiffers = "amount_differs",
        /// Evidence under another reference of the provider than the one it gave us.
        ReferenceDiffers = "reference_differs",
        /// Two receipts for one intent: somebody may have paid twice.
        TwoReceipts = "two_receipts",
        /// Said to have failed and to have succeeded.
        Contradiction = "contradiction",
        /// The provider used a result code that nobody has explained yet.
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

/// A proven success is never taken back; a failure holds only while nothing says otherwise; what
/// cannot be read is looked into by a person and moves no money.
pub(super) fn judge(payment: &Payment) -> Verdict {
    let facts = Facts::collect(payment);
    if !facts.fitting.is_empty() {
        return facts.success();
    }
    // Two members of staff have looked at what does not fit, and it was not this payment.
    let is_resolved = facts.failure.is_some_and(|(source, _)| source == Source::Operator);
    if let Some(doubt) = facts.misfit
        && !is_resolved
    {
        return Verdict { doubt: Some(doubt), ..Verdict::of(State::Review) };
    }
    // The refusal of a repetition says nothing of the first request, whose answer was lost.
    if let Some((source, reason)) = facts.failure
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
    /// Successes that fit the intent: the source and the receipt, where one was told.
    fitting: BTreeSet<(Source, Option<&'a str>)>,
    misfit: Option<Doubt>,
    failure: Option<(Source, FailureReason)>,
    unclear: bool,
    accepted: bool,
    lost: bool,
}

impl<'a> Facts<'a> {
    fn collect(payment: &'a Payment) -> Self {
        let ours: BTreeSet<&str> = payment
            .evidence()
            .filter(|e| e.source == Source::Answer)
            .filter_map(|e| e.reference.as_deref())
            .collect();
        let mut facts = Self::default();
        for evidence in payment.evidence() {
            facts.add(payment, evidence, &ours);
        }
        facts
    }

    fn add(&mut self, payment: &Payment, evidence: &'a Evidence, ours: &BTreeSet<&str>) {
        let foreign =
            !ours.is_empty() && evidence.reference.as_deref().is_some_and(|r| !ours.contains(r));
        match &evidence.claim {
            Claim::Accepted => self.accepted = true,
            Claim::Lost => self.lost = true,
            _ if foreign => self.misfit = self.misfit.max(Some(Doubt::ReferenceDiffers)),
            Claim::Unclear { .. } => self.unclear = true,
            // The believed reason is the one from the highest source; the set orders the rest.
            Claim::Failed { reason } => {
                self.failure = self.failure.max(Some((evidence.source, *reason)))
            }
            Claim::Succeeded { amount: Some(amount), .. } if *amount != payment.amount => {
                self.misfit = self.misfit.max(Some(Doubt::AmountDiffers));
            }
            Claim::Succeeded { receipt, .. } => {
                self.fitting.insert((evidence.source, receipt.as_deref()));
            }
        }
    }

    fn success(&self) -> Verdict {
        let receipts: BTreeSet<&str> =
            self.fitting.iter().filter_map(|(_, receipt)| *receipt).collect();
        let believed = self.fitting.iter().rev().find_map(|(_, receipt)| *receipt);
        let doubt = if receipts.len() > 1 {
            Some(Doubt::TwoReceipts)
        } else if self.failure.is_some() {
            Some(Doubt::Contradiction)
        } else {
            self.misfit
        };
        Verdict { receipt: believed.map(str::to_owned), doubt, ..Verdict::of(State::Succeeded) }
    }
}
