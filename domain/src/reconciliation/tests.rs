//! Tables of the findings for a statement.

use super::*;
use crate::money::Currency;
use uuid::Uuid;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(minute * 60, 0).unwrap()
}

fn kes(minor: i64) -> Money {
    Money::new(minor, Currency::Kes).unwrap()
}

fn believed(n: u128, state: State, receipt: Option<&str>) -> Believed {
    Believed {
        payment: PaymentId::new(Uuid::from_u128(n)),
        reference: format!("REF{n}"),
        flow: Flow::In,
        amount: kes(1_000),
        state,
        receipt: receipt.map(str::to_owned),
        sent_at: at(5),
    }
}

fn line(receipt: &str, reference: &str, minor: i64) -> StatementLine {
    StatementLine {
        receipt: receipt.into(),
        at: at(6),
        flow: Flow::In,
        nature: Nature::Payment,
        amount: kes(minor),
        reference: Some(reference.into()),
        payer: None,
        balance_minor: None,
    }
}

fn matched(one: &Believed) -> Finding {
    let receipt = one.receipt.clone();
    let claim = Claim::Succeeded { receipt, amount: Some(one.amount) };
    let evidence = Evidence { source: Source::Statement, claim, reference: None };
    Finding::Matched { payment: one.payment, evidence }
}

fn find(believed: &[Believed], lines: &[StatementLine]) -> Vec<Finding> {
    match_statement(believed, lines, Period { from: at(0), to: at(60) })
}

#[test]
fn a_settled_payment_matches() {
    let one = believed(1, State::Succeeded, Some("R1"));
    assert_eq!(find(std::slice::from_ref(&one), &[line("R1", "REF1", 1_000)]), [matched(&one)]);
}

#[test]
fn a_missed_callback_is_healed_by_its_reference() {
    for state in [State::Pending, State::Unknown, State::Failed, State::Submitting] {
        let found = find(&[believed(1, state, None)], &[line("R1", "REF1", 1_000)]);
        assert!(
            matches!(
                found.as_slice(),
                [Finding::Observe {
                    evidence: Evidence { claim: Claim::Succeeded { .. }, .. },
                    ..
                }]
            ),
            "{found:?}"
        );
    }
}

#[test]
fn money_without_an_intent_is_unclaimed() {
    let stranger = line("R9", "NOBODY", 500);
    assert_eq!(find(&[], std::slice::from_ref(&stranger)), [Finding::Unclaimed { line: stranger }]);
}

#[test]
fn a_second_payment_under_one_reference_is_unclaimed() {
    let one = believed(1, State::Succeeded, Some("R1"));
    let found =
        find(std::slice::from_ref(&one), &[line("R2", "REF1", 1_000), line("R1", "REF1", 1_000)]);
    let second = line("R2", "REF1", 1_000);
    assert_eq!(found, [Finding::Unclaimed { line: second }, matched(&one)]);
}

#[test]
fn the_closing_balance_is_the_last_one_also_within_a_second() {
    let with = |minute, balance| StatementLine {
        at: at(minute),
        balance_minor: Some(balance),
        ..line("R", "REF", 1)
    };
    let newest_first = [with(2, 30), with(2, 20), with(1, 10)];
    let mut newest_last = newest_first.clone();
    newest_last.reverse();
    assert_eq!(closing_balance_minor(&newest_first), Some(30));
    assert_eq!(closing_balance_minor(&newest_last), Some(30));
    assert_eq!(closing_balance_minor(&newest_first[..2]), Some(30));
    assert_eq!(closing_balance_minor(&[]), None);
}

#[test]
fn silence_of_the_statement_closes_what_is_unknown_and_questions_what_is_paid() {
    let unknown = find(&[believed(1, State::Unknown, None)], &[]);
    assert!(matches!(
        unknown.as_slice(),
        [Finding::Observe { evidence: Evidence { claim: Claim::Failed { .. }, .. }, .. }]
    ));
    let paid = find(&[believed(1, State::Succeeded, Some("R1"))], &[]);
    assert!(matches!(
        paid.as_slice(),
        [Finding::Discrepancy { kind: DiscrepancyKind::MissingOnStatement, .. }]
    ));
    let fresh = Believed { sent_at: at(55), ..believed(1, State::Unknown, None) };
    assert_eq!(find(&[fresh], &[]), []);
}

#[test]
fn a_payout_is_listed_soon_and_given_back_only_after_a_day() {
    let payout = Believed { flow: Flow::Out, ..believed(1, State::Pending, None) };
    let after = |minutes: i64| {
        let covered = Period { from: at(0), to: at(5 + minutes) };
        match_statement(std::slice::from_ref(&payout), &[], covered)
    };
    assert_eq!(after(9), []);
    for minutes in [10, 24 * 60 - 1] {
        let found = after(minutes);
        let [Finding::Discrepancy { kind, .. }] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(*kind, DiscrepancyKind::MissingOnStatement);
    }
    let closed = after(24 * 60);
    assert!(matches!(closed.as_slice(), [Finding::Observe { .. }]), "{closed:?}");
}

#[test]
fn what_settled_after_the_statement_is_in_transit() {
    let late = Believed { sent_at: at(58), ..believed(1, State::Succeeded, Some("R1")) };
    let old = Believed { sent_at: at(5), ..believed(2, State::Succeeded, Some("R2")) };
    let out =
        Believed { sent_at: at(58), flow: Flow::Out, ..believed(3, State::Succeeded, Some("R3")) };
    let covered = Period { from: at(0), to: at(60) };
    assert_eq!(in_transit_minor(&[late.clone(), old.clone()], &[], covered), 1_000);
    assert_eq!(in_transit_minor(&[late.clone(), out], &[], covered), 0);
    assert_eq!(in_transit_minor(&[late, old], &[line("R1", "REF1", 1_000)], covered), 0);
}

/// A payment of KES 9 with the reference of a request for KES 10 does not fulfil the request.
#[test]
fn another_amount_under_a_reference_is_a_payment_of_its_own() {
    let short = line("R1", "REF1", 900);
    for state in [State::Pending, State::Failed, State::Unknown] {
        let found = find(&[believed(1, state, None)], std::slice::from_ref(&short));
        assert_eq!(found.first(), Some(&Finding::Unclaimed { line: short.clone() }), "{state}");
    }
    let late = Believed { sent_at: at(58), ..believed(1, State::Succeeded, Some("R2")) };
    let covered = Period { from: at(0), to: at(60) };
    assert_eq!(in_transit_minor(&[late], &[short], covered), 1_000, "it hides no other payment");
}

#[test]
fn a_settled_payment_with_another_amount_on_the_statement_is_no_money_in_suspense() {
    let one = believed(1, State::Succeeded, Some("R1"));
    let found = find(std::slice::from_ref(&one), &[line("R1", "REF1", 900)]);
    let [Finding::Discrepancy { kind, subject, .. }] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!((*kind, subject), (DiscrepancyKind::AmountDiffers, &one.payment.to_string()));
}

/// The charge for a payment has the same receipt as the payment, but is a finding of its own.
#[test]
fn two_rows_with_one_receipt_are_a_payment_and_its_charge() {
    let one = believed(1, State::Succeeded, Some("R1"));
    let charge = StatementLine {
        flow: Flow::Out,
        nature: Nature::Charge,
        reference: None,
        ..line("R1", "", 23)
    };
    for lines in
        [[charge.clone(), line("R1", "REF1", 1_000)], [line("R1", "REF1", 1_000), charge.clone()]]
    {
        let found = find(std::slice::from_ref(&one), &lines);
        assert_eq!(found.len(), 2);
        assert!(found.contains(&Finding::Charge { line: charge.clone() }), "{found:?}");
        assert!(found.contains(&matched(&one)), "{found:?}");
    }
}

#[test]
fn a_row_under_the_receipt_of_a_payment_is_never_nobodys_money() {
    let one = believed(1, State::Succeeded, Some("R1"));
    let twice = find(std::slice::from_ref(&one), &[line("R1", "REF1", 1_000), line("R1", "X", 1)]);
    let payout = Believed { flow: Flow::Out, ..one };
    let back = find(&[payout], &[line("R1", "REF1", 1_000)]);
    for found in [&twice, &back] {
        let unclaimed = found.iter().any(|one| matches!(one, Finding::Unclaimed { .. }));
        let listed = |one: &Finding| {
            matches!(one, Finding::Discrepancy { kind: DiscrepancyKind::Review, .. })
        };
        assert!(!unclaimed && found.iter().any(listed), "{found:?}");
    }
}

#[test]
fn money_that_went_to_the_bank_is_not_a_payout_of_nobodys() {
    let settled =
        StatementLine { flow: Flow::Out, nature: Nature::Settlement, ..line("R7", "", 50_000) };
    assert_eq!(find(&[], std::slice::from_ref(&settled)), [Finding::Settled { line: settled }]);
}
