//! Reconciliation: compares the provider's statement with our payments.
//!
//! The matching is pure. The store turns each [`Finding`] into evidence, a suspense entry, or a discrepancy.

mod payer;

pub use payer::Payer;

use crate::id::PaymentId;
use crate::money::Money;
use crate::payment::{Claim, Evidence, FailureReason, Source, State};
use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Time that a payment may need to appear on the statement. A payment counts as missing only if the statement covers
/// this much more time.
pub const SETTLING_TIME: TimeDelta = TimeDelta::minutes(10);

/// Time after which a missing payout counts as failed. A payout may wait in the provider's queue for hours, and
/// refunded money must not be paid out later. After [`SETTLING_TIME`] it is only listed as missing.
pub const PAYOUT_SETTLING_TIME: TimeDelta = TimeDelta::hours(24);

text_enum! {
    pub enum Flow as "direction" {
        In = "in",
        Out = "out",
    }
}

text_enum! {
    /// The type of a statement line.
    pub enum Nature as "nature of a line" {
        /// A payment by or to a customer.
        Payment = "payment",
        /// A charge that the provider has kept.
        Charge = "charge",
        /// A settlement from the provider to the platform's bank.
        Settlement = "settlement",
    }
}

/// One completed line of the provider's statement. Receipt, direction and nature identify it: the charge for a payment
/// has the same receipt as the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    pub receipt: String,
    pub at: DateTime<Utc>,
    pub flow: Flow,
    pub nature: Nature,
    pub amount: Money,
    /// The account reference of a collection, or our own originator id of a payout.
    pub reference: Option<String>,
    /// The payer of a collection, if the statement contains it.
    pub payer: Option<Payer>,
    /// The provider's balance after this line, in minor units.
    pub balance_minor: Option<i64>,
}

/// Our record of a payment, reduced to the fields that matching needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Believed {
    pub payment: PaymentId,
    /// The expected reference on the statement.
    pub reference: String,
    pub flow: Flow,
    pub amount: Money,
    pub state: State,
    pub receipt: Option<String>,
    pub sent_at: DateTime<Utc>,
}

impl Believed {
    /// Returns the time until which the payment may still appear on the statement.
    fn settled_by(&self) -> Option<DateTime<Utc>> {
        self.sent_at.checked_add_signed(match self.flow {
            Flow::In => SETTLING_TIME,
            Flow::Out => PAYOUT_SETTLING_TIME,
        })
    }
}

/// The period of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

text_enum! {
    pub enum DiscrepancyKind as "kind of discrepancy" {
        /// A payment that succeeded, or a payout that was ordered, is missing on the statement.
        MissingOnStatement = "missing_on_statement",
        /// The amount on the statement differs from the payment.
        AmountDiffers = "amount_differs",
        /// Received money matches no payment; it is in suspense.
        Unclaimed = "unclaimed",
        /// Money left the provider without an order.
        UnknownPayout = "unknown_payout",
        /// A withdrawal was paid out after its money had been returned to the user.
        PaidAfterReturn = "paid_after_return",
        /// A balance differs from the sum of its postings.
        BalanceDiffers = "balance_differs",
        /// The money at the provider differs from the liabilities.
        TrustEquation = "trust_equation",
        /// An unmatched callback, or a payment with contradictory evidence.
        Review = "review",
        /// Money was moved from the provider to the platform's bank; operators should confirm it.
        Settlement = "settlement",
    }
}

impl DiscrepancyKind {
    /// Returns whether an open discrepancy of this kind stops all payouts, because money may be missing.
    #[must_use]
    pub const fn holds_payouts(self) -> bool {
        match self {
            DiscrepancyKind::MissingOnStatement | DiscrepancyKind::TrustEquation => true,
            DiscrepancyKind::AmountDiffers
            | DiscrepancyKind::Unclaimed
            | DiscrepancyKind::UnknownPayout
            | DiscrepancyKind::PaidAfterReturn
            | DiscrepancyKind::BalanceDiffers
            | DiscrepancyKind::Review
            | DiscrepancyKind::Settlement => false,
        }
    }

    /// Returns whether the discrepancy is about the books. It closes only when they are correct, not by an operator.
    #[must_use]
    pub const fn is_of_the_books(self) -> bool {
        match self {
            DiscrepancyKind::BalanceDiffers | DiscrepancyKind::TrustEquation => true,
            DiscrepancyKind::MissingOnStatement
            | DiscrepancyKind::AmountDiffers
            | DiscrepancyKind::Unclaimed
            | DiscrepancyKind::UnknownPayout
            | DiscrepancyKind::PaidAfterReturn
            | DiscrepancyKind::Review
            | DiscrepancyKind::Settlement => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// New evidence for a payment: replaces missed callbacks and resolves unknown outcomes.
    Observe {
        payment: PaymentId,
        evidence: Evidence,
    },
    /// The payment and the line agree; `evidence` is from the line.
    Matched {
        payment: PaymentId,
        evidence: Evidence,
    },
    /// A charge of the provider.
    Charge {
        line: StatementLine,
    },
    /// A settlement to the bank.
    Settled {
        line: StatementLine,
    },
    /// Received money that matches no payment.
    Unclaimed {
        line: StatementLine,
    },
    Discrepancy {
        kind: DiscrepancyKind,
        subject: String,
        detail: String,
    },
}

/// Matches by receipt and direction first, then by reference and amount. An amount alone never matches.
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

/// Our payments, indexed by receipt and by reference.
struct Known<'a> {
    by_receipt: BTreeMap<&'a str, &'a Believed>,
    by_reference: BTreeMap<(Flow, &'a str), &'a Believed>,
    /// Payments whose receipt is on the statement.
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
        // A second payment with the same reference, or a payment of another amount, is not the requested payment.
        let served = self.listed.contains(&one.payment)
            || (one.receipt.is_some() && one.sent_at < covered.from);
        (!served && one.amount == line.amount).then_some(one)
    }

    fn unowned(&self, line: &StatementLine) -> Finding {
        // `owner` has matched the same direction, so the receipt was found with the opposite direction.
        if let Some(one) = self.by_receipt.get(line.receipt.as_str()) {
            return listed(
                DiscrepancyKind::Review,
                one,
                format!("{} in the opposite direction", line.amount),
            );
        }
        match line.flow {
            Flow::In => Finding::Unclaimed { line: line.clone() },
            Flow::Out => Finding::Discrepancy {
                kind: DiscrepancyKind::UnknownPayout,
                subject: line.receipt.clone(),
                detail: format!("{} paid out without an order", line.amount),
            },
        }
    }
}

fn listed(kind: DiscrepancyKind, one: &Believed, detail: String) -> Finding {
    Finding::Discrepancy { kind, subject: one.payment.to_string(), detail }
}

/// The statement contains a receipt twice. The second line is not assigned to the payment.
fn again(one: &Believed, line: &StatementLine) -> Finding {
    let detail = format!("receipt {} occurs more than once ({})", line.receipt, line.amount);
    listed(DiscrepancyKind::Review, one, detail)
}

/// Returns the provider's balance after the newest line. Several lines can have the same second. Then the order of the
/// statement decides: portals list the newest line first, some exports list it last.
#[must_use]
pub fn closing_balance_minor(lines: &[StatementLine]) -> Option<i64> {
    let newest = lines.iter().map(|line| line.at).max()?;
    let newest_last = lines.first()?.at < lines.last()?.at;
    let mut of_that_second = lines.iter().filter(|line| line.at == newest);
    let line = if newest_last { of_that_second.next_back() } else { of_that_second.next() };
    line?.balance_minor
}

/// Returns the signed sum of payments that are booked but cannot be on a statement of this period yet. They settled
/// while the statement was created.
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
        let detail = format!("expected {ours}, on the statement {theirs} ({})", line.receipt);
        return listed(DiscrepancyKind::AmountDiffers, one, detail);
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

/// Returns the finding for a payment that should be on the statement but is missing.
fn absent(one: &Believed, covered: Period) -> Option<Finding> {
    let listed_from = one.sent_at.checked_add_signed(SETTLING_TIME)?;
    if one.sent_at < covered.from || listed_from > covered.to {
        return None;
    }
    let is_settled = one.settled_by()? <= covered.to;
    let missing = |what: &str| {
        let detail = format!("{} {what}, missing on the statement", one.amount);
        let (kind, subject) = (DiscrepancyKind::MissingOnStatement, one.payment.to_string());
        Some(Finding::Discrepancy { kind, subject, detail })
    };
    match one.state {
        State::Succeeded => missing("booked as paid"),
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
            missing("ordered as a payout")
        }
        State::Screening | State::Held | State::Queued | State::Review | State::Failed => None,
    }
}

#[cfg(test)]
mod tests;
