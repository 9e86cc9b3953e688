//! Reconciliation: what the provider's statement says against what we believe.
//!
//! Pure matching; the store turns each [`Finding`] into evidence, a suspense entry, or a listed break.

mod payer;

pub use payer::Payer;

use crate::id::PaymentId;
use crate::money::Money;
use crate::payment::{Claim, Evidence, FailureReason, Source, State};
use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// A payment can reach the statement a little later than its request reached the provider. Only a
/// statement that covers this much more is believed when it does not have a payment.
pub const SETTLING_TIME: TimeDelta = TimeDelta::minutes(10);

/// A payout may wait in the provider's queue for hours, and what is given back must not be paid after
/// all: it is listed after [`SETTLING_TIME`] and closed only by so long a silence.
pub const PAYOUT_SETTLING_TIME: TimeDelta = TimeDelta::hours(24);

text_enum! {
    pub enum Flow as "direction" {
        In = "in",
        Out = "out",
    }
}

text_enum! {
    /// Why a line moved money.
    pub enum Nature as "nature of a line" {
        /// Paid by or to a customer.
        Payment = "payment",
        /// Kept by the provider for its service.
        Charge = "charge",
        /// Moved from the provider to our bank.
        Settlement = "settlement",
    }
}

/// One completed line of the provider's statement. Receipt, direction and nature name it: the charge for a payment
/// has the receipt of the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    pub receipt: String,
    pub at: DateTime<Utc>,
    pub flow: Flow,
    pub nature: Nature,
    pub amount: Money,
    /// The account reference of a collection, our own originator id of a payout.
    pub reference: Option<String>,
    /// Of a collection, if the provider names its payer.
    pub payer: Option<Payer>,
    /// What the provider says it holds for us after this line, in minor units.
    pub balance_minor: Option<i64>,
}

/// What we believe of one payment, reduced to what matching needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Believed {
    pub payment: PaymentId,
    /// The reference under which the statement would show it.
    pub reference: String,
    pub flow: Flow,
    pub amount: Money,
    pub state: State,
    pub receipt: Option<String>,
    pub sent_at: DateTime<Utc>,
}

impl Believed {
    /// Until when the payment may still come to the statement.
    fn settled_by(&self) -> Option<DateTime<Utc>> {
        self.sent_at.checked_add_signed(match self.flow {
            Flow::In => SETTLING_TIME,
            Flow::Out => PAYOUT_SETTLING_TIME,
        })
    }
}

/// The stretch of time that a statement covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

text_enum! {
    pub enum BreakKind as "break" {
        /// We hold it for paid, or ordered it to be paid out; the statement should have it and does not.
        MissingOnStatement = "missing_on_statement",
        /// The statement has another amount than the intent.
        AmountDiffers = "amount_differs",
        /// Money came that fits no intent; it is in suspense.
        Unclaimed = "unclaimed",
        /// Money left that we did not order.
        UnknownPayout = "unknown_payout",
        /// Money left for a withdrawal that had been given back already.
        PaidAfterReturn = "paid_after_return",
        /// A balance is not the sum of its postings.
        BalanceDiffers = "balance_differs",
        /// What the provider holds is not what we owe.
        TrustEquation = "trust_equation",
        /// An unmatched callback or a payment whose evidence contradicts itself.
        Review = "review",
        /// Money went from the provider to our bank; two people should know of it.
        Settlement = "settlement",
    }
}

impl BreakKind {
    /// Whether no payout is sent as long as one is open: somebody may be paying out what never came.
    #[must_use]
    pub const fn holds_payouts(self) -> bool {
        match self {
            BreakKind::MissingOnStatement | BreakKind::TrustEquation => true,
            BreakKind::AmountDiffers
            | BreakKind::Unclaimed
            | BreakKind::UnknownPayout
            | BreakKind::PaidAfterReturn
            | BreakKind::BalanceDiffers
            | BreakKind::Review
            | BreakKind::Settlement => false,
        }
    }

    /// Whether it says that the books do not add up. It closes when they do, and not by somebody's word.
    #[must_use]
    pub const fn is_of_the_books(self) -> bool {
        match self {
            BreakKind::BalanceDiffers | BreakKind::TrustEquation => true,
            BreakKind::MissingOnStatement
            | BreakKind::AmountDiffers
            | BreakKind::Unclaimed
            | BreakKind::UnknownPayout
            | BreakKind::PaidAfterReturn
            | BreakKind::Review
            | BreakKind::Settlement => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Say this about that payment: it heals missed callbacks and closes unknown outcomes.
    Observe {
        payment: PaymentId,
        evidence: Evidence,
    },
    /// Both sides agree; `evidence` is what the line says.
    Matched {
        payment: PaymentId,
        evidence: Evidence,
    },
    /// The provider kept it for its service.
    Charge {
        line: StatementLine,
    },
    /// It went to our bank.
    Settled {
        line: StatementLine,
    },
    /// Money that belongs to no intent.
    Unclaimed {
        line: StatementLine,
    },
    Break {
        kind: BreakKind,
        subject: String,
        detail: String,
    },
}

/// Matches by receipt and direction first, then by reference and amount. Amounts never decide who gets money.
#[must_use]
pub fn match_statement(
    believed: &[Believed],
    lines: &[StatementLine],
    covered: Period,
) -> Vec<Finding> {
    let payments = || lines.iter().filter(|line| line.nature == Nature::Payment);
    let known = Known::of(believed, payments());
    let mut seen: BTreeSet<PaymentId> = BTreeSet::new();
    let mut findings = Vec::new();
    for line in lines {
        let finding = match line.nature {
            Nature::Charge => Finding::Charge { line: line.clone() },
            Nature::Settlement => Finding::Settled { line: line.clone() },
            Nature::Payment => match known.owner(line, covered) {
                Some(one) if seen.insert(one.payment) => compare(one, line),
                Some(one) => again(one, line),
                None => known.unowned(line),
            },
        };
        findings.push(finding);
    }
    findings.extend(
        believed.iter().filter(|b| !seen.contains(&b.payment)).filter_map(|b| absent(b, covered)),
    );
    findings
}

/// Our payments, by what a line may call them.
struct Known<'a> {
    by_receipt: BTreeMap<&'a str, &'a Believed>,
    by_reference: BTreeMap<(Flow, &'a str), &'a Believed>,
    /// Those whose own receipt is on the statement.
    listed: BTreeSet<PaymentId>,
}

impl<'a> Known<'a> {
    fn of(believed: &'a [Believed], lines: impl Iterator<Item = &'a StatementLine>) -> Self {
        let by_receipt: BTreeMap<&str, &Believed> =
            believed.iter().filter_map(|b| b.receipt.as_deref().map(|r| (r, b))).collect();
        let by_reference = believed.iter().map(|b| ((b.flow, b.reference.as_str()), b)).collect();
        let listed = lines
            .filter_map(|line| {
                let one = by_receipt.get(line.receipt.as_str())?;
                (one.flow == line.flow).then_some(one.payment)
            })
            .collect();
        Self { by_receipt, by_reference, listed }
    }

    fn owner(&self, line: &StatementLine, covered: Period) -> Option<&'a Believed> {
        if let Some(one) = self.by_receipt.get(line.receipt.as_str()) {
            return (one.flow == line.flow).then_some(*one);
        }
        let one = *self.by_reference.get(&(line.flow, line.reference.as_deref()?))?;
        // A second payment under a reference that was served already has no intent left, and another amount is not
        // what was asked for: both are payments of their own.
        let served = self.listed.contains(&one.payment)
            || (one.receipt.is_some() && one.sent_at < covered.from);
        (!served && one.amount == line.amount).then_some(one)
    }

    fn unowned(&self, line: &StatementLine) -> Finding {
        // Only the other direction of a payment of ours is left under its receipt.
        if let Some(one) = self.by_receipt.get(line.receipt.as_str()) {
            return listed(BreakKind::Review, one, format!("{} went the other way", line.amount));
        }
        match line.flow {
            Flow::In => Finding::Unclaimed { line: line.clone() },
            Flow::Out => Finding::Break {
                kind: BreakKind::UnknownPayout,
                subject: line.receipt.clone(),
                detail: format!("{} left without an order of ours", line.amount),
            },
        }
    }
}

fn listed(kind: BreakKind, one: &Believed, detail: String) -> Finding {
    Finding::Break { kind, subject: one.payment.to_string(), detail }
}

/// The statement has one receipt twice: the second time it is nobody's money.
fn again(one: &Believed, line: &StatementLine) -> Finding {
    let detail = format!("the statement has {} more than once ({})", line.receipt, line.amount);
    listed(BreakKind::Review, one, detail)
}

/// What the provider held after the newest line. Times have whole seconds, so among the lines of one
/// second their order tells: portals write the newest line first, some exports last.
#[must_use]
pub fn closing_balance_minor(lines: &[StatementLine]) -> Option<i64> {
    let newest = lines.iter().map(|line| line.at).max()?;
    let newest_last = lines.first()?.at < lines.last()?.at;
    let mut of_that_second = lines.iter().filter(|line| line.at == newest);
    let line = if newest_last { of_that_second.next_back() } else { of_that_second.next() };
    line?.balance_minor
}

/// What we have booked and a statement of this period cannot show yet, as a signed sum of what the
/// provider will hold: payments that settled while the statement was being made.
#[must_use]
pub fn in_transit_minor(believed: &[Believed], lines: &[StatementLine], covered: Period) -> i64 {
    let payments = || lines.iter().filter(|line| line.nature == Nature::Payment);
    let listed: BTreeSet<(Flow, &str)> =
        payments().map(|line| (line.flow, line.receipt.as_str())).collect();
    let shown: BTreeSet<(Flow, &str, i64)> = payments()
        .filter_map(|line| Some((line.flow, line.reference.as_deref()?, line.amount.minor())))
        .collect();
    believed
        .iter()
        .filter(|b| b.state == State::Succeeded)
        .filter(|b| {
            !b.receipt.as_deref().is_some_and(|receipt| listed.contains(&(b.flow, receipt)))
        })
        .filter(|b| !shown.contains(&(b.flow, b.reference.as_str(), b.amount.minor())))
        .filter(|b| b.settled_by().is_some_and(|by| by > covered.to))
        .fold(0i64, |sum, b| match b.flow {
            Flow::In => sum.saturating_add(b.amount.minor()),
            Flow::Out => sum.saturating_sub(b.amount.minor()),
        })
}

fn compare(one: &Believed, line: &StatementLine) -> Finding {
    if one.amount != line.amount {
        let (ours, theirs) = (one.amount, line.amount);
        let detail = format!("expected {ours}, the statement has {theirs} ({})", line.receipt);
        return listed(BreakKind::AmountDiffers, one, detail);
    }
    let evidence = Evidence {
        source: Source::Statement,
        claim: Claim::Succeeded { receipt: Some(line.receipt.clone()), amount: Some(line.amount) },
        reference: None,
    };
    let payment = one.payment;
    let settled =
        one.state == State::Succeeded && one.receipt.as_deref() == Some(line.receipt.as_str());
    if settled {
        Finding::Matched { payment, evidence }
    } else {
        Finding::Observe { payment, evidence }
    }
}

/// A payment that the statement should have by now and does not have.
fn absent(one: &Believed, covered: Period) -> Option<Finding> {
    let listed_from = one.sent_at.checked_add_signed(SETTLING_TIME)?;
    if one.sent_at < covered.from || listed_from > covered.to {
        return None;
    }
    let is_settled = one.settled_by()? <= covered.to;
    let missing = |what: &str| {
        let detail = format!("{} {what}, the statement does not have it", one.amount);
        let (kind, subject) = (BreakKind::MissingOnStatement, one.payment.to_string());
        Some(Finding::Break { kind, subject, detail })
    };
    match one.state {
        State::Succeeded => missing("is held for paid"),
        State::Unknown | State::Submitting | State::Pending | State::Confirming if is_settled => {
            Some(Finding::Observe {
                payment: one.payment,
                evidence: Evidence {
                    source: Source::Statement,
                    claim: Claim::Failed { reason: FailureReason::NeverHappened },
                    reference: None,
                },
            })
        }
        State::Unknown | State::Submitting | State::Pending | State::Confirming => {
            missing("was ordered to be paid out")
        }
        State::Screening | State::Held | State::Queued | State::Review | State::Failed => None,
    }
}

#[cfg(test)]
mod tests;
