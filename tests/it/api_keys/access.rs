//! Scopes of keys: every operation of the document, with the right scope and with all others.

use crate::access::{Scope as Whose, World, scope as whose, world};
use crate::openapi::{Operation, operations};
use amana_domain::api_key::Scope;
use amana_harness::Key;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Scope that a key needs for each operation. Operations without a row are closed to keys. A new
/// operation that accepts keys fails the tests until it has a row.
const TABLE: [(&str, Scope); 49] = [
    ("accept_split_offer", Scope::DealsWrite),
    ("agree_deal", Scope::DealsWrite),
    ("answer_dispute", Scope::DealsWrite),
    ("cancel_deal", Scope::DealsWrite),
    ("cancel_deal_mutually", Scope::DealsWrite),
    ("counter_deal", Scope::DealsWrite),
    ("create_deal", Scope::DealsWrite),
    ("create_deposit", Scope::PaymentsWrite),
    ("create_dispute", Scope::DealsWrite),
    ("create_evidence", Scope::DealsWrite),
    ("create_evidence_link", Scope::DealsRead),
    ("create_hold", Scope::HoldsWrite),
    ("create_milestone_file", Scope::DealsWrite),
    ("create_milestone_file_link", Scope::DealsRead),
    ("create_split_offer", Scope::DealsWrite),
    ("create_transfer", Scope::TransfersWrite),
    ("create_withdrawal", Scope::PaymentsWrite),
    ("deliver_milestone", Scope::DealsWrite),
    ("extend_deadline", Scope::DealsWrite),
    ("fund_deal", Scope::DealsWrite),
    ("get_agreement", Scope::DealsRead),
    ("get_deal", Scope::DealsRead),
    ("get_deal_templates", Scope::DealsRead),
    ("get_hold", Scope::HoldsRead),
    ("get_limits", Scope::WalletRead),
    ("get_operation", Scope::OperationsRead),
    ("get_payment", Scope::PaymentsRead),
    ("get_statement", Scope::WalletRead),
    ("get_transaction", Scope::WalletRead),
    ("get_wallet", Scope::WalletRead),
    ("list_deal_events", Scope::DealsRead),
    ("list_deal_revisions", Scope::DealsRead),
    ("list_deals", Scope::DealsRead),
    ("list_disputes", Scope::DealsRead),
    ("list_holds", Scope::HoldsRead),
    ("list_organisation_deals", Scope::DealsRead),
    ("list_payments", Scope::PaymentsRead),
    ("list_people", Scope::PeopleRead),
    ("list_transactions", Scope::WalletRead),
    ("list_withdrawals", Scope::PaymentsRead),
    ("add_payer", Scope::DealsWrite),
    ("propose_deal", Scope::DealsWrite),
    ("refund_milestone", Scope::DealsWrite),
    ("reject_milestone", Scope::DealsWrite),
    ("quote_deal", Scope::DealsRead),
    ("resend_deal_invitation", Scope::DealsWrite),
    ("release_hold", Scope::HoldsWrite),
    ("release_milestone", Scope::DealsWrite),
    ("settle_hold", Scope::HoldsWrite),
];

pub(super) fn needed(operation: &Operation) -> Option<Scope> {
    TABLE.iter().find(|(id, _)| *id == operation.id).map(|(_, scope)| *scope)
}

pub(super) fn texts(fits: impl Fn(Scope) -> bool) -> Vec<&'static str> {
    Scope::ALL.iter().filter(|scope| fits(**scope)).map(|scope| scope.as_str()).collect()
}

#[test]
fn the_document_names_the_scope_of_every_operation_that_takes_keys() {
    for operation in operations() {
        let ways = operation.described["security"].as_array().cloned().unwrap_or_default();
        let of_keys: Vec<&Value> = ways.iter().filter_map(|way| way.get("api_key")).collect();
        let description = operation.described["description"].as_str().unwrap_or_default();
        match needed(&operation) {
            Some(scope) => {
                assert_eq!(of_keys, [&json!([scope.as_str()])], "{}", operation.id);
                assert!(ways.contains(&json!({ "bearer": [] })), "{}", operation.id);
                let said = format!("An API key needs the scope `{scope}`.");
                assert!(description.ends_with(&said), "{}", operation.id);
            }
            None => assert!(of_keys.is_empty(), "{} has no row in the table", operation.id),
        }
    }
    let document = crate::openapi::document();
    assert_eq!(document["components"]["securitySchemes"]["api_key"]["scheme"], "bearer");
}

#[test]
fn every_scope_is_needed_somewhere_and_every_row_is_an_operation() {
    let scopes: BTreeSet<Scope> = TABLE.into_iter().map(|(_, scope)| scope).collect();
    assert_eq!(scopes, Scope::ALL.iter().copied().collect());
    let ids: BTreeSet<String> = operations().into_iter().map(|operation| operation.id).collect();
    assert!(TABLE.iter().all(|(id, _)| ids.contains(*id)));
}

/// Returns the database's content without the last use of keys.
async fn unchanged(world: &World) -> BTreeMap<String, String> {
    let mut tables = world.app.database.fingerprint().await;
    tables.remove("api_keys");
    tables
}

/// With its scope alone an operation is answered as it is to the person; with all others it is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_reaches_as_far_as_its_scopes() {
    let world = world().await;
    let (app, stranger) = (&world.app, &world.stranger);
    for scope in Scope::ALL {
        let only = app.key(stranger, &texts(|one| one == *scope)).await;
        let others = app.key(stranger, &texts(|one| one != *scope)).await;
        for operation in operations().iter().filter(|o| needed(o) == Some(*scope)) {
            let (id, before) = (&operation.id, unchanged(&world).await);
            let answer = world.call(operation, Some(&others.secret)).await;
            assert_eq!(
                (answer.problem(), answer.status.as_u16()),
                ("insufficient_scope", 403),
                "{id}"
            );
            let detail = answer.body["detail"].as_str().expect("words");
            assert!(detail.contains(&format!("`{scope}`")), "{id}: {detail}");
            assert_eq!(unchanged(&world).await, before, "{id}");
            let answer = world.call(operation, Some(&only.secret)).await;
            match whose(operation) {
                Whose::Own => {
                    let status = answer.status.as_u16();
                    let is_let_in = status < 500 && ![401, 403, 404].contains(&status);
                    assert!(is_let_in, "{id}: {:#}", answer.body);
                }
                // For a stranger's key, other users' deals and payments do not exist either.
                Whose::Party => assert_eq!(answer.problem(), "not_found", "{id}"),
                Whose::Public | Whose::Staff(..) => {
                    panic!("{id} is public or for staff, but accepts keys")
                }
            }
        }
        for key in [only, others] {
            app.delete(stranger, &format!("/v1/api-keys/{}", key.id)).await;
        }
    }
    app.assert_sound().await;
}

/// Keys with every scope cannot call other operations, not even a staff member's key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_other_operations_are_for_people_only() {
    let world = world().await;
    let all = texts(|_| true);
    let keys: [Key; 2] =
        [world.app.key(&world.stranger, &all).await, world.app.key(&world.operator, &all).await];
    let before = unchanged(&world).await;
    let mut tried = 0;
    for operation in operations() {
        if needed(&operation).is_some() || whose(&operation) == Whose::Public {
            continue;
        }
        tried += 1;
        for key in &keys {
            let answer = world.call(&operation, Some(&key.secret)).await;
            let found = (answer.problem(), answer.status.as_u16());
            assert_eq!(found, ("session_required", 403), "{}", operation.id);
            let answer = world.call(&operation, Some(&key.secret[..60])).await;
            let found = (answer.problem(), answer.status.as_u16());
            assert_eq!(found, ("unauthorized", 401), "{}", operation.id);
        }
    }
    assert!(tried > 40, "only {tried} operations");
    assert_eq!(unchanged(&world).await, before);
}
