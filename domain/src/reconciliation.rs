//! Reconciliation: what the provider's statement says against what we believe.
//!
//! Pure matching; the store turns each [`Finding`] into evidence, a suspense entry, or a listed break.

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

/// One completed line of the provider's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    pub receipt: String,
    pub at: DateTime<Utc>,
    pub flow: Flow,
    pub amount: Money,
    /// The account reference of a collection, our own originator id of a payout.
    pub reference: Option<String>,
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
    }
}

impl BreakKind {
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
            | BreakKind::Review => false,
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
    /// Both sides agree.
    Matched {
        payment: PaymentId,
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

/// Matches by receipt first, then by reference. Amounts never decide who gets money.
#[must_use]
pub fn match_statement(
    believed: &[Believed],
    lines: &[StatementLine],
    covered: Period,
) -> Vec<Finding> {
    let by_receipt: BTreeMap<&str, &Believed> =
        believed.iter().filter_map(|b| b.receipt.as_deref().map(|r| (r, b))).collect();
    let by_reference: BTreeMap<(Flow, &str), &Believed> =
        believed.iter().map(|b| ((b.flow, b.reference.as_str()), b)).collect();
    let settled: BTreeSet<PaymentId> = lines
        .iter()
        .filter_map(|line| by_receipt.get(line.receipt.as_str()))
        .map(|one| one.payment)
        .collect();
    let mut seen: BTreeSet<PaymentId> = BTreeSet::new();
    let mut findings = Vec::new();
    for line in lines {
        let owner = by_receipt.get(line.receipt.as_str()).or_else(|| {
            let reference = line.reference.as_deref()?;
            by_reference.get(&(line.flow, reference)).filter(|one| !settled.contains(&one.payment))
        });
        match owner {
            // A second payment under a reference that was served already has no intent left.
            Some(one) if seen.contains(&one.payment) => findings.extend(unowned(line)),
            Some(one) => {
                seen.insert(one.payment);
                findings.extend(compare(one, line));
            }
            None => findings.extend(unowned(line)),
        }
    }
    findings.extend(
        believed.iter().filter(|b| !seen.contains(&b.payment)).filter_map(|b| absent(b, covered)),
    );
    findings
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
    let listed: BTreeSet<&str> = lines.iter().map(|line| line.receipt.as_str()).collect();
    let shown: BTreeSet<(Flow, &str)> =
        lines.iter().filter_map(|line| line.reference.as_deref().map(|r| (line.flow, r))).collect();
    believed
        .iter()
        .filter(|b| b.state == State::Succeeded)
        .filter(|b| !b.receipt.as_deref().is_some_and(|receipt| listed.contains(receipt)))
        .filter(|b| !shown.contains(&(b.flow, b.reference.as_str())))
        .filter(|b| b.settled_by().is_some_and(|by| by > covered.to))
        .fold(0i64, |sum, b| match b.flow {
            Flow::In => sum.saturating_add(b.amount.minor()),
            Flow::Out => sum.saturating_sub(b.amount.minor()),
        })
}

fn compare(one: &Believed, line: &StatementLine) -> Vec<Finding> {
    let evidence = Evidence {
        source: Source::Statement,
        claim: Claim::Succeeded { receipt: Some(line.receipt.clone()), amount: Some(line.amount) },
        reference: None,
    };
    let settled =
        one.state == State::Succeeded && one.receipt.as_deref() == Some(line.receipt.as_str());
    if settled && one.amount == line.amount {
        return vec![Finding::Matched { payment: one.payment }];
    }
    let mut findings = vec![Finding::Observe { payment: one.payment, evidence }];
    if one.amount != line.amount {
        findings.push(Finding::Break {
            kind: BreakKind::AmountDiffers,
            subject: one.payment.to_string(),
            detail: format!(
                "expected {}, the statement has {} ({})",
                one.amount, line.amount, line.receipt
            ),
        });
        if line.flow == Flow::In {
            findings.push(Finding::Unclaimed { line: line.clone() });
        }
    }
    findings
}

fn unowned(line: &StatementLine) -> Vec<Finding> {
    match line.flow {
        Flow::In => vec![Finding::Unclaimed { line: line.clone() }],
        Flow::Out => vec![Finding::Break {
            kind: BreakKind::UnknownPayout,
            subject: line.receipt.clone(),
            detail: format!("{} left without an order of ours", line.amount),
        }],
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
        State::Unknown | State::Submitting | State::Pending if is_settled => {
            Some(Finding::Observe {
                payment: one.payment,
                evidence: Evidence {
                    source: Source::Statement,
                    claim: Claim::Failed { reason: FailureReason::NeverHappened },
                    reference: None,
                },
            })
        }
        State::Unknown | State::Submitting | State::Pending => {
            missing("was ordered to be paid out")
        }
        State::Screening | State::Held | State::Queued | State::Review | State::Failed => None,
    }
}

#[cfg(test)]
mod tests;
