//! The provider's side of a test: callbacks, and reconciliation with its statement.

use crate::app::App;
use crate::client::Person;
use crate::eventually;
use amana_postgres::{DiscrepancyState, DiscrepancyView, Job, RunView};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

/// More than any test has open.
const LISTED_MAX: i64 = 100;

/// Negative ticks, so that a test's run never collides with a scheduled one.
static NEXT_TICK: AtomicI64 = AtomicI64::new(-1);

/// Returns M-Pesa's callback for a paid prompt.
#[must_use]
pub fn paid_prompt(checkout: &str, receipt: &str, minor: i64) -> Value {
    let amount = format!("{}.{:02}", minor / 100, minor % 100);
    let amount: serde_json::Number = amount.parse().expect("a number");
    json!({ "Body": { "stkCallback": {
        "MerchantRequestID": "29115-34620561-1",
        "CheckoutRequestID": checkout,
        "ResultCode": 0,
        "ResultDesc": "The service request is processed successfully.",
        "CallbackMetadata": { "Item": [
            { "Name": "Amount", "Value": amount },
            { "Name": "MpesaReceiptNumber", "Value": receipt },
            { "Name": "Balance" },
        ] },
    } } })
}

/// Returns M-Pesa's confirmation of a payment to the paybill.
#[must_use]
pub fn paid_bill(receipt: &str, minor: i64, reference: &str) -> Value {
    json!({
        "TransactionType": "Pay Bill",
        "TransID": receipt,
        "TransAmount": format!("{}.{:02}", minor / 100, minor % 100),
        "BusinessShortCode": "600977",
        "BillRefNumber": reference,
    })
}

/// Returns M-Pesa's callback for a failed prompt.
#[must_use]
pub fn failed_prompt(checkout: &str, code: i64) -> Value {
    json!({ "Body": { "stkCallback": {
        "MerchantRequestID": "29115-34620561-1",
        "CheckoutRequestID": checkout,
        "ResultCode": code,
        "ResultDesc": "Request cancelled by user.",
    } } })
}

/// Returns M-Pesa's result of a payout; `paid` is receipt and amount.
#[must_use]
pub fn payout_result(conversation: &str, code: i64, paid: Option<(&str, i64)>) -> Value {
    let mut result = json!({
        "ResultType": 0,
        "ResultCode": code,
        "ResultDesc": "…",
        "ConversationID": conversation,
        "TransactionID": paid.map_or("UKL0000000", |(receipt, _)| receipt),
    });
    if let Some((receipt, minor)) = paid {
        result["ResultParameters"] = json!({ "ResultParameter": [
            { "Key": "TransactionAmount", "Value": minor / 100 },
            { "Key": "TransactionReceipt", "Value": receipt },
        ] });
    }
    json!({ "Result": result })
}

impl App {
    /// Returns the user with a new access token, after the old one has expired.
    pub async fn logged_in_again(&self, person: &Person) -> Person {
        Person { token: self.log_in(&person.email).await, ..person.clone() }
    }

    /// Posts to a callback address: `c` collection, `p` payout result, `t` payout timeout.
    pub async fn call_back(
        &self,
        kind: &str,
        token: &str,
        body: impl Into<reqwest::Body>,
    ) -> (u16, Value) {
        let url = format!("{}/v1/callbacks/{kind}/{token}", self.api_url);
        let response = self.http.post(url).body(body).send().await.expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Like [`App::call_back`], and checks the acknowledgement that Daraja expects.
    pub async fn call_back_ok(&self, kind: &str, token: &str, body: &Value) {
        let answer = self.call_back(kind, token, body.to_string()).await;
        assert_eq!(answer, (200, accepted()), "{body:#}");
    }

    /// Returns a column of a payment's row as text, for values that the API does not show.
    pub async fn payment_column(&self, payment: &str, column: &str) -> Option<String> {
        let id = payment.strip_prefix("pay_").expect("a payment's id");
        self.database.text(&format!("select {column} from payments where id = '{id}'")).await
    }

    /// Returns the unguessable last part of a payment's callback address, as sent to the provider.
    pub async fn callback_token(&self, payment: &str) -> String {
        let reference = self.payment_column(payment, "reference").await.expect("a reference");
        let found = async |list: &str, (name, value): (&str, &str), url: &str| {
            let taken = self.sandbox_get(&format!("/admin/{list}")).await;
            let taken = taken[list].as_array().expect("a list").clone();
            let own = taken.iter().find(|it| it[name] == value)?;
            let url = own[url].as_str().expect("an address");
            url.rsplit('/').next().map(str::to_owned)
        };
        let asked = found("collections", ("reference", &reference), "callback_url").await;
        let originator = ("originator_conversation_id", payment);
        match asked {
            Some(token) => token,
            None => found("payouts", originator, "result_url").await.expect("a token"),
        }
    }

    /// Registers the paybill's callback addresses and returns their unguessable last part.
    pub async fn register_paybill(&self) -> String {
        let (mpesa, now) = (&self.context.mpesa, self.clock.now());
        let token = self.store.new_paybill_token(now).await.expect("a token");
        mpesa.register_urls(&token).await.expect("registered");
        self.store.paybill_registered(&token, now).await.expect("the new address");
        self.store.note_paybill(mpesa.shortcode(), now).await.expect("noted");
        token
    }

    /// Returns the provider's id of a payment (`CheckoutRequestID`, `ConversationID`).
    pub async fn provider_reference(&self, payment: &str) -> String {
        let id = payment.parse().expect("a payment's id");
        let said = self.store.exchanges(id, self.clock.now()).await.expect("exchanges");
        said.provider_reference.expect("a reference").into_exposed()
    }

    /// Counts the entries with this key.
    pub async fn entries(&self, key: &str) -> i64 {
        self.database.number(&format!("select count(*) from entries where key = '{key}'")).await
    }

    /// Returns the collections of a phone that the provider accepted, newest first.
    pub async fn collections(&self, phone: &str) -> Vec<Value> {
        let found = self.sandbox_get(&format!("/admin/collections?phone={phone}")).await;
        found["collections"].as_array().expect("a list").clone()
    }

    /// Returns the payouts to a phone that the provider accepted, newest first.
    pub async fn payouts(&self, phone: &str) -> Vec<Value> {
        let found = self.sandbox_get(&format!("/admin/payouts?phone={phone}")).await;
        found["payouts"].as_array().expect("a list").clone()
    }

    /// Waits until the phone shows a prompt, and does not answer it.
    pub async fn wait_for_prompt(&self, phone: &str) -> Value {
        let path = format!("/admin/prompts?phone={phone}");
        eventually("a prompt", || async {
            self.sandbox_get(&path).await["prompts"].get(0).cloned()
        })
        .await
    }

    /// Sets a fault for the next request of one kind: `only` is `collection`, `payout` or `paybill`.
    pub async fn fault_only(&self, phone: &str, fault: &str, only: &str) {
        let body = json!({ "phone": phone, "fault": fault, "count": 1, "only": only });
        let status = self.sandbox_send(Method::POST, "/admin/faults", body).await;
        assert!(status.is_success(), "fault {fault}: {status}");
    }

    /// Pays the paybill from the M-Pesa menu and returns the receipt.
    pub async fn pay_bill(&self, phone: &str, minor: i64, reference: &str) -> String {
        let body = json!({ "phone": phone, "amount": minor, "reference": reference });
        let url = format!("{}/admin/paybill", self.sandbox_url);
        let response = self.http.post(url).json(&body).send().await.expect("an answer");
        let paid: Value = response.json().await.expect("JSON");
        paid["receipt"].as_str().unwrap_or_else(|| panic!("the payment failed: {paid}")).to_owned()
    }

    /// Compares the books with the provider's statement up to now. Works with and without a worker.
    pub async fn reconcile_now(&self) -> RunView {
        // A statement ends at a whole second, so this second must end first.
        self.clock.advance(TimeDelta::seconds(1));
        self.carry_out(&Job::Reconcile { tick: NEXT_TICK.fetch_sub(1, Ordering::Relaxed) }).await;
        let runs = self.store.reconciliation_runs(None, 1).await.expect("runs");
        runs.items.into_iter().next().expect("a run")
    }

    /// Runs the nightly check of the whole ledger now.
    pub async fn check_ledger_now(&self) {
        self.carry_out(&Job::CheckLedger { tick: NEXT_TICK.fetch_sub(1, Ordering::Relaxed) }).await;
    }

    async fn carry_out(&self, job: &Job) {
        let now = self.clock.now();
        assert!(self.store.enqueue_job(job, now, now).await.expect("an outbox"), "{job:?}");
        let of_job =
            |column: &str| format!("select {column} from jobs where key = '{}'", job.key());
        let id = self.database.text(&of_job("id")).await.expect("the job");
        let id: Uuid = id.parse().expect("an id");
        eventually(job.kind(), || async {
            amana_worker::run_claim(&self.context, id).await.expect("a run");
            (self.database.text(&of_job("state")).await? == "done").then_some(())
        })
        .await;
    }

    pub async fn open_breaks(&self) -> Vec<DiscrepancyView> {
        self.store.breaks(DiscrepancyState::Open, None, LISTED_MAX).await.expect("breaks").items
    }

    /// Returns the open discrepancies as `kind subject`, in alphabetical order.
    pub async fn discrepancy_list(&self) -> Vec<String> {
        let found = self.open_breaks().await;
        let mut list: Vec<String> =
            found.iter().map(|one| format!("{} {}", one.kind, one.subject)).collect();
        list.sort();
        list
    }

    /// Returns the names of a deal's events in order.
    pub async fn timeline(&self, person: &Person, deal: &str) -> Vec<String> {
        let path = format!("/v1/deals/{deal}/timeline?limit=100");
        let found = self.get(person, &path).await.expect(200);
        let events = found["items"].as_array().expect("events");
        events.iter().map(|event| event["kind"].as_str().expect("a name").to_owned()).collect()
    }
}

/// Returns the acknowledgement that Daraja expects for every callback.
#[must_use]
pub fn accepted() -> Value {
    json!({ "ResultCode": 0, "ResultDesc": "Accepted" })
}
