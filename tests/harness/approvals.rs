//! Actions that need two operators.

use crate::app::App;
use crate::client::{Answer, Person};
use amana_domain::permission::UserRole;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const APPROVALS: &str = "/v1/operator/approvals";

impl App {
    /// Requests an approval; `wanted` has the fields of its kind.
    pub async fn request_approval(&self, asker: &Person, of: &Person, mut wanted: Value) -> Answer {
        wanted["user_id"] = json!(of.id);
        wanted["note"] = json!("looked into");
        self.post(asker, APPROVALS, wanted).await
    }

    /// Requests an approval and returns the id of the request.
    pub async fn asked(&self, asker: &Person, of: &Person, wanted: Value) -> String {
        let asked = self.request_approval(asker, of, wanted).await.expect(201);
        asked["id"].as_str().expect("an id").to_owned()
    }

    /// Decides a request: `what` is `approve`, `reject` or `withdraw`.
    pub async fn decide_approval(&self, who: &Person, id: &str, what: &str) -> Answer {
        let note = if what == "withdraw" { Value::Null } else { json!({ "note": "all is well" }) };
        self.post(who, &format!("{APPROVALS}/{id}/{what}"), note).await
    }

    /// Puts a user on a tier: another operator requests it, `operator` approves.
    pub async fn put_on_tier(&self, operator: &Person, person: &Person, tier: &str) {
        let asker = self.staff(UserRole::Support).await;
        let wanted = json!({ "kind": "set_tier", "tier": tier });
        let id = self.asked(&asker, person, wanted).await;
        self.decide_approval(operator, &id, "approve").await.expect(200);
    }

    /// Requests another role for a user, after step-up authentication.
    pub async fn ask_for_role(&self, asker: &Person, of: &Person, role: &str) -> Answer {
        self.step_up(asker).await;
        let path = format!("/v1/operator/users/{}/role", of.id);
        let (key, body) = (Uuid::new_v4().to_string(), json!({ "role": role, "note": "hired" }));
        self.send(Method::PUT, &path, Some(&asker.token), Some(&key), Some(&body)).await
    }

    /// Gives a user another role: one operator requests it, another approves.
    pub async fn give_role(&self, (asker, other): (&Person, &Person), of: &Person, role: &str) {
        let asked = self.ask_for_role(asker, of, role).await.expect(201);
        self.approve(other, &asked).await;
    }

    /// Publishes a fee plan: one operator requests it, another approves.
    pub async fn publish_plan(&self, (asker, other): (&Person, &Person), mut plan: Value) {
        self.step_up(asker).await;
        plan["note"] = json!("looked into");
        let asked = self.post(asker, "/v1/operator/fee-plans", plan).await.expect(201);
        self.approve(other, &asked).await;
    }

    /// Requests to resolve a payment, after step-up authentication.
    pub async fn ask_to_resolve(&self, asker: &Person, id: &str, receipt: Option<&str>) -> Answer {
        self.step_up(asker).await;
        let mut body = json!({ "paid": receipt.is_some(), "note": "asked M-Pesa" });
        if let Some(receipt) = receipt {
            body["receipt"] = json!(receipt);
        }
        self.post(asker, &format!("/v1/operator/payments/{id}/resolve"), body).await
    }

    /// Approves a request, after step-up authentication.
    pub async fn approve(&self, who: &Person, asked: &Value) -> Value {
        self.step_up(who).await;
        let id = asked["id"].as_str().expect("an id");
        self.decide_approval(who, id, "approve").await.expect(200)
    }
}
