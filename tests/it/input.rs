//! Bad input: whatever comes in, the answer is a problem that names what is wrong, and nothing has changed.

mod rules;
mod values;

use crate::openapi::operations;
use amana_domain::permission::UserRole;
use amana_harness::{Answer, App, DealPlan, Person};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Somebody with a deal to pay, a request about them, and the state of the database before anything bad was sent.
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
        let deal = app.agreed(&amina, &juma, &DealPlan::default()).await;
        let asker = app.staff(UserRole::Support).await;
        let wanted = json!({ "kind": "set_tier", "tier": "business" });
        let approval = app.asked(&asker, &amina, wanted).await;
        let before = app.database.fingerprint().await;
        Self { app, amina, operator, deal, approval, before }
    }

    /// Sends a body, as it is, to an operation that takes one.
    async fn send(&self, operation: &str, content_type: Option<&str>, body: Vec<u8>) -> Answer {
        let path = match operation {
            "register_user" => "/v1/users".to_owned(),
            "log_in" => "/v1/sessions".to_owned(),
            "refresh_session" => "/v1/sessions/refresh".to_owned(),
            "complete_log_in" => "/v1/sessions/second-factor".to_owned(),
            "send_log_in_code" => "/v1/sessions/second-factor/code".to_owned(),
            "set_message_factor" => "/v1/me/second-factor/message".to_owned(),
            "step_up_session" => "/v1/sessions/step-up".to_owned(),
            "create_second_factor" => "/v1/me/second-factor".to_owned(),
            "confirm_second_factor" => "/v1/me/second-factor/confirm".to_owned(),
            "set_role" => format!("/v1/operator/users/{USER}/role"),
            "create_api_key" => "/v1/api-keys".to_owned(),
            "rotate_api_key" => format!("/v1/api-keys/{KEY}/rotate"),
            "create_deposit" => "/v1/wallet/deposits".to_owned(),
            "create_withdrawal" => "/v1/withdrawals".to_owned(),
            "create_transfer" => "/v1/transfers".to_owned(),
            "create_hold" => "/v1/holds".to_owned(),
            "settle_hold" => format!("/v1/holds/{HOLD}/settle"),
            "create_deal" => "/v1/deals".to_owned(),
            "agree_deal" => format!("/v1/deals/{}/agree", self.deal),
            "fund_deal" => format!("/v1/deals/{}/fund", self.deal),
            "name_payer" => format!("/v1/deals/{}/payers", self.deal),
            "extend_deadline" => format!("/v1/deals/{}/extensions", self.deal),
            "advance_clock" => "/v1/test/clock/advance".to_owned(),
            "release_withdrawal" => format!("/v1/operator/withdrawals/{PAYMENT}/release"),
            "refuse_withdrawal" => format!("/v1/operator/withdrawals/{PAYMENT}/refuse"),
            "set_handle" => "/v1/me/handle".to_owned(),
            "start_verification" => "/v1/me/verifications".to_owned(),
            "confirm_verification" => "/v1/me/verifications/confirm".to_owned(),
            "start_email_change" => "/v1/me/email-changes".to_owned(),
            "confirm_email_change" => "/v1/me/email-changes/confirm".to_owned(),
            "start_phone_change" => "/v1/me/phone-changes".to_owned(),
            "confirm_phone_change" => "/v1/me/phone-changes/confirm".to_owned(),
            "start_password_reset" => "/v1/password-resets".to_owned(),
            "confirm_password_reset" => "/v1/password-resets/confirm".to_owned(),
            "set_password" => "/v1/me/password".to_owned(),
            "ask_approval" => "/v1/operator/approvals".to_owned(),
            "approve_approval" => format!("/v1/operator/approvals/{}/approve", self.approval),
            "reject_approval" => format!("/v1/operator/approvals/{}/reject", self.approval),
            "close_user" => format!("/v1/operator/users/{USER}/close"),
            "reopen_user" => format!("/v1/operator/users/{USER}/reopen"),
            "create_kyc_application" => "/v1/kyc/applications".to_owned(),
            "approve_kyc_application" => format!("/v1/operator/kyc/applications/{KYC}/approve"),
            "reject_kyc_application" => format!("/v1/operator/kyc/applications/{KYC}/reject"),
            "create_organisation" => "/v1/organisations".to_owned(),
            "update_organisation" => format!("/v1/organisations/{ORGANISATION}"),
            "set_rank" => format!("/v1/organisations/{ORGANISATION}/members/{USER}/rank"),
            "create_invitation" => format!("/v1/organisations/{ORGANISATION}/invitations"),
            "get_invitation" => "/v1/invitations/details".to_owned(),
            "accept_invitation" => "/v1/invitations/accept".to_owned(),
            "join_organisation" => "/v1/invitations/join".to_owned(),
            other => panic!("say here where {other} is"),
        };
        let replaces = operation.starts_with("set_") || operation.starts_with("update_");
        let method = if replaces { Method::PUT } else { Method::POST };
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

    /// A good body in which one place is replaced is refused, and the place is named.
    async fn check(&self, operation: &str, pointer: &str, bad: Value) {
        let mut body = good(operation);
        set(&mut body, pointer, bad.clone());
        let answer = self.send_json(operation, &body).await;
        let place = format!("{operation} {pointer} = {bad:.80}");
        refused(&answer, 422, "invalid_request", &place);
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{place}: {:#}", answer.body);
    }

    async fn end(self) {
        assert_eq!(self.app.database.fingerprint().await, self.before, "something was written");
        self.app.assert_sound().await;
    }
}

const PAYMENT: &str = "pay_0190a0a0a0a07000a0a0a0a0a0a0a0a0";
const HOLD: &str = "hold_0190a0a0a0a07000a0a0a0a0a0a0a0a0";
const KEY: &str = "key_0190a0a0a0a07000a0a0a0a0a0a0a0a0";
const KYC: &str = "kyc_0190a0a0a0a07000a0a0a0a0a0a0a0a0";
const ORGANISATION: &str = "org_0190a0a0a0a07000a0a0a0a0a0a0a0a0";
const USER: &str = "usr_0190a0a0a0a07000a0a0a0a0a0a0a0a0";

/// Every operation that takes a JSON body of ours.
const WITH_BODY: [&str; 50] = [
    "accept_invitation",
    "advance_clock",
    "agree_deal",
    "approve_approval",
    "approve_kyc_application",
    "ask_approval",
    "close_user",
    "complete_log_in",
    "confirm_email_change",
    "confirm_password_reset",
    "confirm_phone_change",
    "confirm_second_factor",
    "confirm_verification",
    "create_api_key",
    "create_deal",
    "create_deposit",
    "create_hold",
    "create_invitation",
    "create_kyc_application",
    "create_organisation",
    "create_second_factor",
    "create_transfer",
    "create_withdrawal",
    "extend_deadline",
    "fund_deal",
    "get_invitation",
    "join_organisation",
    "log_in",
    "name_payer",
    "refresh_session",
    "refuse_withdrawal",
    "register_user",
    "reject_approval",
    "reject_kyc_application",
    "release_withdrawal",
    "reopen_user",
    "rotate_api_key",
    "send_log_in_code",
    "set_handle",
    "set_message_factor",
    "set_password",
    "set_rank",
    "set_role",
    "settle_hold",
    "start_email_change",
    "start_password_reset",
    "start_phone_change",
    "start_verification",
    "step_up_session",
    "update_organisation",
];

/// A body with everything that is required and nothing else.
fn good(operation: &str) -> Value {
    let money = json!({ "amount": 100_000, "currency": "KES" });
    match operation {
        "register_user" => json!({
            "name": "Neema", "email": "neema@example.com", "phone": "+254712345678",
            "password": "karibu-nyumbani-7",
        }),
        "log_in" => json!({ "login": "neema@example.com", "password": "karibu-nyumbani-7" }),
        "refresh_session" => json!({ "refresh_token": "nonsense" }),
        "complete_log_in" => json!({ "challenge": "nonsense", "code": "123456" }),
        "send_log_in_code" => json!({ "challenge": "nonsense" }),
        "set_message_factor" => json!({ "channel": "phone", "password": "karibu-nyumbani-7" }),
        "confirm_second_factor" => json!({ "code": "123456" }),
        "create_second_factor" | "step_up_session" => json!({ "password": "karibu-nyumbani-7" }),
        "create_api_key" => {
            json!({ "name": "Shop", "scopes": ["wallet:read"], "expires_in_days": 90 })
        }
        "rotate_api_key" => json!({}),
        "set_role" => json!({ "role": "support", "note": "looked into" }),
        "create_deposit" | "create_withdrawal" | "settle_hold" => json!({ "amount": money }),
        "create_transfer" => json!({ "to": { "phone": "254711000002" }, "amount": money }),
        "create_hold" => json!({
            "to": { "phone": "254711000002" }, "amount": money, "expires_in_hours": 2,
        }),
        "create_deal" => json!({
            "title": "Two goats", "role": "buyer", "currency": "KES",
            "counterparty": { "phone": "254711000002" },
            "milestones": [{ "title": "Goats", "amount": money }],
        }),
        "agree_deal" => json!({ "revision": 1 }),
        "fund_deal" => json!({ "method": "mpesa" }),
        // The operator.
        "name_payer" => json!({ "phone": "254722000003" }),
        "extend_deadline" => {
            let until = chrono::Utc::now() + chrono::TimeDelta::days(30);
            json!({ "deadline": "funding", "until": until.to_rfc3339() })
        }
        "advance_clock" => json!({ "seconds": 1 }),
        "start_verification" => json!({ "channel": "email" }),
        "confirm_verification" => json!({ "channel": "email", "code": "000000" }),
        "start_email_change" => {
            json!({ "new": "amina.k@example.com", "password": "karibu-nyumbani-7" })
        }
        "start_phone_change" => json!({ "new": "0712345679", "password": "karibu-nyumbani-7" }),
        "confirm_email_change" | "confirm_phone_change" => {
            json!({ "old_code": "000000", "new_code": "000000" })
        }
        "start_password_reset" => json!({ "login": "nobody@example.com" }),
        "confirm_password_reset" => json!({
            "login": "nobody@example.com", "code": "000000", "password": "mbuzi-wawili-na-kuku",
        }),
        "set_password" => {
            json!({ "old_password": "karibu-nyumbani-7", "password": "mbuzi-wawili-na-kuku" })
        }
        "create_kyc_application" => json!({ "tier": "business" }),
        "reject_kyc_application" => json!({ "reasons": ["expired"], "note": "looked into" }),
        "set_handle" => json!({ "handle": "@amina" }),
        "create_organisation" | "update_organisation" => json!({ "name": "Soko la Wakulima" }),
        "set_rank" => json!({ "rank": "admin" }),
        "create_invitation" => json!({ "email": "neema@example.com", "rank": "member" }),
        "get_invitation" | "join_organisation" => json!({ "token": "nonsense" }),
        "accept_invitation" => json!({
            "token": "nonsense", "name": "Neema", "phone": "+254712345678",
            "password": "karibu-nyumbani-7",
        }),
        "ask_approval" => {
            json!({ "kind": "remove_factor", "user_id": USER, "note": "looked into" })
        }
        _ => json!({ "note": "looked into" }),
    }
}

fn set(body: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    match body.pointer_mut(parent).expect(pointer) {
        Value::Object(members) => drop(members.insert(name.to_owned(), value)),
        Value::Array(items) => items[name.parse::<usize>().expect("a number")] = value,
        other => panic!("{pointer} is in {other}"),
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

/// All objects inside a body, by pointer, with the names of their members.
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

/// What the other tests break is right before they break it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_good_bodies_are_good() {
    let world = World::new().await;
    for (operation, status) in [
        ("register_user", 201),
        ("log_in", 200),
        // Signed by nobody.
        ("refresh_session", 401),
        ("complete_log_in", 401),
        ("send_log_in_code", 401),
        // The number was not proven.
        ("set_message_factor", 409),
        // Nothing is set up.
        ("confirm_second_factor", 404),
        ("create_second_factor", 201),
        ("step_up_session", 200),
        ("create_api_key", 201),
        // There is no such key.
        ("rotate_api_key", 404),
        ("create_deal", 201),
        ("create_deposit", 202),
        ("fund_deal", 202),
        ("name_payer", 200),
        ("extend_deadline", 200),
        ("advance_clock", 200),
        // It was agreed to.
        ("agree_deal", 409),
        ("set_handle", 200),
        ("create_kyc_application", 201),
        ("create_organisation", 201),
        // There is no such organisation, and no such invitation.
        ("update_organisation", 404),
        ("set_rank", 404),
        ("create_invitation", 404),
        ("get_invitation", 404),
        ("accept_invitation", 404),
        ("join_organisation", 404),
        // There is no such person.
        ("ask_approval", 404),
        ("approve_approval", 200),
        // It was approved just now.
        ("reject_approval", 409),
        ("set_role", 404),
        ("close_user", 404),
        ("reopen_user", 404),
        // There is no such application.
        ("approve_kyc_application", 404),
        ("reject_kyc_application", 404),
        // The wallet is empty, and there is no such hold and no such withdrawal.
        ("create_withdrawal", 422),
        ("create_transfer", 422),
        ("create_hold", 422),
        ("settle_hold", 404),
        ("release_withdrawal", 404),
        ("refuse_withdrawal", 404),
        ("start_verification", 202),
        ("start_email_change", 202),
        ("start_phone_change", 202),
        ("start_password_reset", 202),
        // These are not the codes.
        ("confirm_verification", 422),
        ("confirm_email_change", 422),
        ("confirm_phone_change", 422),
        ("confirm_password_reset", 422),
        // Last: it ends the session of all these calls.
        ("set_password", 200),
    ] {
        let answer = world.send_json(operation, &good(operation)).await;
        assert_eq!(answer.status, status, "{operation}: {:#}", answer.body);
        if status == 422 {
            let is_code = operation.starts_with("confirm_");
            let wrong = if is_code { "code_wrong" } else { "insufficient_funds" };
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

/// In every object of every body: a member too many, a member missing, a member of another type.
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
                // Of the other party, either member may be missing, but not both; of a hold, all that is
                // left is taken if nothing is said; a browser's refresh token is in a cookie.
                let may_be_missing = ["settle_hold", "refresh_session"].contains(&operation);
                if object == "/counterparty" || may_be_missing {
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
