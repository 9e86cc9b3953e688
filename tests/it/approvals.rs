//! Four-eyes approvals: an action runs once, when another operator approves the request.

mod races;
mod suspense;

use amana_domain::permission::UserRole;
use amana_harness::{Answer, App, Person};
use chrono::{TimeDelta, Timelike};
use serde_json::{Value, json};

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{:#}", answer.body);
}

/// Creates a requester and a second operator.
async fn pair(app: &App) -> (Person, Person) {
    (app.staff(UserRole::Compliance).await, app.staff(UserRole::Admin).await)
}

const NONE: [String; 0] = [];

fn tier(name: &str) -> Value {
    json!({ "kind": "set_tier", "tier": name })
}

async fn tier_of(app: &App, person: &Person) -> String {
    let limits = app.get(person, "/v1/limits").await.expect(200);
    limits["tier"].as_str().expect("a tier").to_owned()
}

async fn list(app: &App, who: &Person, state: &str) -> Vec<String> {
    let path = format!("/v1/operator/approvals?state={state}");
    let page = app.get(who, &path).await.expect(200);
    let items = page["items"].as_array().expect("items").iter();
    items.map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

/// Moves the clock to noon in Nairobi, within the working hours of every role.
fn noon(app: &App) {
    let hour = i64::from(app.clock.now().hour());
    app.clock.advance(TimeDelta::hours((9 - hour).rem_euclid(24)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tier_is_asked_for_by_one_and_given_by_another() {
    let app = App::start().await;
    let (asker, other) = pair(&app).await;
    let amina = app.person("Amina").await;
    let before = tier_of(&app, &amina).await;
    let asked = app.request_approval(&asker, &amina, tier("starter")).await.expect(201);
    let id = asked["id"].as_str().expect("an id");
    assert_eq!((&asked["state"], &asked["requested_by"]), (&json!("asked"), &json!(asker.id)));
    assert_eq!((&asked["decided_by"], &asked["amount"]), (&Value::Null, &Value::Null));
    assert_eq!(tier_of(&app, &amina).await, before, "expected no change before the approval");
    refused(&app.decide_approval(&asker, id, "approve").await, 403, "own_request");
    refused(&app.decide_approval(&asker, id, "reject").await, 403, "own_request");
    refused(&app.decide_approval(&other, id, "withdraw").await, 403, "wrong_party");
    // A second request of the same kind for the same user is refused, whoever makes it.
    refused(
        &app.request_approval(&other, &amina, tier("business")).await,
        409,
        "already_requested",
    );
    assert_eq!(list(&app, &other, "asked").await, [id]);

    let approved = app.decide_approval(&other, id, "approve").await.expect(200);
    assert_eq!(
        (&approved["state"], &approved["decided_by"]),
        (&json!("approved"), &json!(other.id))
    );
    assert_eq!(tier_of(&app, &amina).await, "starter");
    for what in ["approve", "reject"] {
        refused(&app.decide_approval(&other, id, what).await, 409, "wrong_state");
    }
    refused(&app.decide_approval(&asker, id, "withdraw").await, 409, "wrong_state");
    assert_eq!(
        app.get(&asker, &format!("/v1/operator/approvals/{id}")).await.expect(200),
        approved
    );
    assert_eq!(
        (list(&app, &other, "asked").await, list(&app, &other, "approved").await),
        (vec![], vec![id.to_owned()])
    );
    let records = app.store.audit_of(id).await.expect("records");
    let records: Vec<_> = records.iter().map(|one| (one.actor(), one.kind.clone())).collect();
    assert_eq!(
        records,
        [(&*asker.id, "approval.requested"), (&*other.id, "approval.approved")]
            .map(|(who, kind)| (who.to_owned(), kind.to_owned()))
    );
    app.messages_are_sent().await;
    let told = app.mails(&amina).await;
    let told = told.iter().filter(|m| m.text.contains("other limits: starter")).count();
    assert_eq!(told, 1);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_withdrawn_and_expired_requests_have_no_effect() {
    let app = App::builder().without_worker().start().await;
    let (mut asker, mut other) = pair(&app).await;
    let mut amina = app.person("Amina").await;
    let before = tier_of(&app, &amina).await;
    let id = app.asked(&asker, &amina, tier("starter")).await;
    let rejected = app.decide_approval(&other, &id, "reject").await.expect(200);
    assert_eq!(
        (&rejected["state"], &rejected["decision_note"]),
        (&json!("rejected"), &json!("all is well"))
    );
    let id = app.asked(&asker, &amina, tier("starter")).await;
    let withdrawn = app.decide_approval(&asker, &id, "withdraw").await.expect(200);
    assert_eq!(
        (&withdrawn["state"], &withdrawn["decided_by"]),
        (&json!("withdrawn"), &Value::Null)
    );
    refused(&app.decide_approval(&other, &id, "approve").await, 409, "wrong_state");

    let old = app.asked(&asker, &amina, tier("starter")).await;
    app.advance(TimeDelta::days(7), &mut [&mut asker, &mut other, &mut amina]).await;
    // The stored state is unchanged, but the request has expired.
    assert_eq!(
        (list(&app, &other, "asked").await, list(&app, &other, "expired").await),
        (vec![], vec![old.clone()])
    );
    refused(&app.decide_approval(&other, &old, "approve").await, 409, "wrong_state");
    refused(&app.decide_approval(&asker, &old, "withdraw").await, 409, "wrong_state");
    let new = app.asked(&asker, &amina, tier("business")).await;
    assert_eq!(list(&app, &other, "expired").await, [old]);
    assert_eq!(tier_of(&app, &amina).await, before);
    app.decide_approval(&other, &new, "approve").await.expect(200);
    assert_eq!(tier_of(&app, &amina).await, "business");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_cannot_act_on_their_own_requests() {
    let app = App::builder().without_worker().start().await;
    let (asker, other) = pair(&app).await;
    let own = app.request_approval(&asker, &asker, tier("business")).await;
    refused(&own, 403, "conflict_of_interest");
    let id = app.asked(&asker, &other, tier("business")).await;
    refused(&app.decide_approval(&other, &id, "approve").await, 403, "conflict_of_interest");
    refused(&app.decide_approval(&other, &id, "reject").await, 403, "conflict_of_interest");
    assert_eq!(
        list(&app, &other, "asked").await,
        NONE,
        "expected no request about the reader in the list"
    );
    let third = app.staff(UserRole::Compliance).await;
    app.decide_approval(&third, &id, "approve").await.expect(200);
    assert_eq!(tier_of(&app, &other).await, "business");
    app.assert_sound().await;
}

/// Support may request. The request is void once the requester loses the right or closes their
/// account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_void_when_the_requester_loses_the_right() {
    let app = App::builder().without_worker().start().await;
    noon(&app);
    let (support, boss) = (app.staff(UserRole::Support).await, app.operator().await);
    let amina = app.person("Amina").await;
    let before = tier_of(&app, &amina).await;
    let id = app.asked(&support, &amina, tier("business")).await;
    refused(&app.decide_approval(&support, &id, "approve").await, 403, "forbidden");
    let other_boss = app.operator().await;
    app.give_role((&boss, &other_boss), &support, "user").await;
    let answer = app.decide_approval(&boss, &id, "approve").await;
    refused(&answer, 403, "forbidden");
    assert_eq!(tier_of(&app, &amina).await, before);
    app.decide_approval(&boss, &id, "reject").await.expect(200);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn impossible_actions_cannot_be_requested() {
    let app = App::builder().without_worker().start().await;
    let (asker, other) = pair(&app).await;
    let amina = app.person("Amina").await;
    let unknown = app.request_approval(&asker, &amina, tier("platinum")).await;
    refused(&unknown, 422, "unknown_tier");
    assert_eq!(unknown.body["errors"][0]["pointer"], "/tier");
    let no_factor = json!({ "kind": "remove_factor" });
    refused(&app.request_approval(&asker, &amina, no_factor.clone()).await, 404, "not_found");
    let nothing = json!({ "kind": "move_suspense", "provider": "mpesa", "receipt": "UKL7NOBODY" });
    refused(&app.request_approval(&asker, &amina, nothing).await, 404, "not_found");
    for wanted in [
        json!({ "kind": "set_tier" }),
        json!({ "kind": "set_tier", "tier": "starter", "receipt": "UKL7NOBODY" }),
        json!({ "kind": "move_suspense", "provider": "mpesa" }),
        json!({ "kind": "move_suspense", "receipt": "UKL7NOBODY" }),
        json!({ "kind": "remove_factor", "tier": "starter" }),
    ] {
        refused(&app.request_approval(&asker, &amina, wanted).await, 422, "invalid_request");
    }
    let id = app.asked(&asker, &amina, tier("starter")).await;
    let close = format!("/v1/operator/users/{}/close", amina.id);
    app.post(&other, &close, json!({ "note": "asked for" })).await.expect(200);
    refused(&app.decide_approval(&other, &id, "approve").await, 422, "recipient_closed");
    let business = app.request_approval(&asker, &amina, tier("business")).await;
    refused(&business, 422, "recipient_closed");
    app.assert_sound().await;
}

/// The database refuses the same changes as the code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rules_stand_in_the_database_as_well() {
    let app = App::builder().without_worker().start().await;
    let (asker, _) = pair(&app).await;
    let amina = app.person("Amina").await;
    app.asked(&asker, &amina, tier("starter")).await;
    let decided = "state = 'approved', decided_at = now(), decision_note = 'by hand', decided_by";
    for (change, law) in [
        (format!("{decided} = asked_by"), "approvals_decided_by_another"),
        (format!("{decided} = user_id"), "approvals_nobodys_own"),
        ("user_id = asked_by".to_owned(), "approvals_nobodys_own"),
        ("state = 'approved'".to_owned(), "approvals_decision_whole"),
        ("tier = null".to_owned(), "approvals_subject_whole"),
        ("expires_at = asked_at".to_owned(), "approvals_expires_later"),
    ] {
        let refusal = app.database.refusal(&format!("update approvals set {change}")).await;
        assert_eq!(refusal, law, "{change}");
    }
    app.assert_sound().await;
}
