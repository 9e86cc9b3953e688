//! Who may call what: every operation of the document, called by nobody, a stranger and an operator.

use crate::openapi::{Operation, PUBLIC, operations};
use amana_harness::{App, DealPlan, Person};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// For everybody, without a token.
    Public,
    /// For everybody with an account; it reads or makes what is their own.
    Own,
    /// For the people whose deal or payment it is; for all others it does not exist.
    Party,
    /// For operators.
    Operator,
}

use Scope::{Operator, Own, Party, Public};

/// Every operation has a row; a new one fails the test until somebody has thought about it.
const TABLE: [(&str, Scope); ROWS] = [
    ("agree_deal", Party),
    ("approve_kyc_application", Operator),
    ("cancel_deal", Party),
    ("close_user", Operator),
    ("create_deal", Own),
    ("create_deposit", Own),
    ("create_hold", Own),
    ("create_kyc_application", Own),
    ("create_kyc_document", Party),
    ("create_kyc_document_link", Party),
    ("create_kyc_review_link", Operator),
    ("create_transfer", Own),
    ("create_withdrawal", Own),
    ("delete_kyc_document", Party),
    ("deliver_milestone", Party),
    ("fund_deal", Party),
    ("get_deal", Party),
    ("get_file", Public),
    ("get_hold", Party),
    ("get_kyc_application", Party),
    ("get_kyc_review", Operator),
    ("get_ledger_proof", Operator),
    ("get_limits", Own),
    ("get_liveness", Public),
    ("get_me", Own),
    ("get_operation", Party),
    ("get_payment", Party),
    ("get_readiness", Public),
    ("get_statement", Own),
    ("get_transaction", Party),
    ("get_user", Operator),
    ("get_wallet", Own),
    ("list_breaks", Operator),
    ("list_callbacks", Operator),
    ("list_deal_events", Party),
    ("list_deals", Own),
    ("list_held_withdrawals", Operator),
    ("list_holds", Own),
    ("list_jobs", Operator),
    ("list_kyc_applications", Own),
    ("list_kyc_reviews", Operator),
    ("list_payments", Own),
    ("list_people", Own),
    ("list_reconciliations", Operator),
    ("list_suspense", Operator),
    ("list_transactions", Own),
    ("list_withdrawals", Own),
    ("log_in", Public),
    ("propose_deal", Party),
    ("receive_collection", Public),
    ("receive_payout", Public),
    ("receive_payout_timeout", Public),
    ("refuse_withdrawal", Operator),
    ("reject_kyc_application", Operator),
    ("register_user", Public),
    ("release_hold", Party),
    ("release_milestone", Party),
    ("release_withdrawal", Operator),
    ("reopen_user", Operator),
    ("replay_job", Operator),
    ("set_handle", Own),
    ("set_tier", Operator),
    ("settle_hold", Party),
    ("start_reconciliation", Operator),
    ("submit_kyc_application", Party),
    ("withdraw_kyc_application", Party),
];
const ROWS: usize = 66;

/// A deal, a payment, a hold, an application, a job and a transaction that exist, so that a refusal is not for want of them.
struct World {
    app: App,
    stranger: Person,
    operator: Person,
    buyer: String,
    deal: String,
    milestone: String,
    payment: String,
    hold: String,
    application: String,
    document: String,
    job: String,
    transaction: String,
}

async fn world() -> World {
    let mut app = App::start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let (stranger, operator) = (app.person("Neema").await, app.operator().await);
    app.top_up(&buyer, 1_000).await;
    app.messages_are_sent().await;
    app.stop_worker().await;
    let money = json!({ "amount": 1_000, "currency": "KES" });
    let hold = json!({ "to": { "user_id": seller.id }, "amount": money, "expires_in_hours": 1 });
    let hold = app.post(&buyer, "/v1/holds", hold).await.expect(201);
    let hold = hold["id"].as_str().expect("an id").to_owned();
    let application = app.kyc_submitted(&buyer, "business").await;
    let document = app.kyc_documents(&buyer, &application).await.remove(0);
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    let payment = app.start_mpesa(&buyer, &deal).await;
    let milestone = app.milestones(&buyer, &deal).await.remove(0);
    let job = app.database.text("select replace(min(id::text), '-', '') from jobs").await;
    let job = format!("job_{}", job.expect("a job"));
    let transaction = app.given(&buyer, 100_000, app.clock.now()).await;
    let buyer = buyer.id;
    World {
        app,
        stranger,
        operator,
        buyer,
        deal,
        milestone,
        payment,
        hold,
        application,
        document,
        job,
        transaction,
    }
}

impl World {
    /// The path of an operation with the ids of what exists.
    fn path(&self, operation: &Operation) -> String {
        let mut before = "";
        let parts = operation.path.split('/').map(|part| {
            let id = match before {
                "deals" => self.deal.as_str(),
                "milestones" => &self.milestone,
                "payments" | "withdrawals" => &self.payment,
                "holds" => &self.hold,
                "applications" => &self.application,
                "documents" => &self.document,
                "files" => "nothing",
                "jobs" => &self.job,
                "operations" => "somebody-elses-key",
                "transactions" => &self.transaction,
                "users" => &self.buyer,
                "c" | "p" | "t" => "0123456789abcdef0123456789abcdef",
                _ => "",
            };
            before = part;
            if part.starts_with('{') { id } else { part }
        });
        let path = parts.collect::<Vec<_>>().join("/");
        let path = match operation.id.as_str() {
            "list_people" => format!("{path}?query=neema"),
            "create_kyc_document" => format!("{path}?kind=selfie"),
            _ => path,
        };
        assert!(!path.contains("//"), "{path}: say here what the id is");
        path
    }

    /// A body that the operation would take.
    fn body(operation: &Operation) -> Option<Value> {
        let money = json!({ "amount": 100_000, "currency": "KES" });
        operation.described["requestBody"].is_object().then(|| match operation.id.as_str() {
            "create_deal" => json!({
                "title": "Two goats", "role": "buyer", "currency": "KES",
                "counterparty": { "phone": "254711000001" },
                "milestones": [{ "title": "Goats", "amount": money }],
            }),
            "create_transfer" => {
                json!({ "to": { "phone": "254711000001" }, "amount": money })
            }
            "create_deposit" | "create_withdrawal" => json!({ "amount": money }),
            "create_hold" => json!({
                "to": { "phone": "254711000001" }, "amount": money, "expires_in_hours": 1,
            }),
            "fund_deal" => json!({ "method": "wallet" }),
            "approve_kyc_application"
            | "close_user"
            | "refuse_withdrawal"
            | "release_withdrawal"
            | "reopen_user" => json!({ "note": "looked into" }),
            "create_kyc_application" => json!({ "tier": "business" }),
            "reject_kyc_application" => json!({ "reasons": ["expired"], "note": "looked into" }),
            "set_handle" => json!({ "handle": "neema" }),
            "set_tier" => json!({ "tier": "business", "note": "looked into" }),
            _ => json!({}),
        })
    }

    async fn call(&self, operation: &Operation, token: Option<&str>) -> amana_harness::Answer {
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
        let (key, body) = (Uuid::new_v4().to_string(), Self::body(operation));
        self.app.send(method, &self.path(operation), token, Some(&key), body.as_ref()).await
    }
}

fn scope(operation: &Operation) -> Scope {
    let row = TABLE.iter().find(|(id, _)| *id == operation.id);
    row.unwrap_or_else(|| panic!("{} has no row in the access table", operation.id)).1
}

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let described: BTreeSet<String> = operations().into_iter().map(|o| o.id).collect();
    assert_eq!(described, TABLE.map(|(id, _)| id.to_owned()).into());
    let public: BTreeSet<&str> =
        TABLE.iter().filter(|(_, scope)| *scope == Public).map(|(id, _)| *id).collect();
    assert_eq!(public, PUBLIC.into());
}

/// What the operator's operations say in the document is what they do.
#[test]
fn operators_operations_are_marked_as_such() {
    for operation in operations() {
        let marked = operation.described["security"][0]["operator"].is_array();
        assert_eq!(marked, scope(&operation) == Operator, "{}", operation.id);
    }
}

/// Without a token, or with one that is none, every door but the public ones is closed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_in() {
    let world = world().await;
    let before = world.app.database.fingerprint().await;
    for operation in operations().iter().filter(|o| scope(o) != Public) {
        for token in [None, Some(""), Some("nonsense"), Some("a.b.c")] {
            let answer = world.call(operation, token).await;
            assert_eq!((answer.problem(), answer.status.as_u16()), ("unauthorized", 401));
            let challenge = answer.headers.get("www-authenticate").expect(&operation.id);
            assert_eq!(challenge, "Bearer", "{}", operation.id);
        }
    }
    assert_eq!(world.app.database.fingerprint().await, before);
}

/// Other people's deals and payments do not exist for a stranger, and operators' doors are closed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_see_and_change_nothing() {
    let world = world().await;
    let before = world.app.database.fingerprint().await;
    for operation in operations() {
        let (code, status) = match scope(&operation) {
            Public | Own => continue,
            Party => ("not_found", 404),
            Operator => ("forbidden", 403),
        };
        let answer = world.call(&operation, Some(&world.stranger.token)).await;
        let id = &operation.id;
        assert_eq!((answer.problem(), answer.status.as_u16()), (code, status), "{id}");
    }
    assert_eq!(world.app.database.fingerprint().await, before);
}

/// Lists of one's own begin empty, whatever others have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_hold_nothing_of_others() {
    let world = world().await;
    for operation in operations().iter().filter(|o| scope(o) == Own && o.id.starts_with("list_")) {
        let listed = world.call(operation, Some(&world.stranger.token)).await.expect(200);
        assert_eq!(listed, json!({ "items": [], "next_cursor": null }), "{}", operation.id);
    }
}

/// An operator may do what operators do, and is a stranger to other people's deals all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_operate_but_are_not_parties() {
    let world = world().await;
    for operation in operations() {
        let answer = world.call(&operation, Some(&world.operator.token)).await;
        let (id, status) = (&operation.id, answer.status.as_u16());
        match scope(&operation) {
            Public | Own => {}
            Party => assert_eq!(answer.problem(), "not_found", "{id}"),
            // The payment is not held, the job is not dead, the buyer has an open deal, and an application that
            // was approved is not rejected any more.
            Operator if status == 409 => {
                let expected = ["not_held", "not_dead", "account_in_use", "wrong_state"];
                assert!(expected.contains(&answer.problem()), "{id}");
            }
            Operator => assert!((200..300).contains(&status), "{id}: {:#}", answer.body),
        }
    }
    world.app.assert_sound().await;
}
