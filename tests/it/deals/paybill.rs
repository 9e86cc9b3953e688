//! Paybill payments from the phone's menu, identified by their receipt.

use amana_harness::{App, DealPlan, Person, accepted, eventually, paid_bill};
use serde_json::{Value, json};

const PAYER: &str = "254711000009";

struct Bill {
    app: App,
    buyer: Person,
    deal: String,
    reference: String,
    token: String,
}

impl Bill {
    /// Creates an agreed deal of KES 1,500 in a deployment that receives paybill confirmations.
    async fn new() -> Self {
        let app = App::start().await;
        let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
        let token = app.register_paybill().await;
        let shortcode = app.context.mpesa.shortcode();
        let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
        let seen = app.get(&buyer, &format!("/v1/deals/{deal}")).await.expect(200);
        let reference = seen["pay_reference"].as_str().expect("a reference").to_owned();
        assert_eq!(seen["payment_instructions"]["shortcode"], shortcode);
        assert_eq!(seen["payment_instructions"]["account"], reference.as_str());
        assert_eq!(seen["payment_instructions"]["amount"]["amount"], 150_000);
        Self { app, buyer, deal, reference, token }
    }

    async fn paid(&self, minor: i64) {
        eventually("the payment is booked", || async {
            let path = format!("/v1/deals/{}", self.deal);
            let seen = self.app.get(&self.buyer, &path).await.expect(200);
            (seen["paid"]["amount"] == minor).then_some(())
        })
        .await;
    }

    async fn payments(&self) -> i64 {
        self.app.database.number("select count(*) from payments").await
    }

    async fn callbacks(&self, state: &str, count: i64) {
        let sql =
            format!("select count(*) from callbacks where kind = 'paybill' and state = '{state}'");
        eventually(&sql, || async {
            (self.app.database.number(&sql).await == count).then_some(())
        })
        .await;
    }

    /// Asserts that statement and books agree without open discrepancies.
    async fn assert_agreed(&self, matched: i64, healed: i64) {
        let run = self.app.reconcile_now().await;
        let found = (run.matched, run.healed, run.unclaimed, run.open_breaks);
        assert_eq!(found, (matched, healed, 0, 0), "{:?}", self.app.discrepancy_list().await);
        self.app.assert_sound().await;
    }
}

/// Two payments with a carelessly typed reference, one of them confirmed twice, count once each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deal_is_paid_in_two_parts_by_its_reference() {
    let bill = Bill::new().await;
    let app = &bill.app;
    app.fault_only(PAYER, "callback_twice", "paybill").await;
    app.pay_bill(PAYER, 100_000, &bill.reference).await;
    bill.paid(100_000).await;
    bill.callbacks("applied", 2).await;
    let typed = format!("{} {}", &bill.reference[..6], &bill.reference[6..]).to_lowercase();
    app.pay_bill(PAYER, 60_000, &typed).await;
    let funded = app.wait_for_deal(&bill.buyer, &bill.deal, "funded").await;
    assert_eq!(funded["payment_instructions"], Value::Null);
    assert_eq!(funded["pay_reference"], bill.reference.as_str());
    assert_eq!(funded["payment"]["phone"], Value::Null);
    assert_eq!(app.balance(&bill.buyer).await, (10_000, 0));
    assert_eq!(bill.payments().await, 2);
    bill.assert_agreed(2, 0).await;
}

/// The confirmation is lost, so the statement books the payment. A late confirmation changes
/// nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_statement_tells_of_a_payment_whose_confirmation_is_lost() {
    let bill = Bill::new().await;
    let app = &bill.app;
    app.fault_only(PAYER, "callback_lost", "paybill").await;
    let receipt = app.pay_bill(PAYER, 150_000, &bill.reference).await;
    bill.assert_agreed(0, 1).await;
    app.wait_for_deal(&bill.buyer, &bill.deal, "funded").await;
    let late = paid_bill(&receipt, 150_000, &bill.reference);
    app.call_back_ok("b", &bill.token, &late).await;
    bill.callbacks("applied", 1).await;
    assert_eq!((bill.payments().await, app.balance(&bill.buyer).await), (1, (0, 0)));
    bill.assert_agreed(1, 0).await;
}

/// M-Pesa confirms a prompted payment at the paybill too; both confirmations are one payment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prompt_that_is_confirmed_twice_over_is_one_payment() {
    let bill = Bill::new().await;
    let app = &bill.app;
    app.start_mpesa(&bill.buyer, &bill.deal).await;
    app.approve_prompt(&bill.buyer.phone).await;
    app.wait_for_deal(&bill.buyer, &bill.deal, "funded").await;
    bill.callbacks("applied", 1).await;
    assert_eq!((bill.payments().await, app.balance(&bill.buyer).await), (1, (0, 0)));
    assert_eq!(app.entries(&format!("{}:fund:1", bill.deal)).await, 1);
    bill.assert_agreed(1, 0).await;
}

/// A closed deal takes no money. Money without a known reference is booked when the statement shows
/// it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_pays_for_nothing_is_not_lost() {
    let bill = Bill::new().await;
    let app = &bill.app;
    let cancel = format!("/v1/deals/{}/cancel", bill.deal);
    app.post(&bill.buyer, &cancel, Value::Null).await.expect(200);
    app.pay_bill(PAYER, 150_000, &bill.reference).await;
    eventually("the money is in the wallet", || async {
        (app.balance(&bill.buyer).await == (150_000, 0)).then_some(())
    })
    .await;
    app.pay_bill(PAYER, 70_000, "GOATS").await;
    bill.callbacks("unmatched", 1).await;
    let run = app.reconcile_now().await;
    assert_eq!((run.matched, run.healed, run.unclaimed), (1, 0, 1));
    // A repeated confirmation leaves the money in suspense.
    let goats = paid_bill("UKL0000001", 70_000, "GOATS");
    app.call_back_ok("b", &bill.token, &goats).await;
    bill.callbacks("unmatched", 2).await;
    app.assert_sound().await;
}

/// Money arrives for a closed deal whose buyer's account is closed. It goes to suspense, where
/// operators look for the owner.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_for_somebody_who_has_left_is_looked_into() {
    let bill = Bill::new().await;
    let app = &bill.app;
    let cancel = format!("/v1/deals/{}/cancel", bill.deal);
    app.post(&bill.buyer, &cancel, Value::Null).await.expect(200);
    let operator = app.operator().await;
    let close = format!("/v1/operator/users/{}/close", bill.buyer.id);
    app.post(&operator, &close, json!({ "note": "Asked for it" })).await.expect(200);
    app.pay_bill(PAYER, 150_000, &bill.reference).await;
    bill.callbacks("unmatched", 1).await;
    assert_eq!(bill.payments().await, 0);
    let run = app.reconcile_now().await;
    assert_eq!((run.matched, run.healed, run.unclaimed), (0, 0, 1));
    assert_eq!(app.balance(&bill.buyer).await, (0, 0));
    app.assert_sound().await;
}

/// A confirmation at an unknown address has no effect; an unreadable one is stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_confirmation_moves_nothing() {
    let bill = Bill::new().await;
    let app = &bill.app;
    let forged = paid_bill("UKL1", 150_000, &bill.reference);
    let another = "0123456789abcdef0123456789abcdef";
    app.call_back_ok("b", another, &forged).await;
    assert_eq!(app.database.number("select count(*) from callbacks").await, 0);
    let strays = "select count from callback_strays where kind = 'paybill'";
    assert_eq!(app.database.number(strays).await, 1);
    let answer = app.call_back("b", &bill.token, "<html>").await;
    assert_eq!(answer, (200, accepted()));
    bill.callbacks("unreadable", 1).await;
    assert_eq!(bill.payments().await, 0);
}

/// M-Pesa asks before it takes money; only payments with a known purpose are accepted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_are_validated_before_money_is_taken() {
    let bill = Bill::new().await;
    let app = &bill.app;
    let asks = async |token: &str, reference: &str| {
        let body = json!({ "TransAmount": "10.00", "BillRefNumber": reference }).to_string();
        let (status, answer) = app.call_back("v", token, body).await;
        assert_eq!(status, 200);
        answer["ResultCode"].as_str().expect("a code").to_owned()
    };
    assert_eq!(asks(&bill.token, &bill.reference.to_lowercase()).await, "0");
    assert_eq!(asks(&bill.token, "GOATS").await, "C2B00012");
    assert_eq!(asks("0123456789abcdef0123456789abcdef", &bill.reference).await, "C2B00012");
    let payment = app.start_mpesa(&bill.buyer, &bill.deal).await;
    let prompted = app.payment_column(&payment, "reference").await.expect("a reference");
    assert_eq!(asks(&bill.token, &prompted).await, "0");
    app.approve_prompt(&bill.buyer.phone).await;
    app.wait_for_deal(&bill.buyer, &bill.deal, "funded").await;
    assert_eq!(asks(&bill.token, &bill.reference).await, "C2B00012");
    assert_eq!(asks(&bill.token, &prompted).await, "C2B00012");
}
