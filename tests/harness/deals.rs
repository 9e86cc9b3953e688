//! Deals in a given state, so that a test can start at its subject.

use crate::app::App;
use crate::client::Person;
use crate::eventually;
use serde_json::{Value, json};

/// The milestones and the fee payer of a deal.
#[derive(Debug, Clone)]
pub struct DealPlan {
    /// Amounts of the milestones in cents.
    pub milestones: Vec<i64>,
    pub fee_payer: &'static str,
}

impl Default for DealPlan {
    fn default() -> Self {
        Self { milestones: vec![150_000], fee_payer: "seller" }
    }
}

/// A funded deal with its buyer and seller.
#[derive(Debug, Clone)]
pub struct Funded {
    pub buyer: Person,
    pub seller: Person,
    pub deal: String,
}

impl App {
    /// Creates a draft as the seller.
    pub async fn draft(&self, buyer: &Person, seller: &Person, plan: &DealPlan) -> Value {
        let milestones: Vec<Value> = plan
            .milestones
            .iter()
            .enumerate()
            .map(|(n, minor)| json!({ "title": format!("Part {}", n + 1), "amount": { "amount": minor, "currency": "KES" } }))
            .collect();
        let body = json!({
            "title": "Two goats",
            "role": "seller",
            "counterparty": { "email": buyer.email },
            "currency": "KES",
            "fee_payer": plan.fee_payer,
            "milestones": milestones,
        });
        self.post(seller, "/v1/deals", body).await.expect(201)
    }

    /// Returns the id of a deal that both parties have agreed to.
    pub async fn agreed(&self, buyer: &Person, seller: &Person, plan: &DealPlan) -> String {
        let deal = self.draft(buyer, seller, plan).await;
        let id = deal["id"].as_str().expect("an id").to_owned();
        self.post(seller, &format!("/v1/deals/{id}/propose"), Value::Null).await.expect(200);
        self.post(buyer, &format!("/v1/deals/{id}/agree"), json!({ "revision": 1 }))
            .await
            .expect(200);
        id
    }

    /// Starts the M-Pesa payment of a deal and returns its id.
    pub async fn start_mpesa(&self, buyer: &Person, deal: &str) -> String {
        let body = json!({ "method": "mpesa", "phone": buyer.phone });
        let funding = self.post(buyer, &format!("/v1/deals/{deal}/fund"), body).await.expect(202);
        funding["payment"]["id"].as_str().expect("a payment").to_owned()
    }

    /// Funds a deal by M-Pesa, with the PIN entered.
    pub async fn funded(&self, plan: &DealPlan) -> Funded {
        let (buyer, seller) = (self.person("Amina").await, self.person("Juma").await);
        let deal = self.agreed(&buyer, &seller, plan).await;
        self.start_mpesa(&buyer, &deal).await;
        self.approve_prompt(&buyer.phone).await;
        self.wait_for_deal(&buyer, &deal, "funded").await;
        Funded { buyer, seller, deal }
    }

    /// Deposits money into a wallet by M-Pesa; the prompt is approved automatically.
    pub async fn top_up(&self, person: &Person, minor: i64) {
        self.fault(&person.phone, "approve", 1).await;
        let body = json!({ "amount": { "amount": minor, "currency": "KES" } });
        let payment = self.post(person, "/v1/wallet/deposits", body).await.expect(202);
        let id = payment["id"].as_str().expect("an id");
        self.wait_for_payment(person, id, "succeeded").await;
    }

    /// Returns the id of a deal that the buyer has funded from the wallet.
    pub async fn funded_from_wallet(
        &self,
        buyer: &Person,
        seller: &Person,
        plan: &DealPlan,
    ) -> String {
        let deal = self.agreed(buyer, seller, plan).await;
        let path = format!("/v1/deals/{deal}/fund");
        self.post(buyer, &path, json!({ "method": "wallet" })).await.expect(200);
        deal
    }

    /// Waits until the deal has this state, and returns it.
    pub async fn wait_for_deal(&self, person: &Person, deal: &str, state: &str) -> Value {
        eventually(&format!("deal {state}"), || async {
            let found = self.get(person, &format!("/v1/deals/{deal}")).await.expect(200);
            (found["state"] == state).then_some(found)
        })
        .await
    }

    /// Waits until the payment has this state, and returns it.
    pub async fn wait_for_payment(&self, person: &Person, payment: &str, state: &str) -> Value {
        eventually(&format!("payment {state}"), || async {
            let found = self.get(person, &format!("/v1/payments/{payment}")).await.expect(200);
            (found["state"] == state).then_some(found)
        })
        .await
    }

    /// Waits until a payer has paid this amount for the deal.
    pub async fn wait_for_payer(&self, person: &Person, deal: &str, payer: &str, minor: i64) {
        eventually("a payer has paid", || async {
            let found = self.get(person, &format!("/v1/deals/{deal}")).await.expect(200);
            let paid = |one: &Value| one["id"] == payer && one["paid"]["amount"] == minor;
            found["payers"].as_array().expect("payers").iter().any(paid).then_some(())
        })
        .await;
    }

    pub async fn milestones(&self, person: &Person, deal: &str) -> Vec<String> {
        let found = self.get(person, &format!("/v1/deals/{deal}")).await.expect(200);
        let all = found["milestones"].as_array().expect("milestones");
        all.iter().map(|m| m["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// Delivers and releases all milestones.
    pub async fn complete(&self, funded: &Funded) {
        let Funded { buyer, seller, deal } = funded;
        for milestone in self.milestones(buyer, deal).await {
            let path = format!("/v1/deals/{deal}/milestones/{milestone}");
            self.post(seller, &format!("{path}/deliver"), Value::Null).await.expect(200);
            self.post(buyer, &format!("{path}/release"), Value::Null).await.expect(200);
        }
    }
}
