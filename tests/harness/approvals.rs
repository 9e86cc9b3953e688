//! What two of those who work here do together.

use crate::app::App;
use crate::client::{Answer, Person};
use amana_domain::permission::UserRole;
use serde_json::{Value, json};

const APPROVALS: &str = "/v1/operator/approvals";

impl App {
    /// Asks for something; `wanted` has the members of its kind.
    pub async fn ask_approval(&self, asker: &Person, of: &Person, mut wanted: Value) -> Answer {
        wanted["user_id"] = json!(of.id);
        wanted["note"] = json!("looked into");
        self.post(asker, APPROVALS, wanted).await
    }

    /// The id of a request that waits for a decision.
    pub async fn asked(&self, asker: &Person, of: &Person, wanted: Value) -> String {
        let asked = self.ask_approval(asker, of, wanted).await.expect(201);
        asked["id"].as_str().expect("an id").to_owned()
    }

    /// `approve`, `reject` or `withdraw`.
    pub async fn decide_approval(&self, who: &Person, id: &str, what: &str) -> Answer {
        let note = if what == "withdraw" { Value::Null } else { json!({ "note": "all is well" }) };
        self.post(who, &format!("{APPROVALS}/{id}/{what}"), note).await
    }

    /// Somebody else asks, the operator approves.
    pub async fn put_on_tier(&self, operator: &Person, person: &Person, tier: &str) {
        let asker = self.staff(UserRole::Support).await;
        let wanted = json!({ "kind": "set_tier", "tier": tier });
        let id = self.asked(&asker, person, wanted).await;
        self.decide_approval(operator, &id, "approve").await.expect(200);
    }
}
