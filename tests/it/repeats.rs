//! Repeated calls get their original response, whatever has changed since.

use crate::openapi::operations;
use crate::second_factor::{step_up, with_factor};
use amana_domain::permission::UserRole;
use amana_harness::{Answer, App, PNG, Person, eventually};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// KES 50,000 plus a cent: larger amounts than KES 50,000 need a step-up.
const LARGE: i64 = 5_000_001;

/// Method and body of a call.
enum Sent {
    Json(Value),
    /// A body sent with PUT.
    Put(Value),
    File(Vec<u8>),
}

struct Call {
    operation: &'static str,
    who: Person,
    path: String,
    sent: Sent,
    first: Answer,
}

/// Makes calls, and records them for repetition.
struct World {
    app: App,
    calls: Vec<Call>,
}

impl World {
    async fn send(&self, who: &Person, path: &str, key: &str, sent: &Sent) -> Answer {
        match sent {
            Sent::Json(body) => self.app.post_keyed(who, path, key, body.clone()).await,
            Sent::Put(body) => {
                self.app.send(Method::PUT, path, Some(&who.token), Some(key), Some(body)).await
            }
            Sent::File(content) => self.app.upload(who, path, key, content.clone()).await,
        }
    }

    /// Makes a call; its number is its idempotency key.
    async fn call(
        &mut self,
        operation: &'static str,
        who: &Person,
        path: &str,
        sent: Sent,
    ) -> Value {
        let key = format!("call-{}", self.calls.len());
        let first = self.send(who, path, &key, &sent).await;
        assert!(first.status.is_success(), "{operation}: {:#}", first.body);
        assert!(!is_replayed(&first), "{operation}");
        let (who, path, body) = (who.clone(), path.to_owned(), first.body.clone());
        self.calls.push(Call { operation, who, path, sent, first });
        body
    }

    async fn post(
        &mut self,
        operation: &'static str,
        who: &Person,
        path: &str,
        body: Value,
    ) -> Value {
        self.call(operation, who, path, Sent::Json(body)).await
    }

    async fn upload(&mut self, operation: &'static str, who: &Person, path: &str) -> String {
        let made = self.call(operation, who, path, Sent::File(PNG.to_vec())).await;
        text(&made["id"])
    }
}

fn is_replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotent-replayed").is_some_and(|value| value == "true")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn kes(minor: i64) -> Value {
    json!({ "amount": minor, "currency": "KES" })
}

/// Deposits and pays out, as a user with a second factor and a recent step-up.
async fn move_money(world: &mut World, amina: &Person, juma: &Person) {
    world
        .post("create_deposit", amina, "/v1/wallet/deposits", json!({ "amount": kes(10_000) }))
        .await;
    let body = json!({ "to": { "email": juma.email }, "amount": kes(LARGE) });
    world.post("create_transfer", amina, "/v1/transfers", body).await;
    let body =
        json!({ "to": { "phone": juma.phone }, "amount": kes(LARGE), "expires_in_hours": 2 });
    let hold = world.post("create_hold", amina, "/v1/holds", body).await;
    let hold = format!("/v1/holds/{}", text(&hold["id"]));
    let part = json!({ "amount": kes(1_000) });
    world.post("settle_hold", juma, &format!("{hold}/settle"), part).await;
    world.post("release_hold", juma, &format!("{hold}/release"), Value::Null).await;
    let body = json!({ "amount": kes(5_000_100), "phone": "254711999001" });
    world.post("create_withdrawal", amina, "/v1/withdrawals", body).await;
}

/// Acts for both parties of a deal of four parts, each of which ends in another way.
async fn trade(world: &mut World, (amina, juma): (&Person, &Person), arbiter: &Person) {
    let part = |title: &str| json!({ "title": title, "amount": kes(10_000) });
    let new = |reference: &str| {
        json!({
            "title": "Four goats", "role": "seller", "currency": "KES", "reference": reference,
            "counterparty": { "email": amina.email },
            "milestones": [part("One"), part("Two"), part("Three"), part("Four")],
        })
    };
    let made = world.post("create_deal", juma, "/v1/deals", new("order 1")).await;
    let deal = format!("/v1/deals/{}", text(&made["id"]));
    let at = |n: usize, what: &str| {
        format!("{deal}/milestones/{}/{what}", text(&made["milestones"][n]["id"]))
    };
    world.post("propose_deal", juma, &format!("{deal}/propose"), Value::Null).await;
    world.post("agree_deal", amina, &format!("{deal}/agree"), json!({ "revision": 1 })).await;
    let wallet = json!({ "method": "wallet" });
    world.post("fund_deal", amina, &format!("{deal}/fund"), wallet.clone()).await;
    let tracking = json!({ "tracking": { "carrier": "G4S", "number": "KE7" } });
    world.post("deliver_milestone", juma, &at(0, "deliver"), tracking).await;
    world.post("release_milestone", amina, &at(0, "release"), Value::Null).await;
    world.post("refund_milestone", juma, &at(1, "refund"), Value::Null).await;
    let offer = json!({ "to_seller": kes(5_000) });
    world.app.post(juma, &at(2, "split-offers"), offer.clone()).await.expect(200);
    world.post("accept_split_offer", amina, &at(2, "split-offers/accept"), offer).await;
    let file = world.upload("create_milestone_file", juma, &at(3, "files")).await;
    world.app.post(juma, &at(3, "deliver"), json!({ "files": [file] })).await.expect(200);
    let reason = json!({ "reason": "One goat is a sheep" });
    world.app.post(amina, &at(3, "dispute"), reason).await.expect(200);
    let dispute = text(&world.app.disputes(amina, &text(&made["id"])).await[0]["id"]);
    world.upload("create_evidence", amina, &format!("{deal}/disputes/{dispute}/evidence")).await;
    let answer = json!({ "text": "It is a goat" });
    world.app.post(juma, &at(3, "dispute/answer"), answer).await.expect(200);
    let award = json!({ "seller_percent": "50", "reason": "Neither side has proof" });
    world
        .post("award_dispute", arbiter, &format!("/v1/operator/disputes/{dispute}/award"), award)
        .await;

    let other = world.app.post(juma, "/v1/deals", new("order 2")).await.expect(201);
    let other = format!("/v1/deals/{}", text(&other["id"]));
    world.app.post(juma, &format!("{other}/propose"), Value::Null).await.expect(200);
    world.app.post(amina, &format!("{other}/agree"), json!({ "revision": 1 })).await.expect(200);
    world.app.post(amina, &format!("{other}/fund"), wallet).await.expect(200);
    world.post("cancel_deal_mutually", amina, &format!("{other}/mutual-cancel"), Value::Null).await;
    let third = world.app.post(juma, "/v1/deals", new("order 3")).await.expect(201);
    let third = format!("/v1/deals/{}/cancel", text(&third["id"]));
    world.post("cancel_deal", juma, &third, Value::Null).await;
}

/// Makes decisions of staff.
async fn decide(world: &mut World, juma: &Person, operator: &Person) {
    let note = json!({ "note": "looked into" });
    world.app.database.execute("update risk_rules set threshold = 1, points = 100").await;
    for (operation, what) in [("release_withdrawal", "release"), ("reject_withdrawal", "reject")] {
        let amount = json!({ "amount": kes(20_000) });
        let asked = world.app.post(juma, "/v1/withdrawals", amount).await.expect(202);
        world.app.run_due_jobs().await;
        let path = format!("/v1/operator/withdrawals/{}/{what}", text(&asked["id"]));
        world.post(operation, operator, &path, note.clone()).await;
    }
    let applications = "/v1/operator/kyc/applications";
    let good = world.app.person("Wanjiru").await;
    let good = world.app.kyc_submitted(&good, "business").await;
    let path = format!("{applications}/{good}/approve");
    world.post("approve_kyc_application", operator, &path, note.clone()).await;
    let bad = world.app.person("Otieno").await;
    let bad = world.app.kyc_submitted(&bad, "business").await;
    let path = format!("{applications}/{bad}/reject");
    let reasons = json!({ "reasons": ["unreadable"], "note": "looked into" });
    world.post("reject_kyc_application", operator, &path, reasons).await;
    let asker = world.app.staff(UserRole::Support).await;
    let approvals = "/v1/operator/approvals";
    for (operation, what) in [("approve_approval", "approve"), ("reject_approval", "reject")] {
        let subject = world.app.person("Neema").await;
        let wanted = json!({
            "kind": "set_tier", "tier": "business", "user_id": subject.id, "note": "looked into",
        });
        let asked = world.post("request_approval", &asker, approvals, wanted).await;
        let path = format!("{approvals}/{}/{what}", text(&asked["id"]));
        world.post(operation, operator, &path, note.clone()).await;
    }
}

/// Creates a payment with an unknown result.
async fn in_review(app: &App) -> String {
    let payer = app.person_with_phone("Otieno", "254700000115").await;
    let body = json!({ "amount": kes(10_000) });
    let asked = app.post(&payer, "/v1/wallet/deposits", body).await.expect(202);
    let payment = text(&asked["id"]);
    eventually("the payment is in review", || async {
        app.run_due_jobs().await;
        (app.payment_column(&payment, "state").await.as_deref() == Some("review")).then_some(())
    })
    .await;
    payment
}

/// Requests and decides approvals, and closes discrepancies.
async fn ask_each_other(world: &mut World, operator: &Person) {
    let payment = in_review(&world.app).await;
    world.app.pay_bill("254733000001", 150_000, "HELLO").await;
    world.app.reconcile_now().await;
    let breaks = world.app.get(operator, "/v1/operator/discrepancies").await.expect(200);
    let breaks = breaks["items"].as_array().expect("items").iter();
    let unclaimed = breaks.into_iter().find(|one| one["kind"] == "unclaimed").expect("a break");
    let path = format!("/v1/operator/discrepancies/{}/close", text(&unclaimed["id"]));
    world.post("close_discrepancy", operator, &path, json!({ "note": "Called the payer" })).await;
    world.app.step_up(operator).await;
    let path = format!("/v1/operator/payments/{payment}/resolve");
    let body = json!({ "paid": false, "note": "asked M-Pesa" });
    world.post("resolve_payment", operator, &path, body).await;
    let soon = (world.app.clock.now() + TimeDelta::minutes(2)).to_rfc3339();
    let plan = json!({
        "currency": "KES", "percentage_bps": 150, "fixed_minor": 0, "valid_from": soon, "note": "looked into",
    });
    world.post("create_fee_plan", operator, "/v1/operator/fee-plans", plan).await;
    world.app.statements_name_payers().await;
    let receipt = world.app.pay_bill("254733000001", 150_000, "HELLO").await;
    world.app.reconcile_now().await;
    let path = format!("/v1/operator/suspense/mpesa/{receipt}/return");
    world.post("return_suspense", operator, &path, json!({ "note": "sent by mistake" })).await;
    let hired = world.app.person("Zawadi").await;
    let path = format!("/v1/operator/users/{}/role", hired.id);
    let role = Sent::Put(json!({ "role": "support", "note": "hired" }));
    world.call("set_role", operator, &path, role).await;
}

/// Spends Amina's remaining money, and withdraws Juma's application.
async fn spend_and_withdraw(app: &App, (amina, juma): (&Person, &Person), application: &str) {
    let limits = "update tier_limits set transaction_minor_max = 1000000000000, day_minor_max = 1000000000000,
        balance_minor_max = 1000000000000";
    app.database.execute(limits).await;
    let (left, _) = app.balance(amina).await;
    let heir = app.person("Zuhura").await;
    let body = json!({ "to": { "user_id": heir.id }, "amount": kes(left) });
    app.post(amina, "/v1/transfers", body).await.expect(201);
    assert_eq!(app.balance(amina).await.0, 0);
    let path = format!("/v1/kyc/applications/{application}/withdraw");
    app.post(juma, &path, Value::Null).await.expect(200);
}

/// Removes the preconditions of every call: the step-up, the role, the limits, and the accounts and
/// contacts of both users. Money, deals and application are gone already.
async fn take_everything_away(app: &App, (amina, juma): (&Person, &Person), staff: &[&Person]) {
    let other = app.operator().await;
    for person in [amina, juma] {
        let path = format!("/v1/operator/users/{}/freeze", person.id);
        app.post(&other, &path, json!({ "note": "looked into" })).await.expect(200);
    }
    app.clock.advance(TimeDelta::minutes(6));
    for gone in [
        "update tier_limits set transaction_minor_max = 1, day_minor_max = 1, balance_minor_max = 1",
        "update users set email_digest = sha256(email_digest), phone_digest = sha256(phone_digest)",
        "update risk_rules set threshold = 1, points = 1000",
    ] {
        app.database.execute(gone).await;
    }
    // The lowest staff role decides almost nothing.
    for person in staff {
        let role = format!("update users set role = 'support' where id = '{}'", person.uuid());
        app.database.execute(&role).await;
    }
    let both = format!("'{}', '{}'", amina.uuid(), juma.uuid());
    app.database.execute(&format!("update users set closed_at = now() where id in ({both})")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_call_is_answered_as_it_was_although_it_could_not_be_made_now() {
    let app = App::builder().without_worker().start().await;
    let (amina, phone, _) = with_factor(&app, "Amina").await;
    let (juma, operator) = (app.person("Juma").await, app.operator().await);
    app.given(&amina, 10 * LARGE, app.clock.now()).await;
    step_up(&app, &amina, Some(&phone.code(&app, 0))).await.expect(200);
    let mut world = World { app, calls: vec![] };
    move_money(&mut world, &amina, &juma).await;
    trade(&mut world, (&amina, &juma), &operator).await;
    let name = json!({ "name": "Soko" });
    world.post("create_organisation", &juma, "/v1/organisations", name).await;
    let tier = json!({ "tier": "business" });
    let made = world.post("create_kyc_application", &juma, "/v1/kyc/applications", tier).await;
    let documents = format!("/v1/kyc/applications/{}/documents?kind=passport", text(&made["id"]));
    world.upload("create_kyc_document", &juma, &documents).await;
    spend_and_withdraw(&world.app, (&amina, &juma), &text(&made["id"])).await;
    decide(&mut world, &juma, &operator).await;
    ask_each_other(&mut world, &operator).await;

    let called: BTreeSet<String> =
        world.calls.iter().map(|call| call.operation.to_owned()).collect();
    let takes_key = |described: &Value| {
        let parameters = described["parameters"].as_array().into_iter().flatten();
        parameters.into_iter().any(|one| one["name"] == "Idempotency-Key")
    };
    let keyed = operations().into_iter().filter(|operation| takes_key(&operation.described));
    assert_eq!(called, keyed.map(|operation| operation.id).collect());

    take_everything_away(&world.app, (&amina, &juma), &[&operator]).await;
    let before = world.app.database.fingerprint().await;
    for (n, call) in world.calls.iter().enumerate() {
        let again = world.send(&call.who, &call.path, &format!("call-{n}"), &call.sent).await;
        let operation = call.operation;
        assert_eq!(
            (again.status, &again.body),
            (call.first.status, &call.first.body),
            "{operation}"
        );
        assert!(is_replayed(&again), "{operation}");
    }
    assert_eq!(world.app.database.fingerprint().await, before);
}

/// The parameters of a command are part of the call, so other parameters make another call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_does_not_hide_another_parameter_of_a_command() {
    let app = App::builder().without_worker().start().await;
    let disputed = app.disputed(&amana_harness::DealPlan::default()).await;
    let offer = json!({ "to_seller": kes(5_000) });
    app.post(&disputed.seller, &disputed.path("split-offers"), offer.clone()).await.expect(200);
    let path = disputed.path("split-offers/accept");
    app.post_keyed(&disputed.buyer, &path, "k-1", offer).await.expect(200);
    let other = json!({ "to_seller": kes(6_000) });
    let answer = app.post_keyed(&disputed.buyer, &path, "k-1", other).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (422, "idempotency_key_reused"));
}
