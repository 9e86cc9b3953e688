//! Disputes with evidence, and deliveries with proof.

use crate::app::App;
use crate::client::{Answer, Person};
use crate::deals::DealPlan;
use reqwest::Method;
use serde_json::{Value, json};

/// A dispute about a milestone, with its parties.
#[derive(Debug, Clone)]
pub struct Disputed {
    pub buyer: Person,
    pub seller: Person,
    pub deal: String,
    /// The milestones of the deal; the disputed one is first.
    pub parts: Vec<String>,
    pub dispute: String,
}

impl Disputed {
    /// Returns a path below the disputed milestone.
    #[must_use]
    pub fn path(&self, what: &str) -> String {
        format!("/v1/deals/{}/milestones/{}/{what}", self.deal, self.parts[0])
    }

    /// Returns a path below the dispute, as both parties use it.
    #[must_use]
    pub fn below(&self, what: &str) -> String {
        format!("/v1/deals/{}/disputes/{}/{what}", self.deal, self.dispute)
    }
}

impl App {
    /// Disputes the first milestone of a deal that was funded from the wallet, as the buyer.
    pub async fn disputed(&self, plan: &DealPlan) -> Disputed {
        let (buyer, seller) = (self.person("Amina").await, self.person("Juma").await);
        self.disputed_between(buyer, seller, plan).await
    }

    pub async fn disputed_between(
        &self,
        buyer: Person,
        seller: Person,
        plan: &DealPlan,
    ) -> Disputed {
        let draft = self.agreed(&buyer, &seller, plan).await;
        let price = self.get(&buyer, &format!("/v1/deals/{draft}")).await.expect(200);
        let price = price["price"]["amount"].as_i64().expect("a price");
        self.given(&buyer, price, self.clock.now()).await;
        let fund = format!("/v1/deals/{draft}/fund");
        self.post(&buyer, &fund, json!({ "method": "wallet" })).await.expect(200);
        let parts = self.milestones(&buyer, &draft).await;
        let mut disputed = Disputed { buyer, seller, deal: draft, parts, dispute: String::new() };
        let body = json!({ "reason": "One goat is a sheep" });
        self.post(&disputed.buyer, &disputed.path("dispute"), body).await.expect(200);
        let found = self.disputes(&disputed.buyer, &disputed.deal).await;
        disputed.dispute = found[0]["id"].as_str().expect("an id").to_owned();
        disputed
    }

    /// Like [`App::disputed`], with the seller's answer: the next step is an arbiter's decision.
    pub async fn answered(&self, plan: &DealPlan) -> Disputed {
        let disputed = self.disputed(plan).await;
        self.answer_dispute(&disputed).await;
        disputed
    }

    pub async fn answer_dispute(&self, disputed: &Disputed) {
        let body = json!({ "text": "It is a goat\nwith wool" });
        let path = disputed.path("dispute/answer");
        self.post(&disputed.seller, &path, body).await.expect(200);
    }

    pub async fn disputes(&self, person: &Person, deal: &str) -> Vec<Value> {
        let found = self.get(person, &format!("/v1/deals/{deal}/disputes")).await.expect(200);
        found["items"].as_array().expect("disputes").clone()
    }

    pub async fn award(&self, arbiter: &Person, dispute: &str, body: Value) -> Answer {
        self.post(arbiter, &format!("/v1/operator/disputes/{dispute}/award"), body).await
    }

    /// Uploads a file.
    pub async fn upload(&self, person: &Person, path: &str, key: &str, content: Vec<u8>) -> Answer {
        let authorization = format!("Bearer {}", person.token);
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Idempotency-Key", key),
            ("Content-Type", "application/octet-stream"),
        ];
        self.send_bytes(Method::POST, path, &headers, content).await
    }
}
