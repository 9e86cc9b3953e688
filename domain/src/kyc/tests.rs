//! Tables for every pair of state and command, and for the requirements of each tier.

use super::*;
use uuid::Uuid;

const OWNER: UserId = UserId::new(Uuid::from_u128(1));
const REVIEWER: UserId = UserId::new(Uuid::from_u128(2));

const BUSINESS: [DocumentKind; 4] = [
    DocumentKind::Passport,
    DocumentKind::Selfie,
    DocumentKind::BusinessRegistration,
    DocumentKind::ProofOfAddress,
];

fn application(state: State, shown: &[DocumentKind]) -> Application {
    let id = KycId::new(Uuid::from_u128(9));
    Application { id, owner: OWNER, tier: Tier::Business, state, shown: shown.to_vec() }
}

#[test]
fn every_state_takes_the_commands_that_fit_it() {
    use State::{Approved, Draft, Rejected, Submitted, Withdrawn};
    let reject = Command::Reject(&[Reason::Unreadable]);
    let by_owner = [Command::Attach, Command::Detach, Command::Submit, Command::Withdraw];
    let table = [
        (Draft, [Some(Draft), Some(Draft), Some(Submitted), Some(Withdrawn)], [None, None]),
        (Submitted, [None, None, None, Some(Withdrawn)], [Some(Approved), Some(Rejected)]),
        (Approved, [None; 4], [None; 2]),
        (Rejected, [None; 4], [None; 2]),
        (Withdrawn, [None; 4], [None; 2]),
    ];
    for (state, owners, reviewers) in table {
        let check = |command, actor, next: Option<State>| {
            let decided = decide(&application(state, &BUSINESS), command, actor);
            assert_eq!(decided, next.ok_or(KycRefusal::WrongState(state)), "{state} {command:?}");
        };
        by_owner.into_iter().zip(owners).for_each(|(command, next)| check(command, OWNER, next));
        let by_reviewer = [Command::Approve, reject].into_iter().zip(reviewers);
        by_reviewer.for_each(|(command, next)| check(command, REVIEWER, next));
        assert_eq!(state.is_open(), [Draft, Submitted].contains(&state));
    }
}

#[test]
fn nobody_decides_about_themselves() {
    let own = application(State::Submitted, &BUSINESS);
    for command in [Command::Approve, Command::Reject(&[Reason::Other])] {
        assert_eq!(decide(&own, command, OWNER), Err(KycRefusal::OwnApplication));
    }
}

#[test]
fn a_rejection_says_why() {
    let waiting = application(State::Submitted, &BUSINESS);
    let reject = |count| {
        let reasons = vec![Reason::Expired; count];
        decide(&waiting, Command::Reject(&reasons), REVIEWER)
    };
    assert_eq!(reject(0), Err(KycRefusal::Reasons));
    assert_eq!(reject(1), Ok(State::Rejected));
    assert_eq!(reject(REASONS_MAX), Ok(State::Rejected));
    assert_eq!(reject(REASONS_MAX + 1), Err(KycRefusal::Reasons));
}

#[test]
fn ten_documents_are_enough() {
    let attach = |count| {
        let shown = vec![DocumentKind::Selfie; count];
        decide(&application(State::Draft, &shown), Command::Attach, OWNER)
    };
    assert_eq!(attach(DOCUMENTS_MAX - 1), Ok(State::Draft));
    assert_eq!(attach(DOCUMENTS_MAX), Err(KycRefusal::TooManyDocuments));
}

#[test]
fn each_tier_needs_what_it_needs() {
    use DocumentKind::{
        BusinessRegistration, NationalIdBack, NationalIdFront, Passport, ProofOfAddress, Selfie,
    };
    let check = |tier, shown: &[DocumentKind], missing: &[Need]| {
        let draft = Application { tier, ..application(State::Draft, shown) };
        assert_eq!(draft.missing(), missing, "{tier} {shown:?}");
        let expected = match missing {
            [] => Ok(State::Submitted),
            missing => Err(KycRefusal::Missing(missing.to_vec())),
        };
        assert_eq!(decide(&draft, Command::Submit, OWNER), expected);
    };
    let (standard, business) = (Tier::Standard, Tier::Business);
    check(standard, &[], &[Need::Identity, Need::Selfie]);
    check(standard, &[Passport, Selfie], &[]);
    check(standard, &[Selfie, NationalIdBack, NationalIdFront], &[]);
    // One side of an identity card is not sufficient, and neither is the same side twice.
    check(standard, &[Selfie, NationalIdFront, NationalIdFront], &[Need::Identity]);
    check(standard, &[Selfie, NationalIdBack], &[Need::Identity]);
    check(business, &[Passport, Selfie], &[Need::BusinessRegistration, Need::ProofOfAddress]);
    check(business, &[Passport, Selfie, ProofOfAddress], &[Need::BusinessRegistration]);
    check(business, &[BusinessRegistration, Passport, Selfie, ProofOfAddress], &[]);
}

#[test]
fn what_one_has_is_not_applied_for() {
    let check = |present, standard: bool, business: bool| {
        let covered = [Tier::Standard, Tier::Business].map(|tier| tier.is_covered_by(present));
        assert_eq!(covered, [standard, business], "{present}");
    };
    check("starter", false, false);
    check("standard", true, false);
    check("business", true, true);
    // A tier that operators have added is not comparable; the reviewer decides.
    check("cooperative", false, false);
    assert_eq!(Tier::Standard.apply("business", 0), Err(KycRefusal::TierAlreadyAssigned));
    let apply = |begun| Tier::Business.apply("standard", begun);
    assert_eq!([apply(0), apply(APPLICATIONS_MAX - 1)], [Ok(()), Ok(())]);
    assert_eq!(apply(APPLICATIONS_MAX), Err(KycRefusal::TooManyApplications));
}
