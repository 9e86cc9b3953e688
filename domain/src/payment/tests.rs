//! Tables for the verdict, and the property that order and duplicates of evidence do not affect it.

use super::*;
use crate::money::Currency;
use proptest::prelude::*;
use uuid::Uuid;

fn kes(minor: i64) -> Money {
    Money::new(minor, Currency::Kes).unwrap()
}

fn payment(purpose: Purpose) -> Payment {
    let mut payment = Payment::new(NewPayment {
        id: PaymentId::new(Uuid::from_u128(1)),
        provider: Provider::Mpesa,
        user: Some(UserId::new(Uuid::from_u128(2))),
        purpose,
        deal: None,
        amount: kes(152_000),
    });
    payment.stage = Stage::Sent;
    payment
}

fn says(source: Source, claim: Claim) -> Evidence {
    let reference = (source != Source::Statement).then(|| "ws_CO_1".to_owned());
    Evidence { source, claim, reference }
}

fn paid(receipt: &str, minor: i64) -> Claim {
    Claim::Succeeded { receipt: Some(receipt.to_owned()), amount: Some(kes(minor)) }
}

const PAID_BY_QUERY: Claim = Claim::Succeeded { receipt: None, amount: None };

fn failed(reason: FailureReason) -> Claim {
    Claim::Failed { reason }
}

fn check(evidence: &[Evidence], state: State, doubt: Option<Doubt>) {
    judged(payment(Purpose::FundDeal), evidence, (state, doubt));
}

fn judged(mut payment: Payment, evidence: &[Evidence], expected: (State, Option<Doubt>)) {
    for piece in evidence {
        payment.observe(piece.clone());
    }
    let verdict = payment.verdict();
    assert_eq!((verdict.state, verdict.doubt), expected, "{evidence:?}");
}

#[test]
fn the_verdict_follows_the_evidence() {
    let accepted = says(Source::Answer, Claim::Accepted);
    let lost = says(Source::Answer, Claim::Lost);
    let callback = says(Source::Callback, paid("UKL1", 152_000));
    let cancelled = says(Source::Callback, failed(FailureReason::CancelledByPayer));
    let query_paid = says(Source::Query, PAID_BY_QUERY);
    let query_failed = says(Source::Query, failed(FailureReason::NoAnswer));
    let other_receipt = says(Source::Statement, paid("UKL2", 152_000));
    let riddle = says(Source::Callback, Claim::Unclear { code: "7777".into() });

    check(&[], State::Submitting, None);
    check(std::slice::from_ref(&accepted), State::Pending, None);
    check(std::slice::from_ref(&lost), State::Unknown, None);
    check(&[lost, callback.clone()], State::Succeeded, None);
    check(&[accepted.clone(), callback.clone()], State::Succeeded, None);
    check(&[accepted.clone(), query_paid.clone(), callback.clone()], State::Succeeded, None);
    check(&[accepted.clone(), cancelled.clone()], State::Failed, None);
    check(
        &[accepted.clone(), query_failed.clone(), callback.clone()],
        State::Succeeded,
        Some(Doubt::Contradiction),
    );
    check(&[cancelled, query_paid], State::Succeeded, Some(Doubt::Contradiction));
    check(&[callback, other_receipt], State::Succeeded, Some(Doubt::TwoReceipts));
    check(&[riddle], State::Review, Some(Doubt::UnclearResult));
}

/// Evidence with another amount or reference does not affect the payment, before or after it has failed.
#[test]
fn a_misfit_never_reopens_a_failed_attempt() {
    let accepted = says(Source::Answer, Claim::Accepted);
    let cancelled = says(Source::Callback, failed(FailureReason::CancelledByPayer));
    let short = says(Source::Callback, paid("UKL1", 100));
    let right = says(Source::Callback, paid("UKL2", 152_000));
    let foreign = Evidence { reference: Some("ws_CO_2".into()), ..right.clone() };
    for misfit in [short, foreign] {
        check(&[accepted.clone(), misfit.clone()], State::Pending, None);
        check(&[accepted.clone(), cancelled.clone(), misfit.clone()], State::Failed, None);
        check(&[accepted.clone(), right.clone(), misfit], State::Succeeded, None);
    }
}

/// A statement with the payment overrides an earlier statement without it.
#[test]
fn a_statement_disproves_its_own_silence() {
    let silence = says(Source::Statement, failed(FailureReason::NeverHappened));
    let line = says(Source::Statement, paid("UKL1", 152_000));
    check(&[silence.clone(), line.clone()], State::Succeeded, None);
    let cancelled = says(Source::Query, failed(FailureReason::CancelledByPayer));
    check(&[silence, cancelled, line], State::Succeeded, Some(Doubt::Contradiction));
}

#[test]
fn a_large_credit_needs_more_than_a_callback() {
    let max = limits(Provider::Mpesa, Currency::Kes).unwrap().callback_credit_minor_max;
    let of = |minor, must_confirm| {
        let amount = kes(minor);
        Payment { amount, must_confirm, ..payment(Purpose::Deposit) }
    };
    let accepted = says(Source::Answer, Claim::Accepted);
    for (minor, must_confirm, state) in [
        (max, false, State::Succeeded),
        (max + 100, false, State::Confirming),
        (100, true, State::Confirming),
    ] {
        let callback = says(Source::Callback, paid("UKL1", minor));
        let payment = of(minor, must_confirm);
        let heard = [accepted.clone(), callback];
        judged(payment.clone(), &heard, (state, None));
        let with = |said: Evidence| [heard.as_slice(), &[said]].concat();
        let query = with(says(Source::Query, PAID_BY_QUERY));
        judged(payment.clone(), &query, (State::Succeeded, None));
        let line = with(says(Source::Statement, paid("UKL1", minor)));
        judged(payment.clone(), &line, (State::Succeeded, None));
        let late = with(says(Source::Query, failed(FailureReason::NoAnswer)));
        let doubt = (state == State::Succeeded).then_some(Doubt::Contradiction);
        judged(payment.clone(), &late, (state, doubt));
        let absent = with(says(Source::Statement, failed(FailureReason::NeverHappened)));
        let closed = if doubt.is_some() { State::Succeeded } else { State::Failed };
        judged(payment, &absent, (closed, doubt));
    }
}

/// A payout is sent again with the same id when its answer was lost. If the repetition is rejected, the money must not
/// be returned, because the first request may have been paid.
#[test]
fn a_refused_repetition_leaves_a_lost_payout_unknown() {
    let mut payout = payment(Purpose::Withdrawal);
    payout.observe(says(Source::Answer, Claim::Lost));
    payout.observe(Evidence {
        reference: None,
        ..says(Source::Answer, failed(FailureReason::Rejected))
    });
    assert_eq!(payout.state(), State::Unknown);
    assert_eq!(payout.due_of_hold(), None);
    payout.observe(says(Source::Statement, failed(FailureReason::NeverHappened)));
    assert_eq!(payout.verdict().reason, Some(FailureReason::NeverHappened));
}

#[test]
fn money_moves_only_on_a_final_verdict() {
    let kinds = |payment: &Payment| {
        payment.due_entries().unwrap().iter().map(|e| e.kind).collect::<Vec<_>>()
    };
    let success = says(Source::Callback, paid("UKL1", 152_000));
    let failure = says(Source::Callback, failed(FailureReason::RecipientInvalid));

    let mut collection = payment(Purpose::Deposit);
    assert_eq!(kinds(&collection), []);
    collection.observe(failure.clone());
    assert_eq!(kinds(&collection), []);
    collection.observe(success.clone());
    assert_eq!(kinds(&collection), [EntryKind::Deposit]);

    let mut payout = payment(Purpose::Withdrawal);
    payout.observe(says(Source::Answer, Claim::Lost));
    assert_eq!(payout.due_of_hold(), None);
    let mut returned = payout.clone();
    returned.observe(failure);
    assert_eq!(returned.due_of_hold(), Some(hold::Command::Release));
    payout.observe(success);
    let to = Account::clearing(Provider::Mpesa, Currency::Kes);
    let paid_out = hold::Command::Settle { amount: kes(152_000), to };
    assert_eq!(payout.due_of_hold(), Some(paid_out));
    assert_eq!((kinds(&returned), kinds(&payout)), (vec![], vec![]));
    assert_eq!(collection.due_of_hold(), None);
}

#[test]
fn the_receipt_of_the_highest_source_is_shown() {
    let mut payment = payment(Purpose::FundDeal);
    payment.observe(says(Source::Statement, paid("ASTATEMENT", 152_000)));
    payment.observe(says(Source::Callback, paid("ZCALLBACK", 152_000)));
    assert_eq!(payment.verdict().receipt.as_deref(), Some("ASTATEMENT"));
}

fn any_evidence() -> impl Strategy<Value = Evidence> {
    let claim = prop_oneof![
        Just(Claim::Accepted),
        Just(Claim::Lost),
        prop::sample::select(FailureReason::ALL).prop_map(failed),
        Just(Claim::Unclear { code: "7777".into() }),
        Just(PAID_BY_QUERY),
        ("[AB]", prop::sample::select(vec![152_000, 100]))
            .prop_map(|(receipt, minor)| paid(&receipt, minor)),
    ];
    let reference = prop::option::of("ws_CO_[12]");
    (prop::sample::select(Source::ALL), claim, reference)
        .prop_map(|(source, claim, reference)| Evidence { source, claim, reference })
}

proptest! {
    #[test]
    fn any_order_and_repetition_gives_the_same_payment(
        (evidence, shuffled) in prop::collection::vec(any_evidence(), 0..12)
            .prop_flat_map(|v| {
                let twice: Vec<Evidence> = v.iter().chain(&v).cloned().collect();
                (Just(v), Just(twice).prop_shuffle())
            }),
    ) {
        let (mut once, mut again) = (payment(Purpose::FundDeal), payment(Purpose::FundDeal));
        evidence.into_iter().for_each(|e| { once.observe(e); });
        shuffled.into_iter().for_each(|e| { again.observe(e); });
        prop_assert_eq!(once.verdict(), again.verdict());
        prop_assert_eq!(once, again);
    }

    #[test]
    fn a_proven_success_is_never_taken_back(evidence in prop::collection::vec(any_evidence(), 0..12)) {
        let mut payment = payment(Purpose::FundDeal);
        payment.observe(says(Source::Answer, Claim::Accepted));
        payment.observe(says(Source::Callback, paid("UKL1", 152_000)));
        // One of the references is always that of the payment.
        for piece in evidence {
            payment.observe(piece);
            prop_assert_eq!(payment.state(), State::Succeeded);
        }
    }
}

/// Operators can resolve a payment in `review` or `confirming` as paid or as not paid.
#[test]
fn a_payment_in_review_is_resolved_and_no_other() {
    let riddle = says(Source::Callback, Claim::Unclear { code: "17".into() });
    let told = Resolution::Paid { receipt: "UKL2".into() };
    for (evidence, must_confirm) in
        [(riddle, false), (says(Source::Callback, paid("UKL2", 152_000)), true)]
    {
        let mut doubtful = payment(Purpose::FundDeal);
        doubtful.must_confirm = must_confirm;
        doubtful.observe(evidence);
        let mut other = doubtful.clone();
        doubtful.observe(doubtful.resolve(&told).unwrap());
        assert_eq!(doubtful.state(), State::Succeeded);
        assert_eq!(doubtful.verdict().receipt.as_deref(), Some("UKL2"));
        assert_eq!(doubtful.resolve(&told), Err(Unresolved::State(State::Succeeded)));
        other.observe(other.resolve(&Resolution::NotPaid).unwrap());
        assert_eq!(other.state(), State::Failed);
        // The provider confirms it later.
        other.observe(says(Source::Statement, paid("UKL3", 152_000)));
        assert_eq!(other.state(), State::Succeeded);
    }
    let sent = payment(Purpose::FundDeal);
    assert_eq!(sent.resolve(&told), Err(Unresolved::State(State::Submitting)));
}

#[test]
fn a_receipt_for_another_amount_resolves_nothing() {
    let mut doubtful = payment(Purpose::FundDeal);
    doubtful.observe(says(Source::Callback, Claim::Unclear { code: "17".into() }));
    doubtful.observe(says(Source::Callback, paid("UKL1", 100)));
    let told = Resolution::Paid { receipt: "UKL1".into() };
    assert_eq!(doubtful.resolve(&told), Err(Unresolved::OtherAmount));
}

/// A return has no wallet to credit and no hold to settle. The store moves the money out of suspense once it is paid.
#[test]
fn money_that_goes_back_out_of_suspense_is_of_no_wallet() {
    let mut back = payment(Purpose::ReturnSuspense);
    back.user = None;
    assert!(back.purpose.is_payout());
    for claim in [paid("R1", 152_000), failed(FailureReason::RecipientInvalid)] {
        let mut ended = back.clone();
        ended.observe(says(Source::Callback, claim));
        assert!(ended.state().is_final());
        assert_eq!((ended.due_of_hold(), ended.due_entries()), (None, Ok(vec![])));
    }
    assert_eq!(back.collected(), Err(LedgerError::Malformed));
    let new = |purpose| {
        let Payment { id, provider, user, deal, amount, .. } = back.clone();
        Payment::new(NewPayment { id, provider, user, purpose, deal, amount }).state()
    };
    // Two operators have approved it, so it is not screened.
    assert_eq!(new(Purpose::ReturnSuspense), State::Queued);
    assert_eq!(new(Purpose::Withdrawal), State::Screening);
}
