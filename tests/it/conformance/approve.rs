//! Approvals in the conformance story.

use super::Observer;
use amana_domain::permission::UserRole;
use amana_harness::Person;
use serde_json::{Value, json};

/// Withdraws one request, rejects one and approves one.
pub(super) async fn approve(observer: &Observer, person: &Person, operator: &Person) {
    let asker = observer.app.staff(UserRole::Support).await;
    let path = "/v1/operator/approvals";
    for what in ["withdraw", "reject", "approve"] {
        let wanted = json!({
            "kind": "set_tier", "tier": "starter", "user_id": person.id, "note": "Asked for it",
        });
        let asked = observer.post(&asker, path, wanted, 201).await;
        observer.get(operator, path).await;
        let one = format!("{path}/{}", asked["id"].as_str().expect("an id"));
        observer.get(operator, &one).await;
        let (who, body) = match what {
            "withdraw" => (&asker, Value::Null),
            _ => (operator, json!({ "note": "looked into" })),
        };
        observer.post(who, &format!("{one}/{what}"), body, 200).await;
    }
}

/// Reads an item in suspense and requests its return to the payer.
pub(super) async fn give_back(observer: &Observer, operator: &Person) {
    let list = observer.get(operator, "/v1/operator/suspense").await;
    let receipt = list["items"][0]["receipt"].as_str().expect("a receipt");
    let path = format!("/v1/operator/suspense/mpesa/{receipt}");
    observer.get(operator, &path).await;
    observer.app.step_up(operator).await;
    let note = json!({ "note": "Sent by mistake" });
    observer.post(operator, &format!("{path}/return"), note, 201).await;
}
