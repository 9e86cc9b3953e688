//! The part of the story in which one operator asks and another decides.

use super::Observer;
use amana_domain::permission::UserRole;
use amana_harness::Person;
use serde_json::{Value, json};

/// One request is taken back, one rejected, one approved.
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

/// Money in suspense is looked at, and is to go back to its payer.
pub(super) async fn give_back(observer: &Observer, operator: &Person) {
    let list = observer.get(operator, "/v1/operator/suspense").await;
    let receipt = list["items"][0]["receipt"].as_str().expect("a receipt");
    let path = format!("/v1/operator/suspense/mpesa/{receipt}");
    observer.get(operator, &path).await;
    observer.app.step_up(operator).await;
    let note = json!({ "note": "Sent by mistake" });
    observer.post(operator, &format!("{path}/return"), note, 201).await;
}
