use super::*;
use std::collections::BTreeSet;

/// Operations without authentication: before log-in, with a link, or for the provider and load balancers.
const PUBLIC: [&str; 18] = [
    "accept_invitation",
    "complete_log_in",
    "confirm_password_reset",
    "get_file",
    "get_invitation",
    "get_liveness",
    "get_readiness",
    "get_service",
    "log_in",
    "receive_collection",
    "receive_paybill_confirmation",
    "receive_paybill_validation",
    "receive_payout",
    "receive_payout_timeout",
    "refresh_session",
    "register_user",
    "send_log_in_code",
    "start_password_reset",
];

/// Operations with an idempotency key: they create something, move money or decide.
const KEYED: [&str; 34] = [
    "accept_split_offer",
    "agree_deal",
    "approve_approval",
    "approve_kyc_application",
    "award_dispute",
    "cancel_deal",
    "cancel_deal_mutually",
    "close_discrepancy",
    "create_deal",
    "create_deposit",
    "create_evidence",
    "create_fee_plan",
    "create_hold",
    "create_kyc_application",
    "create_kyc_document",
    "create_milestone_file",
    "create_organisation",
    "create_transfer",
    "create_withdrawal",
    "deliver_milestone",
    "fund_deal",
    "propose_deal",
    "refund_milestone",
    "reject_approval",
    "reject_kyc_application",
    "reject_withdrawal",
    "release_hold",
    "release_milestone",
    "release_withdrawal",
    "request_approval",
    "resolve_payment",
    "return_suspense",
    "set_role",
    "settle_hold",
];

fn parsed() -> Value {
    serde_json::from_str(&document()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (format!("{method} {path}"), operation.clone()))
    });
    operations.collect()
}

#[test]
fn every_operation_is_described_and_guarded() {
    let document = parsed();
    let mut public = BTreeSet::new();
    let mut keyed = BTreeSet::new();
    for (place, operation) in operations(&document) {
        let id = operation["operationId"].as_str().expect(&place).to_owned();
        let text = |member: &str| operation[member].as_str().unwrap_or_default().len();
        assert!(text("summary") > 5, "{id} has no summary");
        assert!(text("description") > 20, "{id} is not described");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{id}");
        if operation["security"].as_array().is_none_or(Vec::is_empty) {
            public.insert(id.clone());
        }
        for range in ["4XX", "5XX"] {
            let problem = &operation["responses"][range]["content"]["application/problem+json"];
            assert_eq!(problem["schema"]["$ref"], "#/components/schemas/Problem", "{id} {range}");
        }
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{id}");
        for (status, response) in responses {
            let description = response["description"].as_str().unwrap_or_default();
            assert!(!description.is_empty(), "{id} {status} is not described");
            assert!(response["headers"]["X-Request-Id"].is_object(), "{id} {status}");
        }
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in &parameters {
            assert!(parameter["description"].is_string(), "{id}: {}", parameter["name"]);
            if parameter["name"] == "Idempotency-Key" {
                assert_eq!(parameter["required"], true, "{id}");
                keyed.insert(id.clone());
            }
        }
        if place.contains("/operator/") {
            assert!(operation["security"][0]["operator"].is_array(), "{id}");
        }
    }
    assert_eq!(public, PUBLIC.map(str::to_owned).into());
    assert_eq!(keyed, KEYED.map(str::to_owned).into());
}

#[test]
fn it_is_a_3_1_document_without_traces_of_3_0() {
    let document = parsed();
    assert_eq!(document["openapi"], "3.1.0");
    let text = document.to_string();
    for old in [
        "\"nullable\"",
        "\"allOf\"",
        "PageOf_",
        "charset=utf-8",
        "\"webhooks\"",
        "127.0.0.1",
        "localhost",
    ] {
        assert!(!text.contains(old), "{old}");
    }
    assert_eq!(
        document["components"]["schemas"]["Deal"]["properties"]["due_at"]["type"],
        json!(["string", "null"])
    );
    assert_eq!(
        document["components"]["schemas"]["Deal"]["properties"]["payment"],
        json!({
            "anyOf": [{ "$ref": "#/components/schemas/Payment" }, { "type": "null" }],
            "description": "Your newest mobile-money payment for the deal. Payments of other users are not shown.",
        })
    );
    let amount = &document["components"]["schemas"]["PositiveMoney"]["properties"]["amount"];
    assert_eq!(amount["minimum"].to_string(), "1");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = parsed();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 10);
    for pointer in found {
        assert!(document.pointer(&pointer).is_some(), "{pointer}");
    }
}

#[test]
fn it_is_the_same_every_time() {
    let first = document();
    assert_eq!(first, document());
    assert!(first.ends_with("}\n"));
}

#[test]
fn request_bodies_are_closed() {
    let document = parsed();
    for (place, operation) in operations(&document) {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let Some(target) = schema.as_str() else { continue };
        let body = document.pointer(target.strip_prefix('#').unwrap()).unwrap();
        assert_eq!(body["additionalProperties"], false, "{place}");
    }
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["CreateMilestone"]["additionalProperties"], false);
    assert_eq!(schemas["Deal"].get("additionalProperties"), None);
}

#[test]
fn what_needs_no_token_says_so_with_an_empty_list() {
    for (place, operation) in operations(&parsed()) {
        assert!(operation["security"].is_array(), "{place}");
    }
}

#[test]
fn parameters_say_which_text_they_take() {
    for (place, operation) in operations(&parsed()) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if ["after", "Idempotency-Key"]
                .contains(&parameter["name"].as_str().unwrap_or_default())
            {
                assert!(
                    parameter["schema"]["pattern"].is_string(),
                    "{place} {}",
                    parameter["name"]
                );
            }
        }
    }
}

/// A client generated from this document must accept codes that are added later.
#[test]
fn the_set_of_problem_codes_is_open() {
    let document = parsed();
    let codes = &document["components"]["schemas"]["ProblemCode"];
    assert_eq!(codes["enum"], Value::Null);
    assert!(codes["x-extensible-enum"].as_array().is_some_and(|all| all.len() > 90));
}
