//! Invalid input: every response is a problem that names the fault, and nothing has changed.

mod bodies;
mod document;
mod rules;
mod texts;
mod values;

use crate::openapi::operations;
use amana_domain::permission::UserRole;
use amana_harness::{Answer, App, DealPlan, Person};
use bodies::{WITH_BODY, good, path};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A user with a deal to pay, an approval request, and the state of the database before invalid
/// input.
struct World {
    app: App,
    amina: Person,
    operator: Person,
    deal: String,
    approval: String,
    before: BTreeMap<String, String>,
}

impl World {
    async fn new() -> Self {
        let app = App::builder().without_worker().start().await;
        let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
        let operator = app.operator().await;
        app.step_up(&operator).await;
        let deal = app.agreed(&amina, &juma, &DealPlan::default()).await;
        let asker = app.staff(UserRole::Support).await;
        let wanted = json!({ "kind": "set_tier", "tier": "business" });
        let approval = app.asked(&asker, &amina, wanted).await;
        let before = app.database.fingerprint().await;
        Self { app, amina, operator, deal, approval, before }
    }

    /// Sends a raw body to an operation that accepts one.
    async fn send(&self, operation: &str, content_type: Option<&str>, body: Vec<u8>) -> Answer {
        let path = path(operation, (&self.deal, &self.approval));
        let replaces = operation.starts_with("set_") || operation.starts_with("update_");
        let method = match operation {
            "update_me" => Method::PATCH,
            _ if replaces => Method::PUT,
            _ => Method::POST,
        };
        let person = if path.contains("operator") { &self.operator } else { &self.amina };
        let authorization = format!("Bearer {}", person.token);
        let key = Uuid::new_v4().to_string();
        let mut headers =
            vec![("Authorization", authorization.as_str()), ("Idempotency-Key", &key)];
        headers.extend(content_type.map(|kind| ("Content-Type", kind)));
        self.app.send_bytes(method, &path, &headers, body).await
    }

    async fn send_json(&self, operation: &str, body: &Value) -> Answer {
        self.send(operation, Some("application/json"), body.to_string().into_bytes()).await
    }

    /// Replaces one value in a valid body, and asserts that the refusal names its place.
    async fn check(&self, operation: &str, pointer: &str, bad: Value) {
        let mut body = good(operation);
        set(&mut body, pointer, bad.clone());
        let answer = self.send_json(operation, &body).await;
        let place = format!("{operation} {pointer} = {bad:.80}");
        refused(&answer, 422, "invalid_request", &place);
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{place}: {:#}", answer.body);
    }

    async fn end(self) {
        assert_eq!(
            self.app.database.fingerprint().await,
            self.before,
            "expected no change in the database"
        );
        self.app.assert_sound().await;
    }
}

fn set(body: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    match body.pointer_mut(parent).expect(pointer) {
        Value::Object(members) => drop(members.insert(name.to_owned(), value)),
        Value::Array(items) => items[name.parse::<usize>().expect("a number")] = value,
        other => panic!("{pointer}: unexpected parent {other}"),
    }
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str, what: &str) {
    let got = (answer.status.as_u16(), answer.body["code"].as_str().unwrap_or_default());
    assert_eq!(got, (status, code), "{what}: {:#}", answer.body);
    answer.problem();
    assert!(answer.body["detail"].as_str().is_some_and(|d| !d.is_empty()), "{what}");
    let id = answer.body["request_id"].as_str().expect("a request id");
    assert_eq!(answer.headers["x-request-id"], id, "{what}");
}

/// Finds all objects inside a body, by pointer, with the names of their members.
fn objects(body: &Value, at: &str, found: &mut Vec<(String, Vec<String>)>) {
    match body {
        Value::Object(members) => {
            found.push((at.to_owned(), members.keys().cloned().collect()));
            members.iter().for_each(|(name, value)| objects(value, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(n, item)| objects(item, &format!("{at}/{n}"), found));
        }
        _ => {}
    }
}

/// One contact is enough to register; replacing an unverified contact needs no code from it.
fn is_optional(operation: &str, name: &str) -> bool {
    match operation {
        "register_user" => ["email", "phone"].contains(&name),
        "accept_invitation" | "fund_deal" => name == "phone",
        "confirm_email_change" | "confirm_phone_change" => name == "old_code",
        _ => false,
    }
}

#[test]
fn all_operations_with_a_body_are_tried() {
    let takes_body = |o: &crate::openapi::Operation| {
        let body = &o.described["requestBody"]["content"]["application/json"]["schema"];
        body["$ref"].is_string()
    };
    let described: BTreeSet<String> =
        operations().into_iter().filter(takes_body).map(|o| o.id).collect();
    assert_eq!(described, WITH_BODY.map(str::to_owned).into());
}

/// Bodies are valid before the other tests change them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_good_bodies_are_good() {
    let world = World::new().await;
    for (operation, status) in [
        ("register_user", 201),
        ("log_in", 200),
        // No valid refresh token.
        ("refresh_session", 401),
        ("complete_log_in", 401),
        ("send_log_in_code", 401),
        // No factor is being set up.
        ("confirm_second_factor", 404),
        ("create_second_factor", 201),
        ("step_up_session", 200),
        ("create_api_key", 201),
        // The key does not exist.
        ("rotate_api_key", 404),
        ("create_deal", 201),
        // The deal is agreed already, and the invitation does not exist.
        ("counter_deal", 409),
        ("join_deal", 404),
        ("quote_deal", 200),
        ("create_fee_plan", 201),
        ("create_deposit", 202),
        ("fund_deal", 202),
        // The deal is agreed already.
        ("agree_deal", 409),
        // The deal is not funded, and its buyer cannot deliver.
        ("reject_milestone", 409),
        ("create_dispute", 409),
        ("answer_dispute", 409),
        ("accept_split_offer", 409),
        ("deliver_milestone", 403),
        // Milestone and dispute do not exist.
        ("create_split_offer", 404),
        ("award_dispute", 404),
        ("add_payer", 200),
        ("extend_deadline", 200),
        ("advance_clock", 200),
        ("set_handle", 200),
        ("update_me", 200),
        ("create_kyc_application", 201),
        ("create_organisation", 201),
        // Organisation and invitation do not exist.
        ("update_organisation", 404),
        ("set_member_role", 404),
        ("create_invitation", 404),
        ("get_invitation", 404),
        ("accept_invitation", 404),
        ("join_organisation", 404),
        // The user does not exist.
        ("request_approval", 404),
        ("approve_approval", 200),
        // The request is approved already.
        ("reject_approval", 409),
        ("set_role", 404),
        ("close_user", 404),
        ("reopen_user", 404),
        ("freeze_user", 404),
        ("unfreeze_user", 404),
        // Payment and discrepancy do not exist.
        ("resolve_payment", 404),
        ("close_discrepancy", 404),
        ("return_suspense", 404),
        // The application does not exist.
        ("approve_kyc_application", 404),
        ("reject_kyc_application", 404),
        // The wallet is empty, and hold and withdrawal do not exist.
        ("create_withdrawal", 422),
        ("create_transfer", 422),
        ("create_hold", 422),
        ("settle_hold", 404),
        ("release_withdrawal", 404),
        ("reject_withdrawal", 404),
        // Both contacts are verified already.
        ("start_verification", 409),
        ("start_email_change", 202),
        ("start_phone_change", 202),
        ("start_password_reset", 202),
        // The codes are wrong.
        ("confirm_verification", 422),
        ("confirm_email_change", 422),
        ("confirm_phone_change", 422),
        ("confirm_password_reset", 422),
        // Log-ins need a second factor from here on.
        ("set_message_factor", 200),
        // Last, because it ends the session of all these calls.
        ("set_password", 200),
    ] {
        let answer = world.send_json(operation, &good(operation)).await;
        assert_eq!(answer.status, status, "{operation}: {:#}", answer.body);
        if status == 422 {
            let is_code = operation.starts_with("confirm_");
            let wrong = if is_code { "invalid_code" } else { "insufficient_funds" };
            assert_eq!(answer.problem(), wrong, "{operation}");
        }
    }
    assert_ne!(world.app.database.fingerprint().await, world.before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_not_json_is_refused() {
    let world = World::new().await;
    let deep = "[".repeat(20_000).into_bytes();
    let bodies: [&[u8]; 7] =
        [b"", b"{", b"{\"title\":", b"{'a': 1}", b"\xff\xfe{}", b"{}{}", &deep];
    for operation in WITH_BODY {
        // One operation needs no body, so an empty body is valid there.
        let bodies =
            bodies.into_iter().filter(|body| operation != "deliver_milestone" || !body.is_empty());
        for body in bodies {
            let answer = world.send(operation, Some("application/json"), body.to_vec()).await;
            let shown = String::from_utf8_lossy(body);
            refused(&answer, 400, "invalid_json", &format!("{operation} {shown:.20}"));
        }
        for body in ["null", "[]", "5", "\"text\"", "true"] {
            let answer = world.send(operation, Some("application/json"), body.into()).await;
            refused(&answer, 422, "invalid_request", &format!("{operation} {body}"));
        }
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_another_kind_is_refused() {
    let world = World::new().await;
    let kinds = [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("json")];
    for operation in WITH_BODY {
        for kind in kinds {
            let body = good(operation).to_string().into_bytes();
            let answer = world.send(operation, kind, body).await;
            refused(&answer, 415, "unsupported_media_type", &format!("{operation} {kind:?}"));
        }
    }
    world.end().await;
}

/// Parsers disagree on duplicates: ours would use the last one, and an upstream check perhaps the
/// first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_is_named_twice_is_refused_at_any_depth() {
    let world = World::new().await;
    for operation in WITH_BODY {
        let mut found = vec![];
        objects(&good(operation), "", &mut found);
        for (object, members) in found {
            for name in members {
                let pointer = format!("{object}/{name}");
                // Marker that JSON does not escape, replaced in the text by the duplicate member.
                let mut body = good(operation);
                let value = body.pointer(&pointer).expect(&pointer).clone();
                set(&mut body, &format!("{object}/TWICE"), value.clone());
                let body = body.to_string().replacen("\"TWICE\"", &json!(name).to_string(), 1);
                let answer = world.send(operation, Some("application/json"), body.into()).await;
                refused(&answer, 400, "invalid_json", &format!("{operation} {pointer} twice"));
                assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{operation}");
            }
        }
    }
    world.end().await;
}

/// A misspelled filter must not return everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_and_repeated_query_parameters_are_refused() {
    let world = crate::access::world().await;
    for operation in operations().iter().filter(|o| !o.id.starts_with("receive_")) {
        let answer = world.call_with_query(operation, "surprise=1").await;
        refused(&answer, 400, "invalid_parameter", &operation.id);
        assert_eq!(answer.body["errors"][0]["pointer"], "surprise", "{}", operation.id);
        let parameters = operation.described["parameters"].as_array().into_iter().flatten();
        for parameter in parameters.filter(|p| p["in"] == "query" && p["schema"]["type"] != "array")
        {
            let name = parameter["name"].as_str().expect("a name");
            let answer = world.call_with_query(operation, &format!("{name}=1&{name}=1")).await;
            refused(&answer, 400, "invalid_parameter", &format!("{} {name}", operation.id));
        }
    }
}

/// In every object of every body: an unknown member, a missing member, a member of another type.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_another_shape_is_refused() {
    let world = World::new().await;
    for operation in WITH_BODY {
        let mut found = vec![];
        objects(&good(operation), "", &mut found);
        for (object, members) in found {
            world.check(operation, &format!("{object}/surprise"), json!(1)).await;
            for name in members {
                let pointer = format!("{object}/{name}");
                world.check(operation, &pointer, json!(true)).await;
                // Optional members: one of the counterparty's two contacts, a settlement's amount
                // (default: all), a browser's refresh token (in a cookie), and unchanged members of
                // a profile.
                let may_be_missing =
                    ["settle_hold", "refresh_session", "update_me"].contains(&operation);
                if object == "/counterparty" || may_be_missing || is_optional(operation, &name) {
                    continue;
                }
                let mut body = good(operation);
                let members = body.pointer_mut(&object).and_then(Value::as_object_mut);
                members.expect("an object").remove(&name);
                let answer = world.send_json(operation, &body).await;
                refused(&answer, 422, "invalid_request", &format!("{operation} without {pointer}"));
                let named = answer.body["errors"][0].clone();
                assert_eq!(named["pointer"], object, "{operation} without {pointer}");
                assert!(named["detail"].to_string().contains(&name), "{operation}: {named}");
            }
        }
    }
    world.end().await;
}
