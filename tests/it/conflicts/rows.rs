//! Every deciding or changing row of the table of rights, tried by the user concerned.

use super::{CONFLICT, id_of, quiet, refused};
use amana_domain::permission::{Action, Resource, rights};
use amana_harness::{Answer, App, DealPlan, Person};
use serde_json::{Value, json};
use uuid::Uuid;

/// A staff member with an object of each kind.
struct World {
    app: App,
    own: Person,
    other: Person,
    payment: String,
    /// Receipt of money in suspense that was paid from this user's number.
    receipt: String,
    application: String,
    dispute: String,
}

impl World {
    async fn new() -> Self {
        let app = quiet().await;
        let (own, other) = (app.operator().await, app.operator().await);
        app.step_up(&own).await;
        let amount = json!({ "amount": { "amount": 1_000, "currency": "KES" } });
        let payment = id_of(&app.post(&own, "/v1/wallet/deposits", amount).await.expect(202));
        let application = app.kyc_submitted(&own, "business").await;
        let juma = app.person("Juma").await;
        let disputed = app.disputed_between(own.clone(), juma, &DealPlan::default()).await;
        app.answer_dispute(&disputed).await;
        let suspense = "insert into suspense_items (provider, receipt, amount_minor, currency, paid_at, found_at)
            values ('mpesa', 'UKL7NOBODY', 1000, 'KES', now(), now())";
        app.database.execute(suspense).await;
        app.statements_name_payers().await;
        let receipt = app.pay_bill(&own.phone, 150_000, "HELLO").await;
        app.reconcile_now().await;
        Self { app, own, other, payment, receipt, application, dispute: disputed.dispute }
    }

    fn payment_uuid(&self) -> &str {
        self.payment.trim_start_matches("pay_")
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.app.post(&self.own, &format!("/v1/operator/{path}"), body).await
    }

    async fn ask(&self, wanted: Value) -> Answer {
        self.app.request_approval(&self.own, &self.own, wanted).await
    }

    /// Decides about another operator's request, which is inserted by SQL.
    async fn decide(&self, kind: &str, column: &str, value: &str) -> Answer {
        let id = Uuid::now_v7().simple();
        let row = format!(
            "insert into approvals (id, kind, user_id, {column}, note, asked_by, asked_at, expires_at)
            values ('{id}', '{kind}', '{}', {value}, 'by hand', '{}', now(), now() + interval '7 days')",
            self.own.uuid(),
            self.other.uuid()
        );
        self.app.database.execute(&row).await;
        self.app.decide_approval(&self.own, &format!("apr_{id}"), "approve").await
    }

    /// Returns the answer to the user concerned, or `None` for actions that concern no user.
    async fn tried(&self, resource: Resource, action: Action) -> Option<Answer> {
        let note = json!({ "note": "looks fine to me" });
        let payment = format!("'{}'", self.payment_uuid());
        let answer = match (resource, action) {
            (_, Action::Read) => return None,
            // Fee plans and reconciliation runs concern no single user.
            (Resource::FeePlans | Resource::Reconciliation, _) => return None,
            (Resource::Users, _) => self.post(&format!("users/{}/close", self.own.id), note).await,
            (Resource::Payments, Action::Ask) => {
                let body = json!({ "paid": false, "note": "looks fine to me" });
                self.post(&format!("payments/{}/resolve", self.payment), body).await
            }
            (Resource::Payments, _) => self.decide("resolve_payment", "payment_id", &payment).await,
            (Resource::Tiers, Action::Ask) => {
                self.ask(json!({ "kind": "set_tier", "tier": "business" })).await
            }
            (Resource::Tiers, _) => self.decide("set_tier", "tier", "'business'").await,
            (Resource::Suspense, Action::Ask) => {
                let provider = "mpesa";
                let wanted = json!({ "kind": "move_suspense", "provider": provider, "receipt": "UKL7NOBODY" });
                self.ask(wanted).await
            }
            (Resource::Suspense, _) => {
                self.decide("move_suspense", "provider, receipt", "'mpesa', 'UKL7NOBODY'").await
            }
            (Resource::Returns, Action::Ask) => {
                self.post(&format!("suspense/mpesa/{}/return", self.receipt), note).await
            }
            (Resource::Returns, _) => {
                let values = format!("'mpesa', '{}'", self.receipt);
                self.decide("return_suspense", "provider, receipt", &values).await
            }
            (Resource::SecondFactors, Action::Ask) => {
                self.ask(json!({ "kind": "remove_factor" })).await
            }
            (Resource::SecondFactors, _) => self.decide("remove_factor", "tier", "null").await,
            (Resource::HeldWithdrawals, _) => {
                self.post(&format!("withdrawals/{}/release", self.payment), note).await
            }
            (Resource::LargeWithdrawals, Action::Ask) => {
                let wanted = json!({ "kind": "release_withdrawal", "payment_id": self.payment, "note": "mine" });
                self.post("approvals", wanted).await
            }
            (Resource::LargeWithdrawals, _) => {
                self.app
                    .database
                    .execute("delete from approvals where payment_id is not null")
                    .await;
                self.decide("release_withdrawal", "payment_id", &payment).await
            }
            (Resource::Discrepancies, _) => {
                let id = Uuid::now_v7().simple();
                let row = format!(
                    "insert into breaks (id, kind, subject, detail, opened_at, last_seen_at)
                    values ('{id}', 'review', '{}', 'by hand', now(), now())",
                    self.payment
                );
                self.app.database.execute(&row).await;
                self.post(&format!("discrepancies/dsc_{id}/close"), note).await
            }
            (Resource::Kyc, _) => {
                self.post(&format!("kyc/applications/{}/approve", self.application), note).await
            }
            (Resource::Disputes, _) => {
                let body = json!({ "seller_percent": "0", "reason": "All of it is sheep" });
                self.post(&format!("disputes/{}/award", self.dispute), body).await
            }
            (Resource::Jobs, _) => {
                let job = format!(
                    "select 'job_' || replace(id::text, '-', '') from jobs where kind = 'submit_collection'
                    and replace(payload ->> 'payment', '-', '') = '{}'",
                    self.payment_uuid()
                );
                let job = self.app.database.text(&job).await.expect("a job");
                self.post(&format!("jobs/{job}/replay"), Value::Null).await
            }
            (Resource::Roles, Action::Ask) => {
                self.app.ask_for_role(&self.own, &self.own, "user").await
            }
            (Resource::Roles, _) => self.decide("set_role", "role", "'user'").await,
            (
                Resource::Accounts | Resource::Approvals | Resource::Ledger | Resource::Health,
                Action::Ask | Action::Change | Action::Decide,
            ) => panic!("add the call of {resource} {action} about the actor to this function"),
        };
        Some(answer)
    }
}

/// Staff cannot act on their own matter: every row refuses in the same way, in every role.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_cannot_act_on_their_own_matters() {
    let world = World::new().await;
    let mut tried = 0;
    for (resource, action) in rights() {
        if let Some(answer) = world.tried(resource, action).await {
            assert_eq!(answer.body["code"], CONFLICT, "{resource} {action}: {:#}", answer.body);
            refused(&answer, 403, CONFLICT);
            tried += 1;
        }
    }
    assert_eq!(tried, 20);
    for path in
        [format!("kyc/applications/{}", world.application), format!("disputes/{}", world.dispute)]
    {
        let path = format!("/v1/operator/{path}");
        refused(&world.app.get(&world.own, &path).await, 403, CONFLICT);
        world.app.get(&world.other, &path).await.expect(200);
    }
    for list in ["kyc/applications", "disputes", "approvals"] {
        let path = format!("/v1/operator/{list}");
        assert_eq!(
            world.app.get(&world.own, &path).await.expect(200)["items"],
            json!([]),
            "{list}"
        );
    }
    world.app.assert_ledger_holds().await;
}
