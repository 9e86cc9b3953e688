//! The committed OpenAPI document equals the served one, and is complete.

use amana_harness::App;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Operations without a token: before log-in, by a link, for the provider, or for load balancers.
pub(crate) const PUBLIC: [&str; 18] = [
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

/// Allowed verbs, the first word of an operation id.
const VERBS: [&str; 51] = [
    "accept", "add", "advance", "agree", "answer", "approve", "award", "cancel", "close",
    "complete", "confirm", "counter", "create", "delete", "deliver", "erase", "export", "extend",
    "find", "freeze", "fund", "get", "join", "list", "log", "propose", "quote", "receive",
    "refresh", "refund", "register", "reject", "release", "remove", "reopen", "replay", "request",
    "resend", "resolve", "return", "revoke", "rotate", "send", "set", "settle", "start", "step",
    "submit", "unfreeze", "update", "withdraw",
];

/// An operation of the document with its method and path.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) described: Value,
}

pub(crate) fn document() -> Value {
    serde_json::from_str(&amana_api::document()).expect("JSON")
}

pub(crate) fn operations() -> Vec<Operation> {
    let document = document();
    let mut found = vec![];
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, described) in methods.as_object().expect("methods") {
            let id = described["operationId"].as_str();
            found.push(Operation {
                id: id.unwrap_or_else(|| panic!("{method} {path} has no operationId")).to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                described: described.clone(),
            });
        }
    }
    assert!(found.len() > 25, "only {} operations", found.len());
    found
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/amana.json")
}

/// `EXPECTORATE=overwrite` rewrites the file, as `make openapi` does.
#[test]
fn document_matches_the_code() {
    expectorate::assert_contents(committed(), &amana_api::document());
}

#[test]
fn every_operation_says_what_it_is_and_how_it_fails() {
    let mut ids = BTreeSet::new();
    for Operation { id, described, .. } in operations() {
        assert!(ids.insert(id.clone()), "two operations are called {id}");
        let verb = id.split('_').next().unwrap_or_default();
        assert!(VERBS.contains(&verb) && id.contains('_'), "{id} is not called verb_resource");
        assert!(described["summary"].as_str().is_some_and(|s| s.len() > 5), "{id}: no summary");
        assert_eq!(described["tags"].as_array().map(Vec::len), Some(1), "{id}: one tag");
        for range in ["4XX", "5XX"] {
            let problem = &described["responses"][range]["content"]["application/problem+json"];
            assert_eq!(problem["schema"]["$ref"], "#/components/schemas/Problem", "{id} {range}");
        }
    }
}

#[test]
fn every_operation_needs_a_token_except_the_public_ones() {
    let open: BTreeSet<String> = operations()
        .into_iter()
        .filter(|o| o.described["security"].as_array().is_none_or(Vec::is_empty))
        .map(|o| o.id)
        .collect();
    assert_eq!(open, PUBLIC.map(str::to_owned).into());
}

/// Compares with the generated document; another test compares that with the file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_served_document_is_the_committed_one() {
    let app = App::builder().without_worker().start().await;
    let served = app.http.get(format!("{}/openapi.json", app.api_url)).send().await.unwrap();
    assert_eq!(served.status(), 200);
    assert!(served.headers()["content-type"].to_str().unwrap().starts_with("application/json"));
    assert_eq!(served.text().await.unwrap(), amana_api::document());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_shows_the_document() {
    let app = App::builder().without_worker().start().await;
    let page = app.http.get(format!("{}/docs", app.api_url)).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let headers = page.headers().clone();
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(headers.contains_key("content-security-policy"));
    let text = page.text().await.unwrap();
    assert!(text.contains("/openapi.json") || text.contains("create_deal"), "{text:.200}");
    assert!(
        text.contains("<title>Amana API</title>") && text.contains("rel=\"icon\""),
        "{text:.200}"
    );
    assert!(text.contains("\"withDefaultFonts\":false"), "the page asks for fonts from elsewhere");
}
