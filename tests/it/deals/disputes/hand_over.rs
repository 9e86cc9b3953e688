//! Proof of delivery: a tracking number, files, or the buyer's hand-over code.

use super::{deal_of, refused};
use amana_harness::{Answer, App, PNG, Person};
use chrono::TimeDelta;
use serde_json::{Value, json};

struct World {
    app: App,
    buyer: Person,
    seller: Person,
    deal: String,
    part: String,
}

impl World {
    /// Creates a funded deal of one part that requires this proof.
    async fn wanting(proof: &str) -> Self {
        let app = App::builder().without_worker().start().await;
        let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
        let amount = json!({ "amount": 10_000, "currency": "KES" });
        let new = json!({
            "title": "Two goats", "role": "seller", "currency": "KES",
            "counterparty": { "email": buyer.email },
            "milestones": [{ "title": "Goats", "amount": amount, "proof": proof }],
        });
        let made = app.post(&seller, "/v1/deals", new).await.expect(201);
        let deal = made["id"].as_str().expect("an id").to_owned();
        let path = format!("/v1/deals/{deal}");
        app.post(&seller, &format!("{path}/propose"), Value::Null).await.expect(200);
        app.post(&buyer, &format!("{path}/agree"), json!({ "revision": 1 })).await.expect(200);
        let part = app.milestones(&buyer, &deal).await.remove(0);
        Self { app, buyer, seller, deal, part }
    }

    async fn pay(&self) {
        self.app.given(&self.buyer, 10_000, self.app.clock.now()).await;
        let path = format!("/v1/deals/{}/fund", self.deal);
        self.app.post(&self.buyer, &path, json!({ "method": "wallet" })).await.expect(200);
    }

    fn path(&self, what: &str) -> String {
        format!("/v1/deals/{}/milestones/{}/{what}", self.deal, self.part)
    }

    async fn deliver(&self, person: &Person, body: Value) -> Answer {
        self.app.post(person, &self.path("deliver"), body).await
    }

    async fn code(&self) -> String {
        let shown = self.app.get(&self.buyer, &self.path("delivery-code")).await.expect(200);
        shown["code"].as_str().expect("a code").to_owned()
    }

    async fn deliveries(&self) -> Value {
        deal_of(&self.app, &self.buyer, &self.deal).await["milestones"][0]["deliveries"].clone()
    }
}

fn other_than(code: &str, n: u32) -> String {
    let code: u32 = code.parse().expect("digits");
    format!("{:06}", (code + 1 + n) % 1_000_000)
}

/// After five wrong codes in an hour even the right code is rejected; an hour later it is accepted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hand_over_code_is_tried_five_times_an_hour() {
    let mut world = World::wanting("hand_over").await;
    let path = world.path("delivery-code");
    refused(&world.app.get(&world.buyer, &path).await, 409, "wrong_state");
    world.pay().await;
    refused(&world.app.get(&world.seller, &path).await, 403, "wrong_party");
    let stranger = world.app.person("Neema").await;
    refused(&world.app.get(&stranger, &path).await, 404, "not_found");
    let code = world.code().await;
    assert_eq!(world.code().await, code);
    let told = |code: &str| json!({ "delivery_code": code });
    refused(&world.deliver(&world.seller, Value::Null).await, 422, "proof_required");
    // A caller without the right to deliver uses up no try.
    for _ in 0..6 {
        refused(&world.deliver(&world.buyer, told(&code)).await, 403, "wrong_party");
        refused(&world.deliver(&stranger, told(&code)).await, 404, "not_found");
    }
    refused(&world.deliver(&world.seller, told("12345")).await, 422, "invalid_request");
    // The limit holds for concurrent tries.
    let wrong: Vec<String> = (0..9).map(|n| other_than(&code, n)).collect();
    let calls = wrong.iter().map(|code| world.deliver(&world.seller, told(code)));
    let answers = futures_util::future::join_all(calls).await;
    let compared = answers.iter().filter(|answer| answer.problem() == "invalid_code").count();
    assert_eq!(compared, 5);
    for answer in answers.iter().filter(|answer| answer.problem() != "invalid_code") {
        refused(answer, 429, "too_many_attempts");
    }
    let late = world.deliver(&world.seller, told(&code)).await;
    refused(&late, 429, "too_many_attempts");
    let wait: i64 = late.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=3_600).contains(&wait), "{wait}");
    assert_eq!(world.deliveries().await, json!([]));
    world.app.advance(TimeDelta::seconds(3_601), &mut [&mut world.buyer, &mut world.seller]).await;
    let wrong = other_than(&code, 0);
    refused(&world.deliver(&world.seller, told(&wrong)).await, 422, "invalid_code");
    let done = world.deliver(&world.seller, told(&code)).await.expect(200);
    assert_eq!(done["milestones"][0]["state"], "delivered");
    assert_eq!(done["milestones"][0]["deliveries"][0]["kind"], "hand_over");
    refused(&world.app.get(&world.buyer, &path).await, 409, "wrong_state");
    world.app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parcel_has_a_carrier_and_a_number() {
    let world = World::wanting("tracking").await;
    world.pay().await;
    refused(&world.deliver(&world.seller, Value::Null).await, 422, "proof_required");
    let tracking = json!({ "tracking": { "carrier": "G4S", "number": "KE-7 7" } });
    let half = json!({ "tracking": { "carrier": "G4S" } });
    refused(&world.deliver(&world.seller, half).await, 422, "invalid_request");
    refused(&world.deliver(&world.seller, json!({})).await, 422, "invalid_request");
    let both =
        json!({ "tracking": { "carrier": "G4S", "number": "7" }, "delivery_code": "000000" });
    refused(&world.deliver(&world.seller, both).await, 422, "invalid_request");
    world.deliver(&world.seller, tracking).await.expect(200);
    let shown = world.deliveries().await;
    assert_eq!(
        (&shown[0]["kind"], &shown[0]["carrier"], &shown[0]["number"], &shown[0]["by_user_id"]),
        (&json!("tracking"), &json!("G4S"), &json!("KE-7 7"), &json!(world.seller.id))
    );
    world.app.assert_sound().await;
}

/// The seller uploads files first and then names them in the delivery; both parties can open them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_show_a_delivery() {
    let world = World::wanting("files").await;
    let (app, files) = (&world.app, world.path("files"));
    let early = app.upload(&world.seller, &files, "early", PNG.to_vec()).await;
    refused(&early, 409, "wrong_state");
    world.pay().await;
    let stranger = app.person("Neema").await;
    refused(&app.upload(&stranger, &files, "k", PNG.to_vec()).await, 404, "not_found");
    refused(&app.upload(&world.buyer, &files, "k", PNG.to_vec()).await, 403, "wrong_party");
    let words = app.upload(&world.seller, &files, "words", b"words".to_vec()).await;
    refused(&words, 415, "unsupported_media_type");
    let made = app.upload(&world.seller, &files, "k", PNG.to_vec()).await.expect(201);
    let file = made["id"].as_str().expect("an id");
    let unknown = json!({ "files": [file, "doc_0190a0a0a0a07000a0a0a0a0a0a0a0a0"] });
    refused(&world.deliver(&world.seller, unknown).await, 404, "not_found");
    refused(&world.deliver(&world.seller, json!({ "files": [] })).await, 422, "invalid_request");
    let twice = json!({ "files": [file, file] });
    world.deliver(&world.seller, twice).await.expect(200);
    let shown = world.deliveries().await;
    assert_eq!((&shown[0]["kind"], &shown[0]["files"]), (&json!("files"), &json!([made])));
    for person in [&world.buyer, &world.seller] {
        let link = world.path(&format!("files/{file}/link"));
        let link = app.post(person, &link, Value::Null).await.expect(200);
        let url = format!("{}{}", app.api_url, link["url"].as_str().expect("a link"));
        let response = app.http.get(url).send().await.expect("an answer");
        assert_eq!(
            response.headers()["content-disposition"],
            "attachment; filename=\"delivery.png\""
        );
        assert_eq!(response.bytes().await.expect("a body"), PNG);
    }
    let link = world.path(&format!("files/{file}/link"));
    refused(&app.post(&stranger, &link, Value::Null).await, 404, "not_found");
    // Arbiters can open them only once there is a dispute to decide.
    let arbiter = app.operator().await;
    let reason = json!({ "reason": "It shows a sheep" });
    app.post(&world.buyer, &world.path("dispute"), reason).await.expect(200);
    let dispute = app.disputes(&world.buyer, &world.deal).await[0]["id"].clone();
    let dispute = dispute.as_str().expect("an id");
    let link = format!("/v1/operator/disputes/{dispute}/evidence/{file}/link");
    app.post(&arbiter, &link, Value::Null).await.expect(200);
    app.assert_sound().await;
}

/// The buyer gets the code by SMS when the deal is funded, and a new one after a delivery is
/// rejected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hand_over_code_reaches_the_buyer_by_sms() {
    let world = World::wanting("hand_over").await;
    world.pay().await;
    world.app.run_due_jobs().await;
    let code = world.code().await;
    let told = format!("Amana: hand-over code for \"Two goats\": {code}.");
    let texts = world.app.texts(&world.buyer).await;
    assert_eq!(texts.iter().filter(|sms| sms.text.starts_with(&told)).count(), 1, "{texts:#?}");
    let texts = world.app.texts(&world.seller).await;
    assert!(texts.iter().all(|sms| !sms.text.contains(&code)), "{texts:#?}");
    world.deliver(&world.seller, json!({ "delivery_code": code })).await.expect(200);
    let again = json!({ "reason": "One goat is a sheep" });
    world.app.post(&world.buyer, &world.path("reject"), again).await.expect(200);
    world.app.run_due_jobs().await;
    let another = world.code().await;
    let texts = world.app.texts(&world.buyer).await;
    assert!(texts.iter().any(|sms| sms.text.contains(&another)), "{texts:#?}");
    world.app.assert_sound().await;
}
