use super::*;
use amana_domain::code::CodeRefusal;
use amana_domain::deal::{DealState, Refusal, Role};
use amana_domain::factor::FactorRefusal;
use amana_domain::ledger::{Account, LedgerError};
use amana_domain::money::Currency;
use amana_domain::organisation::{OrganisationRefusal, Rank};
use amana_postgres::{Conflict, Error, StoreError};
use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};
use uuid::Uuid;

async fn body(error: ApiError) -> (Response, Value) {
    let mut response = error.into_response();
    let text = response.take_body().into_string().await.unwrap();
    (response, serde_json::from_str(&text).unwrap())
}

fn check(error: impl Into<Error>, status: u16, code: &str) {
    let error = ApiError::from(error.into());
    assert_eq!((error.code.status().as_u16(), error.code.as_str()), (status, code));
}

#[test]
fn every_refusal_has_a_status_and_a_code() {
    let due_at = DateTime::UNIX_EPOCH;
    check(Error::NotFound("deal"), 404, "not_found");
    check(Refusal::WrongParty { wanted: Role::Buyer }, 403, "wrong_party");
    check(Refusal::OwnProposal, 403, "own_proposal");
    check(Refusal::WrongState { state: DealState::Draft, command: "agree" }, 409, "wrong_state");
    check(Refusal::UnknownMilestone, 404, "not_found");
    check(Refusal::TooLate { due_at }, 409, "too_late");
    check(Refusal::SameParty, 422, "same_party");
    check(CodeRefusal::Wrong, 422, "invalid_code");
    check(CodeRefusal::TooMany { wait: TimeDelta::minutes(7) }, 429, "too_many_attempts");
    check(Refusal::Amount, 422, "invalid_request");
    let account = Account::available(amana_domain::id::UserId::new(Uuid::nil()), Currency::Kes);
    check(
        LedgerError::Insufficient { account, balance_minor: 1, wanted_minor: 2 },
        422,
        "insufficient_funds",
    );
    check(LedgerError::Malformed, 500, "internal");
    check(OrganisationRefusal::Rank(Rank::Member), 403, "insufficient_role");
    check(OrganisationRefusal::LastOwner, 409, "last_owner");
    check(OrganisationRefusal::TooManyOrganisations, 409, "organisation_limit");
    check(OrganisationRefusal::TooManyMembers, 409, "member_limit");
    check(OrganisationRefusal::TooManyInvitations, 409, "invitation_limit");
    check(OrganisationRefusal::SentEnough, 409, "invitation_limit");
    check(OrganisationRefusal::TooSoon { wait: TimeDelta::minutes(1) }, 429, "invitation_too_soon");
    check(FactorRefusal::InvalidCode, 422, "invalid_code");
    check(FactorRefusal::CodeWanted, 422, "invalid_request");
    check(FactorRefusal::Locked { wait: TimeDelta::minutes(9) }, 429, "too_many_attempts");
    check(StoreError::Row("secret".into()), 500, "internal");
    check(StoreError::Connection("secret".into()), 503, "unavailable");
}

#[test]
fn a_conflict_keeps_its_own_code() {
    for conflict in Conflict::ALL {
        assert_eq!(ApiError::from(*conflict).code.as_str(), conflict.as_str());
    }
}

#[tokio::test]
async fn a_problem_is_complete_and_says_nothing_internal() {
    let error = Error::Store(StoreError::Row("password_hash of amina".into()));
    let (response, body) = body(error.into()).await;
    assert_eq!(response.content_type(), Some("application/problem+json"));
    assert_eq!(response.status(), 500);
    assert_eq!(body["status"], 500);
    assert_eq!(body["code"], "internal");
    assert_eq!(body["type"], "urn:amana:problem:internal");
    assert!(body["request_id"].is_string());
    assert!(!body.to_string().contains("amina"), "{body}");
}

#[tokio::test]
async fn wrong_places_are_named() {
    let (_, body) = body(ApiError::from(Conflict::EmailTaken)).await;
    assert_eq!(body["errors"][0]["pointer"], json!("/email"));
}

#[tokio::test]
async fn the_headers_that_belong_to_a_status_are_there() {
    let (response, _) = body(ApiError::unauthorized()).await;
    assert_eq!(response.header("WWW-Authenticate"), Some("Bearer"));
    let (response, _) = body(ApiError::unavailable()).await;
    assert_eq!(response.header("Retry-After"), Some("2"));
    let wait = TimeDelta::milliseconds(419_500);
    let (response, _) = body(Error::from(CodeRefusal::TooMany { wait }).into()).await;
    assert_eq!(response.header("Retry-After"), Some("420"));
    let locked = FactorRefusal::Locked { wait: TimeDelta::minutes(9) };
    let (response, _) = body(locked.into()).await;
    assert_eq!(response.header("Retry-After"), Some("540"));
}
