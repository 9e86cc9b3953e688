//! Conflicts of interest. Staff cannot act on matters of their own, of their organisation, or of
//! users close to them. Large amounts, fees and roles need a second approver.

mod rows;

use amana_domain::permission::UserRole;
use amana_harness::{Answer, App, DealPlan, Person};
use reqwest::Method;
use serde_json::{Value, json};

const CONFLICT: &str = "conflict_of_interest";

async fn quiet() -> App {
    App::builder().without_worker().start().await
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{:#}", answer.body);
}

fn id_of(made: &Value) -> String {
    made["id"].as_str().expect("an id").to_owned()
}

/// Creates a disputed and answered deal in the name of an organisation of the seller. Returns the
/// ids of deal and dispute.
async fn disputed(app: &App, organisation: &str, seller: &Person) -> (String, String) {
    let buyer = app.person("Amina").await;
    let body = json!({
        "title": "Two goats", "role": "seller", "currency": "KES", "organisation_id": organisation,
        "counterparty": { "email": buyer.email },
        "milestones": [{ "title": "Goats", "amount": { "amount": 50_000, "currency": "KES" } }],
    });
    let deal = id_of(&app.post(seller, "/v1/deals", body).await.expect(201));
    let path = format!("/v1/deals/{deal}");
    app.post(seller, &format!("{path}/propose"), Value::Null).await.expect(200);
    app.post(&buyer, &format!("{path}/agree"), json!({ "revision": 1 })).await.expect(200);
    app.given(&buyer, 50_000, app.clock.now()).await;
    app.post(&buyer, &format!("{path}/fund"), json!({ "method": "wallet" })).await.expect(200);
    let part = app.milestones(&buyer, &deal).await.remove(0);
    let path = format!("{path}/milestones/{part}/dispute");
    app.post(&buyer, &path, json!({ "reason": "One goat is a sheep" })).await.expect(200);
    let answer = json!({ "text": "It is a goat" });
    app.post(seller, &format!("{path}/answer"), answer).await.expect(200);
    let dispute = id_of(&app.disputes(&buyer, &deal).await[0]);
    (deal, dispute)
}

async fn leave(app: &App, organisation: &str, person: &Person) {
    let path = format!("/v1/organisations/{organisation}/members/{}", person.id);
    assert_eq!(app.delete(person, &path).await.status, 204);
}

/// Members and former members of the deal's organisation can neither see its dispute nor award in
/// it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_arbiter_awards_nothing_to_their_own_organisation() {
    let app = quiet().await;
    let juma = app.person("Juma").await;
    let organisation = app.organisation(&juma, "Soko").await;
    let (member, gone, before, stranger) = (
        app.staff(UserRole::Compliance).await,
        app.staff(UserRole::Compliance).await,
        app.staff(UserRole::Compliance).await,
        app.staff(UserRole::Compliance).await,
    );
    for person in [&member, &gone, &before] {
        app.add_member(&organisation, person, "admin").await;
    }
    leave(&app, &organisation, &before).await;
    app.clock.advance(chrono::TimeDelta::seconds(1));
    let (_, dispute) = disputed(&app, &organisation, &juma).await;
    app.clock.advance(chrono::TimeDelta::seconds(1));
    leave(&app, &organisation, &gone).await;
    let path = format!("/v1/operator/disputes/{dispute}");
    let award = json!({ "seller_percent": "0", "reason": "All of it is sheep" });
    for person in [&member, &gone] {
        refused(&app.get(person, &path).await, 403, CONFLICT);
        refused(&app.award(person, &dispute, award.clone()).await, 403, CONFLICT);
    }
    app.get(&before, &path).await.expect(200);
    app.award(&stranger, &dispute, award).await.expect(200);
    app.assert_sound().await;
}

/// An arbiter who shares an organisation with a party cannot award, even if the deal has no
/// organisation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_arbiter_awards_nothing_to_a_fellow_member() {
    let app = quiet().await;
    let disputed = app.answered(&DealPlan::default()).await;
    let arbiter = app.staff(UserRole::Compliance).await;
    let organisation = app.organisation(&disputed.buyer, "Soko").await;
    app.add_member(&organisation, &arbiter, "member").await;
    let award = json!({ "seller_percent": "0", "reason": "All of it is sheep" });
    refused(&app.award(&arbiter, &disputed.dispute, award.clone()).await, 403, CONFLICT);
    leave(&app, &organisation, &arbiter).await;
    app.award(&arbiter, &disputed.dispute, award).await.expect(200);
    app.assert_sound().await;
}

/// An invitation between two users remains a conflict after its organisation is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_between_two_users_is_a_conflict() {
    let app = quiet().await;
    let (amina, staff) = (app.person("Amina").await, app.staff(UserRole::Admin).await);
    let other = app.staff(UserRole::Admin).await;
    let organisation = app.organisation(&amina, "Soko").await;
    app.invite(&amina, &organisation, &staff.email, "member").await;
    app.run_due_jobs().await;
    let token = app.invitation_tokens(&staff.email).await.remove(0);
    app.post(&staff, "/v1/invitations/join", json!({ "token": token })).await.expect(200);
    leave(&app, &organisation, &staff).await;
    let tier = json!({ "kind": "set_tier", "tier": "business" });
    refused(&app.request_approval(&staff, &amina, tier.clone()).await, 403, CONFLICT);
    let asked = app.asked(&other, &amina, tier).await;
    refused(&app.decide_approval(&staff, &asked, "approve").await, 403, CONFLICT);
    let close = format!("/v1/operator/users/{}/close", amina.id);
    refused(&app.post(&staff, &close, json!({ "note": "asked for" })).await, 403, CONFLICT);
    // The conflict applies in both directions.
    let turned = format!(
        "update introductions set inviter_id = '{}', invitee_id = '{}'",
        staff.uuid(),
        amina.uuid()
    );
    app.database.execute(&turned).await;
    refused(&app.decide_approval(&staff, &asked, "reject").await, 403, CONFLICT);
    app.assert_sound().await;
}

/// An invitation to a deal is recorded as an introduction too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_to_a_deal_is_an_introduction() {
    let app = quiet().await;
    let juma = app.person("Juma").await;
    let body = json!({
        "title": "Two goats", "role": "seller", "currency": "KES", "template": "goods",
        "amount": { "amount": 50_000, "currency": "KES" },
        "counterparty": { "email": "guest@example.com" },
    });
    let deal = id_of(&app.post(&juma, "/v1/deals", body).await.expect(201));
    app.post(&juma, &format!("/v1/deals/{deal}/propose"), Value::Null).await.expect(200);
    // The invitation goes out before the code that is read below.
    app.run_due_jobs().await;
    let new = json!({
        "name": "Zuhura", "email": "guest@example.com", "phone": "254711117001",
        "password": amana_harness::PASSWORD,
    });
    let zuhura = app.send(Method::POST, "/v1/users", None, None, Some(&new)).await.expect(201);
    let token = app.log_in("guest@example.com").await;
    app.run_due_jobs().await;
    let code = app.code("guest@example.com", "confirm").await;
    let told = json!({ "channel": "email", "code": code });
    let path = "/v1/me/verifications/confirm";
    app.send(Method::POST, path, Some(&token), None, Some(&told)).await.expect(200);
    let uuid = id_of(&zuhura).trim_start_matches("usr_").to_owned();
    let kept = format!(
        "select count(*) from introductions where inviter_id = '{}' and invitee_id = '{uuid}'",
        juma.uuid()
    );
    assert_eq!(app.database.number(&kept).await, 1);
    app.assert_sound().await;
}

/// Creates a withdrawal that is on hold, with the worker running.
async fn held(app: &App, person: &Person, minor: i64) -> String {
    // The provider must hold the money too, or it could not pay it out.
    let path = format!("/admin/customers/{}", person.phone);
    let rich = json!({ "balance": minor });
    assert!(app.sandbox_send(Method::PUT, &path, rich).await.is_success());
    app.top_up(person, minor).await;
    app.database.execute("update risk_rules set threshold = 1, points = 100").await;
    app.step_up(person).await;
    let body = json!({ "amount": { "amount": minor, "currency": "KES" } });
    let id = id_of(&app.post(person, "/v1/withdrawals", body).await.expect(202));
    app.wait_for_payment(person, &id, "held").await;
    id
}

async fn decide(app: &App, who: &Person, id: &str, decision: &str) -> Answer {
    let path = format!("/v1/operator/withdrawals/{id}/{decision}");
    app.post(who, &path, json!({ "note": "looks fine to me" })).await
}

/// Their list of held withdrawals omits it too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_of_staff_does_not_release_their_own_withdrawal() {
    let app = App::start().await;
    let (own, other) = (app.staff(UserRole::Compliance).await, app.staff(UserRole::Admin).await);
    let id = held(&app, &own, 20_000).await;
    refused(&decide(&app, &own, &id, "release").await, 403, CONFLICT);
    refused(&decide(&app, &own, &id, "reject").await, 403, CONFLICT);
    let list = "/v1/operator/withdrawals";
    assert_eq!(app.get(&own, list).await.expect(200)["items"], json!([]));
    let seen = app.get(&other, list).await.expect(200)["items"][0].clone();
    assert_eq!((&seen["id"], &seen["user_name"]), (&json!(id), &json!("Operator")));
    decide(&app, &other, &id, "release").await.expect(200);
    app.wait_for_payment(&own, &id, "succeeded").await;
    app.assert_ledger_holds().await;
}

/// One operator releases up to KES 100,000. A larger amount needs two operators and a step-up;
/// refusing it needs one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_withdrawal_is_released_by_two() {
    let app = App::start().await;
    let juma = app.person("Juma").await;
    let (one, other) = (app.staff(UserRole::Compliance).await, app.staff(UserRole::Admin).await);
    let small = held(&app, &juma, 10_000_000).await;
    decide(&app, &one, &small, "release").await.expect(200);
    let large = held(&app, &juma, 10_000_100).await;
    refused(&decide(&app, &one, &large, "release").await, 403, "approval_required");
    let path = "/v1/operator/approvals";
    let wanted = json!({ "kind": "release_withdrawal", "payment_id": large, "note": "called him" });
    refused(&app.post(&one, path, wanted.clone()).await, 403, "step_up_required");
    app.step_up(&one).await;
    let asked = app.post(&one, path, wanted.clone()).await.expect(201);
    assert_eq!((&asked["user_id"], &asked["user_name"]), (&json!(juma.id), &json!("Juma")));
    assert_eq!(asked["amount"]["amount"], 10_000_100);
    refused(&app.post(&one, path, wanted).await, 409, "already_requested");
    let id = id_of(&asked);
    refused(&app.decide_approval(&other, &id, "approve").await, 403, "step_up_required");
    refused(&app.decide_approval(&one, &id, "approve").await, 403, "own_request");
    app.approve(&other, &asked).await;
    app.wait_for_payment(&juma, &large, "succeeded").await;
    let refused_by_one = held(&app, &juma, 10_000_100).await;
    decide(&app, &one, &refused_by_one, "reject").await.expect(200);
    app.assert_ledger_holds().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fees_and_roles_need_two_people_and_a_step_up() {
    let app = quiet().await;
    let (one, other, juma) = (app.operator().await, app.operator().await, app.person("Juma").await);
    let plans = "/v1/operator/fee-plans";
    let plan = json!({ "currency": "KES", "percentage_bps": 0, "fixed_minor": 0, "note": "free" });
    refused(&app.post(&one, plans, plan.clone()).await, 403, "step_up_required");
    app.step_up(&one).await;
    let asked = app.post(&one, plans, plan.clone()).await.expect(201);
    assert_eq!(
        (&asked["user_id"], &asked["fee_plan"]["percentage_bps"]),
        (&Value::Null, &json!(0))
    );
    refused(&app.post(&one, plans, plan).await, 409, "already_requested");
    assert_eq!(app.get(&one, plans).await.expect(200)["items"], json!([]));
    let id = id_of(&asked);
    refused(&app.decide_approval(&one, &id, "approve").await, 403, "own_request");
    refused(&app.decide_approval(&other, &id, "approve").await, 403, "step_up_required");
    app.approve(&other, &asked).await;
    let published = app.get(&one, plans).await.expect(200)["items"][0].clone();
    assert_eq!((&published["version"], &published["published_by"]), (&json!(2), &json!(other.id)));

    let asked = app.ask_for_role(&one, &juma, "admin").await.expect(201);
    let role = async || {
        app.get(&one, &format!("/v1/operator/users/{}", juma.id)).await.expect(200)["role"].clone()
    };
    assert_eq!((role().await, &asked["role"]), (json!("user"), &json!("admin")));
    refused(&app.decide_approval(&one, &id_of(&asked), "approve").await, 403, "own_request");
    app.approve(&other, &asked).await;
    assert_eq!(role().await, "admin");
    refused(&app.ask_for_role(&one, &juma, "admin").await, 409, "wrong_state");
    app.assert_sound().await;
}
