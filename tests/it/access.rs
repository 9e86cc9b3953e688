//! Permissions of every operation: without a token, as a stranger and in every staff role.

mod networks;
mod table;

pub(crate) use table::Scope;

use crate::openapi::{Operation, PUBLIC, operations};
use amana_domain::money::{Currency, Money};
use amana_domain::permission::{Circumstances, UserRole, permit};
use amana_harness::{App, DealPlan, PNG, Person};
use chrono::{TimeDelta, Timelike};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use table::Scope::{Own, Party, Public, Staff};
use table::TABLE;
use uuid::Uuid;

/// One existing object of each kind, so that a refusal is never caused by a missing object.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) stranger: Person,
    pub(crate) operator: Person,
    buyer: String,
    pub(crate) deal: String,
    pub(crate) milestone: String,
    payment: String,
    hold: String,
    application: String,
    document: String,
    approval: String,
    job: String,
    transaction: String,
    session: String,
    organisation: String,
    invitation: String,
    device: String,
    key: String,
    dispute: String,
    evidence: String,
    discrepancy: String,
}

/// Receipt of money in suspense whose payer the statement does not name.
const RECEIPT: &str = "UKL7NOBODY";

/// Creates a discrepancy that concerns no user.
async fn discrepancy(app: &App) -> String {
    let id = Uuid::now_v7().simple();
    let row = format!(
        "insert into breaks (id, kind, subject, detail, opened_at, last_seen_at)
        values ('{id}', 'unknown_payout', '{RECEIPT}', 'by hand', now(), now());
        insert into suspense_items (provider, receipt, amount_minor, currency, paid_at, found_at)
        values ('mpesa', '{RECEIPT}', 1000, 'KES', now(), now())"
    );
    app.database.execute(&row).await;
    format!("dsc_{id}")
}

pub(crate) async fn world() -> World {
    let mut app = App::start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let (stranger, operator) = (app.person("Neema").await, app.operator().await);
    app.top_up(&buyer, 1_000).await;
    let organisation = app.organisation(&buyer, "Soko").await;
    let invitation = app.invite(&buyer, &organisation, "guest@example.com", "member").await;
    let plan = DealPlan { milestones: vec![10_000], fee_payer: "seller" };
    let disputed = app.disputed_between(buyer.clone(), seller.clone(), &plan).await;
    app.answer_dispute(&disputed).await;
    let evidence = app.upload(&buyer, &disputed.below("evidence"), "evidence", PNG.to_vec()).await;
    let evidence = evidence.expect(201)["id"].as_str().expect("an id").to_owned();
    let dispute = disputed.dispute;
    app.messages_are_sent().await;
    app.stop_worker().await;
    let money = json!({ "amount": 1_000, "currency": "KES" });
    let hold = json!({ "to": { "user_id": seller.id }, "amount": money, "expires_in_hours": 1 });
    let hold = app.post(&buyer, "/v1/holds", hold).await.expect(201);
    let hold = hold["id"].as_str().expect("an id").to_owned();
    let application = app.kyc_submitted(&buyer, "business").await;
    let document = app.kyc_documents(&buyer, &application).await.remove(0);
    let asker = app.staff(UserRole::Admin).await;
    let wanted = json!({ "kind": "set_tier", "tier": "business" });
    let approval = app.asked(&asker, &buyer, wanted).await;
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    let payment = app.start_mpesa(&buyer, &deal).await;
    let milestone = app.milestones(&buyer, &deal).await.remove(0);
    let job = app.database.text("select replace(min(id::text), '-', '') from jobs").await;
    let job = format!("job_{}", job.expect("a job"));
    let transaction = app.given(&buyer, 100_000, app.clock.now()).await;
    let session = app.open_session(&buyer.email).await;
    let session = session["session_id"].as_str().expect("an id").to_owned();
    let device = app.trusted_device(&buyer).await;
    let key = app.key(&buyer, &["wallet:read"]).await.id;
    let buyer = buyer.id;
    let discrepancy = discrepancy(&app).await;
    app.step_up(&operator).await;
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
        approval,
        job,
        transaction,
        session,
        organisation,
        invitation,
        device,
        key,
        dispute,
        evidence,
        discrepancy,
    }
}

impl World {
    /// Returns the path of an operation with the ids of existing objects.
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
                "approvals" => &self.approval,
                // The id is a document, or evidence if the path belongs to a milestone.
                "files" if operation.path.contains("/milestones/") => &self.evidence,
                "files" => "nothing",
                "disputes" => &self.dispute,
                "discrepancies" => &self.discrepancy,
                "evidence" => &self.evidence,
                "jobs" => &self.job,
                "sessions" => &self.session,
                "trusted-devices" => &self.device,
                "api-keys" => &self.key,
                "operations" => "somebody-elses-key",
                "transactions" => &self.transaction,
                "suspense" => "mpesa",
                "{provider}" => RECEIPT,
                "users" | "members" => &self.buyer,
                "organisations" => &self.organisation,
                "invitations" => &self.invitation,
                "c" | "p" | "t" | "b" | "v" => "0123456789abcdef0123456789abcdef",
                _ => "",
            };
            before = part;
            if part.starts_with('{') { id } else { part }
        });
        let path = parts.collect::<Vec<_>>().join("/");
        let path = match operation.id.as_str() {
            "list_people" | "find_users" => format!("{path}?query=neema"),
            "create_kyc_document" => format!("{path}?kind=selfie"),
            _ => path,
        };
        assert!(!path.contains("//"), "{path}: add the id of this path to this function");
        path
    }

    /// Returns a body that the operation accepts.
    fn body(&self, operation: &Operation) -> Option<Value> {
        let money = json!({ "amount": 100_000, "currency": "KES" });
        operation.described["requestBody"].is_object().then(|| match operation.id.as_str() {
            "create_deal" => json!({
                "title": "Two goats", "role": "buyer", "currency": "KES",
                "counterparty": { "phone": "254711000001" },
                "milestones": [{ "title": "Goats", "amount": money }],
            }),
            "counter_deal" => json!({
                "title": "Two goats", "milestones": [{ "title": "Goats", "amount": money }],
            }),
            "quote_deal" => json!({ "amounts": [money] }),
            "join_deal" => json!({ "code": "nonsense" }),
            "create_fee_plan" => json!({
                "currency": "KES", "percentage_bps": 150, "fixed_minor": 0, "note": "looked into",
            }),
            "resolve_payment" => json!({ "paid": false, "note": "looked into" }),
            "return_suspense" => json!({ "note": "looked into" }),
            "create_api_key" => {
                json!({ "name": "Shop", "scopes": ["wallet:read"], "expires_in_days": 1 })
            }
            "create_transfer" => {
                json!({ "to": { "phone": "254711000001" }, "amount": money })
            }
            "create_deposit" | "create_withdrawal" => json!({ "amount": money }),
            "create_hold" => json!({
                "to": { "phone": "254711000001" }, "amount": money, "expires_in_hours": 1,
            }),
            "agree_deal" => json!({ "revision": 1 }),
            "fund_deal" => json!({ "method": "wallet" }),
            "deliver_milestone" => json!({ "delivery_code": "000000" }),
            "reject_milestone" | "create_dispute" => json!({ "reason": "looked into" }),
            "answer_dispute" => json!({ "text": "looked into" }),
            "create_split_offer" => json!({ "seller_percent": "50" }),
            "accept_split_offer" => json!({ "to_seller": money }),
            "award_dispute" => json!({ "seller_percent": "50", "reason": "looked into" }),
            "add_payer" => json!({ "user_id": self.stranger.id }),
            "extend_deadline" => {
                json!({ "deadline": "funding", "until": "2100-01-01T00:00:00Z" })
            }
            "advance_clock" => json!({ "seconds": 1 }),
            "request_approval" => json!({
                "kind": "set_tier", "tier": "business", "note": "looked into",
                "user_id": self.stranger.id,
            }),
            "approve_approval"
            | "reject_approval"
            | "approve_kyc_application"
            | "close_discrepancy"
            | "close_user"
            | "freeze_user"
            | "unfreeze_user"
            | "reject_withdrawal"
            | "release_withdrawal"
            | "reopen_user" => json!({ "note": "looked into" }),
            "create_kyc_application" => json!({ "tier": "business" }),
            "reject_kyc_application" => json!({ "reasons": ["expired"], "note": "looked into" }),
            "set_role" => json!({ "role": "support", "note": "looked into" }),
            "set_handle" => json!({ "handle": "neema" }),
            "create_organisation" | "update_organisation" => json!({ "name": "Duka" }),
            "create_invitation" => json!({ "email": "neema.k@example.com", "role": "member" }),
            "set_member_role" => json!({ "role": "admin" }),
            _ => json!({}),
        })
    }

    /// Calls like [`World::call`] as the owner, with another query.
    pub(crate) async fn call_with_query(
        &self,
        operation: &Operation,
        query: &str,
    ) -> amana_harness::Answer {
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
        let path = self.path(operation);
        let path = path.split('?').next().unwrap_or_default();
        let path = format!("{path}?{query}");
        self.app.send(method, &path, Some(&self.operator.token), None, None).await
    }

    pub(crate) async fn call(
        &self,
        operation: &Operation,
        token: Option<&str>,
    ) -> amana_harness::Answer {
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
        let (key, body) = (Uuid::new_v4().to_string(), self.body(operation));
        self.app.send(method, &self.path(operation), token, Some(&key), body.as_ref()).await
    }
}

pub(crate) fn scope(operation: &Operation) -> Scope {
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

/// The document's marks of staff operations equal the table.
#[test]
fn operators_operations_are_marked_as_such() {
    for operation in operations() {
        let marked = operation.described["security"][0]["operator"].is_array();
        assert_eq!(marked, matches!(scope(&operation), Staff(..)), "{}", operation.id);
    }
}

/// Without a valid token, every operation except the public ones returns 401.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_without_a_valid_token_are_refused() {
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

/// For strangers, other users' deals and payments do not exist, and staff operations are forbidden.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_see_and_change_nothing() {
    let world = world().await;
    let before = world.app.database.fingerprint().await;
    for operation in operations() {
        let (code, status) = match scope(&operation) {
            Public | Own => continue,
            Party => ("not_found", 404),
            Staff(..) => ("forbidden", 403),
        };
        let answer = world.call(&operation, Some(&world.stranger.token)).await;
        let id = &operation.id;
        assert_eq!((answer.problem(), answer.status.as_u16()), (code, status), "{id}");
    }
    assert_eq!(world.app.database.fingerprint().await, before);
}

/// A new user's lists are empty, whatever others have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_hold_nothing_of_others() {
    let world = world().await;
    // The caller has at least the session of this call.
    let lists = |o: &&Operation| o.id.starts_with("list_") && o.id != "list_sessions";
    for operation in operations().iter().filter(|o| scope(o) == Own).filter(lists) {
        let listed = world.call(operation, Some(&world.stranger.token)).await.expect(200);
        assert_eq!(listed, json!({ "items": [], "next_cursor": null }), "{}", operation.id);
    }
}

/// Asserts the answer to a caller whose role allows the operation. The refusals that remain come
/// from the state of the objects: for example, the payment is not held and the discrepancy is
/// closed already.
#[track_caller]
fn assert_allowed(operation: &Operation, answer: &amana_harness::Answer) {
    const OTHERWISE: [&str; 7] = [
        "not_on_hold",
        "job_not_failed",
        "account_in_use",
        "wrong_state",
        "already_requested",
        "discrepancy_closed",
        "payer_phone_unknown",
    ];
    let (id, status) = (&operation.id, answer.status.as_u16());
    if status == 409 {
        assert!(OTHERWISE.contains(&answer.problem()), "{id}");
    } else if id == "withdraw_approval" {
        assert_eq!((status, answer.problem()), (403, "wrong_party"));
    } else {
        assert!((200..300).contains(&status), "{id}: {:#}", answer.body);
    }
}

/// A super admin may call every staff operation, but is a stranger to other users' deals.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_work_here_are_not_parties() {
    let world = world().await;
    for operation in operations().iter().filter(|o| o.id != "revoke_sessions") {
        let answer = world.call(operation, Some(&world.operator.token)).await;
        match scope(operation) {
            Public | Own => {}
            Party => assert_eq!(answer.problem(), "not_found", "{}", operation.id),
            Staff(..) => assert_allowed(operation, &answer),
        }
    }
    world.app.assert_sound().await;
}

/// Calls every operation in every role and compares the answers with the table of permissions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_role_may_do_what_the_table_says() {
    let world = world().await;
    let app = &world.app;
    // Noon in Nairobi, within the working hours of every role.
    let hour = i64::from(app.clock.now().hour());
    app.clock.advance(TimeDelta::hours((9 - hour).rem_euclid(24)));
    let sql = format!("select amount_minor from payments where id = '{}'", &world.payment[4..]);
    let amount = Money::new(app.database.number(&sql).await, Currency::Kes).expect("money");
    let at = app.clock.now();
    let circumstances =
        Circumstances { at, from_listed: true, stepped_up: true, tie: None, amount: Some(amount) };
    for role in UserRole::ALL {
        let person = app.staff(*role).await;
        app.step_up(&person).await;
        for operation in operations() {
            let Staff(resource, action) = scope(&operation) else { continue };
            let answer = world.call(&operation, Some(&person.token)).await;
            let what = format!("{role}: {}", operation.id);
            match permit(*role, (resource, action), &circumstances) {
                Ok(()) => assert_allowed(&operation, &answer),
                Err(_) => assert_eq!(
                    (answer.problem(), answer.status.as_u16()),
                    ("forbidden", 403),
                    "{what}"
                ),
            }
        }
    }
    app.assert_sound().await;
}
