//! Offers, invitations and fees in the conformance story.

use super::{Observer, register};
use amana_harness::Person;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

/// Longer than any other word of the message, so that the longest word is the code.
const CODE_CHARS: usize = 20;

/// Negotiates a deal with a broker, and invites a user to another one.
pub(super) async fn negotiate(
    observer: &Observer,
    (buyer, seller): (&Person, &Person),
    operator: &Person,
) {
    let plan = json!({ "currency": "UGX", "percentage_bps": 100, "fixed_minor": 0, "cap_minor": 9, "note": "looked into" });
    let other = observer.app.operator().await;
    observer.app.step_up(operator).await;
    let asked = observer.post(operator, "/v1/operator/fee-plans", plan, 201).await;
    observer.app.approve(&other, &asked).await;
    let listed = observer.get(operator, "/v1/operator/fee-plans?currency=UGX").await;
    assert_eq!(listed["items"][0]["version"], 2);
    observer.get(seller, "/v1/deal-templates").await;
    let amount = json!({ "amount": 50_000, "currency": "KES" });
    let quote = json!({ "amounts": [amount], "fee_payer": "shared" });
    observer.post(buyer, "/v1/deals/quote", quote, 200).await;
    let broker = register(observer, "Kipkemoi", "254711000041").await;
    let mut new = json!({
        "title": "Two goats", "role": "seller", "currency": "KES", "template": "service",
        "amount": amount, "counterparty": { "email": buyer.email },
        "broker": { "user_id": broker.id, "commission_bps": 100 },
    });
    let deal = observer.post(seller, "/v1/deals", new.clone(), 201).await;
    let deal = format!("/v1/deals/{}", deal["id"].as_str().expect("an id"));
    observer.post(seller, &format!("{deal}/propose"), Value::Null, 200).await;
    let items = json!([{ "name": "Goat", "quantity": 2, "unit_price": { "amount": 20_000, "currency": "KES" } }]);
    let counter = json!({ "title": "Two goats", "milestones": [{
        "title": "Goats", "amount": { "amount": 40_000, "currency": "KES" }, "items": items, "proof": "hand_over",
    }] });
    observer.post(buyer, &format!("{deal}/counter"), counter, 200).await;
    observer.post(seller, &format!("{deal}/agree"), json!({ "revision": 2 }), 200).await;
    observer.get(buyer, &format!("{deal}/revisions")).await;
    observer.get(&broker, &format!("{deal}/agreement")).await;
    observer.post(seller, &format!("{deal}/cancel"), Value::Null, 200).await;

    new["counterparty"] = json!({ "phone": "254711000042" });
    let open = observer.post(seller, "/v1/deals", new, 201).await;
    let open = format!("/v1/deals/{}", open["id"].as_str().expect("an id"));
    observer.post(seller, &format!("{open}/propose"), Value::Null, 200).await;
    observer.app.clock.advance(TimeDelta::minutes(2));
    observer.post(seller, &format!("{open}/invitation/resend"), Value::Null, 200).await;
    observer.app.messages_are_sent().await;
    let found = observer.app.sandbox_get("/admin/sms?to=254711000042").await;
    let text = found["sms"][0]["text"].as_str().expect("a message").to_owned();
    let code = text.split_whitespace().find(|word| word.len() == CODE_CHARS).expect("a code");
    let guest = register(observer, "Wema", "254711000042").await;
    let joined = json!({ "code": code });
    let path = "/v1/deal-invitations/join";
    observer.call(Some(&guest), Method::POST, path, joined).await.expect(200);
    observer.post(&guest, &format!("{open}/cancel"), Value::Null, 200).await;
}
