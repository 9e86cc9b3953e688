//! Disputes in the conformance story.

use super::Observer;
use amana_harness::{PNG, Person};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

async fn upload(observer: &Observer, person: &Person, path: &str) -> String {
    let key = Uuid::new_v4().to_string();
    let added = observer.app.upload(person, path, &key, PNG.to_vec()).await;
    let added = observer.checked(&Method::POST, path, added).expect(201);
    added["id"].as_str().expect("an id").to_owned()
}

async fn link(observer: &Observer, person: &Person, path: &str) {
    let link = observer.post(person, &format!("{path}/link"), Value::Null, 200).await;
    let url = link["url"].as_str().expect("a link");
    observer.call(None, Method::GET, url, Value::Null).await.expect(200);
}

/// Disputes a deal of four parts: one is split, one refunded, one rejected and delivered with a
/// code, one awarded by an arbiter.
pub(super) async fn disagree(
    observer: &Observer,
    (buyer, seller): (&Person, &Person),
    operator: &Person,
) {
    let part = |title: &str, proof: Option<&str>| {
        let amount = json!({ "amount": 10_000, "currency": "KES" });
        match proof {
            Some(proof) => json!({ "title": title, "amount": amount, "proof": proof }),
            None => json!({ "title": title, "amount": amount }),
        }
    };
    let new = json!({
        "title": "Four goats", "role": "seller", "currency": "KES", "fee_payer": "shared",
        "counterparty": { "email": buyer.email },
        "milestones": [part("One", None), part("Two", Some("tracking")), part("Three", Some("hand_over")), part("Four", Some("files"))],
    });
    let made = observer.post(seller, "/v1/deals", new, 201).await;
    let deal = format!("/v1/deals/{}", made["id"].as_str().expect("an id"));
    let at = |n: usize, what: &str| {
        let part = made["milestones"][n]["id"].as_str().expect("an id");
        format!("{deal}/milestones/{part}/{what}")
    };
    observer.post(seller, &format!("{deal}/propose"), Value::Null, 200).await;
    observer.post(buyer, &format!("{deal}/agree"), json!({ "revision": 1 }), 200).await;
    observer.app.given(buyer, 41_000, observer.app.clock.now()).await;
    observer.post(buyer, &format!("{deal}/fund"), json!({ "method": "wallet" }), 200).await;

    let offer = json!({ "seller_percent": "61.803" });
    let offered = observer.post(seller, &at(0, "split-offers"), offer, 200).await;
    let standing = offered["milestones"][0]["offers"]["seller"].clone();
    let accept = json!({ "to_seller": standing });
    observer.post(buyer, &at(0, "split-offers/accept"), accept, 200).await;

    let tracking = json!({ "tracking": { "carrier": "G4S", "number": "KE7" } });
    observer.post(seller, &at(1, "deliver"), tracking, 200).await;
    let reason = json!({ "reason": "It did not arrive" });
    observer.post(buyer, &at(1, "reject"), reason, 200).await;
    observer.post(seller, &at(1, "refund"), Value::Null, 200).await;

    let code = observer.get(buyer, &at(2, "delivery-code")).await["code"].clone();
    let told = json!({ "delivery_code": code });
    observer.post(seller, &at(2, "deliver"), told, 200).await;

    let file = upload(observer, seller, &at(3, "files")).await;
    observer.post(seller, &at(3, "deliver"), json!({ "files": [file] }), 200).await;
    link(observer, buyer, &at(3, &format!("files/{file}"))).await;
    let body = json!({
        "reason": "One goat is a sheep", "requested_to_seller": { "amount": 0, "currency": "KES" },
    });
    observer.post(buyer, &at(3, "dispute"), body, 200).await;
    let found = observer.get(buyer, &format!("{deal}/disputes")).await;
    let dispute = found["items"][0]["id"].as_str().expect("an id");
    let below = format!("{deal}/disputes/{dispute}/evidence");
    let evidence = upload(observer, buyer, &below).await;
    link(observer, seller, &format!("{below}/{evidence}")).await;
    let answer = json!({ "text": "It is a goat" });
    observer.post(seller, &at(3, "dispute/answer"), answer, 200).await;

    let reviews = "/v1/operator/disputes";
    observer.get(operator, reviews).await;
    let review = format!("{reviews}/{dispute}");
    observer.get(operator, &review).await;
    link(observer, operator, &format!("{review}/evidence/{evidence}")).await;
    let award = json!({
        "seller_percent": "50", "fees_waived": true, "reason": "Neither side has proof",
        "costs": { "amount": { "amount": 100, "currency": "KES" }, "borne_by": "buyer" },
    });
    observer.post(operator, &format!("{review}/award"), award, 200).await;
    observer.get(buyer, &format!("{deal}/disputes")).await;
    observer.get(buyer, &format!("{deal}/timeline?limit=100")).await;
}
