//! Forged callbacks at a valid address, and how little they achieve.

use crate::callbacks::callbacks_are;
use amana_harness::{App, DealPlan, Person, eventually, paid_bill, paid_prompt};
use chrono::TimeDelta;
use serde_json::{Value, json};

const NONE: [String; 0] = [];

fn kes(minor: i64) -> Value {
    json!({ "amount": { "amount": minor, "currency": "KES" } })
}

/// A buyer who knows the paybill's callback address, with a deal of their own.
struct Forger {
    app: App,
    buyer: Person,
    deal: String,
    reference: String,
    token: String,
}

impl Forger {
    async fn new() -> Self {
        let app = App::start().await;
        let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
        let token = app.register_paybill().await;
        let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
        let seen = app.get(&buyer, &format!("/v1/deals/{deal}")).await.expect(200);
        let reference = seen["pay_reference"].as_str().expect("a reference").to_owned();
        Self { app, buyer, deal, reference, token }
    }

    async fn says(&self, body: &Value) {
        self.app.call_back_ok("b", &self.token, body).await;
    }

    async fn payments(&self) -> i64 {
        self.app.database.number("select count(*) from payments").await
    }

    async fn states(&self) -> Vec<String> {
        let states = "select string_agg(state || case when confirmed then '!' else '' end, ' ' order by id) from payments";
        let states = self.app.database.text(states).await.unwrap_or_default();
        states.split_whitespace().map(str::to_owned).collect()
    }
}

/// Attack, step by step: forged paybill confirmations neither create unlimited money nor let any
/// leave.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_confirmation_is_refused_at_every_step() {
    let forger = Forger::new().await;
    let (app, reference) = (&forger.app, &forger.reference);
    let with = |name: &str, value: &str| {
        let mut body = paid_bill("FAKE000001", 100_000, reference);
        body[name] = json!(value);
        body
    };
    // An amount above the provider's limit, another shortcode, a till.
    let refused = [
        with("TransAmount", "9000000.00"),
        with("TransAmount", "250000.01"),
        with("BusinessShortCode", "111111"),
        with("TransactionType", "Buy Goods"),
    ];
    for body in &refused {
        forger.says(body).await;
    }
    callbacks_are(app, "unreadable", 4).await;
    assert_eq!((forger.payments().await, app.balance(&forger.buyer).await), (0, (0, 0)));
    // A large amount is not credited on a callback's word.
    forger.says(&paid_bill("FAKE000002", 24_000_000, reference)).await;
    callbacks_are(app, "applied", 1).await;
    assert_eq!(forger.states().await, ["confirming"]);
    assert_eq!(app.balance(&forger.buyer).await, (0, 0));
    app.wait_for_deal(&forger.buyer, &forger.deal, "agreed").await;
    // Many small amounts are not either: their sum is a large amount.
    forger.says(&paid_bill("FAKE000003", 3_000_000, reference)).await;
    callbacks_are(app, "applied", 2).await;
    forger.says(&paid_bill("FAKE000004", 3_000_000, reference)).await;
    callbacks_are(app, "applied", 3).await;
    assert_eq!(forger.states().await, ["confirming", "succeeded", "confirming"]);
    let (credited, _) = app.balance(&forger.buyer).await;
    assert!(credited <= 3_000_000, "{credited}");
    // Ten minutes later the statement does not have the receipt. From then on payouts are held.
    app.pay_bill("254733000001", 10_000, "GOATS").await;
    app.clock.advance(TimeDelta::minutes(11));
    let buyer = app.logged_in_again(&forger.buyer).await;
    app.reconcile_now().await;
    assert_eq!(forger.states().await, ["failed", "succeeded", "failed"]);
    let listed = app.discrepancy_list().await;
    let is_listed = |kind: &str| listed.iter().any(|one| one.starts_with(kind));
    assert!(is_listed("missing_on_statement") && is_listed("trust_equation"), "{listed:?}");
    let asked = app.post(&buyer, "/v1/withdrawals", kes(1_000_000)).await.expect(202);
    let id = asked["id"].as_str().expect("an id");
    let held = eventually("the withdrawal waits", || async {
        let seen = app.get(&buyer, &format!("/v1/payments/{id}")).await.expect(200);
        (seen["problem"] == "discrepancy_open").then_some(seen)
    })
    .await;
    assert_eq!(held["state"], "queued");
    assert_eq!(app.payouts(&buyer.phone).await, [] as [Value; 0]);
    app.assert_sound().await;
}

/// The schema enforces it too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schema_credits_no_large_amount_on_a_callbacks_word() {
    let forger = Forger::new().await;
    forger.says(&paid_bill("FAKE000002", 24_000_000, &forger.reference)).await;
    callbacks_are(&forger.app, "applied", 1).await;
    let settle = "update payments set state = 'succeeded'";
    let refused = forger.app.database.refusal(settle).await;
    assert_eq!(refused, "payments_large_credits_confirmed");
}

/// The same amounts, truly paid: the statement confirms them, and then they are credited.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_payment_at_the_paybill_counts_once_the_statement_has_it() {
    let forger = Forger::new().await;
    let app = &forger.app;
    let rich = json!({ "balance": 50_000_000 });
    app.sandbox_send(reqwest::Method::PUT, "/admin/customers/254711000009", rich).await;
    app.pay_bill("254711000009", 6_000_000, &forger.reference).await;
    callbacks_are(app, "applied", 1).await;
    assert_eq!(forger.states().await, ["confirming"]);
    // A payment that waits for the statement blocks nothing else.
    let fund = format!("/v1/deals/{}/fund", forger.deal);
    let body = json!({ "method": "mpesa", "phone": forger.buyer.phone });
    app.post(&forger.buyer, &fund, body).await.expect(202);
    let run = app.reconcile_now().await;
    assert_eq!((run.healed, run.open_breaks), (1, 0));
    assert_eq!(forger.states().await.first().map(String::as_str), Some("succeeded!"));
    app.wait_for_deal(&forger.buyer, &forger.deal, "funded").await;
    assert_eq!(app.balance(&forger.buyer).await, (6_000_000 - 150_000, 0));
    app.assert_sound().await;
}

/// A large prompted payment is queried at once, so its payer hardly waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_prompt_counts_once_the_provider_has_answered_our_question() {
    let app = App::start().await;
    let person = app.person("Amina").await;
    app.top_up(&person, 10_000_000).await;
    let asked =
        "select count(*) from payment_evidence where source = 'query' and claim = 'succeeded'";
    assert_eq!(app.database.number(asked).await, 1);
    assert_eq!(app.balance(&person).await, (10_000_000, 0));
    app.assert_sound().await;
}

/// A withdrawal that waits for an open discrepancy continues by itself when the discrepancy is
/// closed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payouts_go_on_when_the_discrepancy_is_closed() {
    let app = App::builder().callback_delay(std::time::Duration::from_secs(3_600)).start().await;
    let mut person = app.person("Amina").await;
    let first = app.post(&person, "/v1/wallet/deposits", kes(100_000)).await.expect(202);
    app.approve_prompt(&person.phone).await;
    app.reconcile_now().await;
    app.wait_for_payment(&person, first["id"].as_str().expect("an id"), "succeeded").await;
    // A callback that was forged, or arrived before its money.
    let asked = app.post(&person, "/v1/wallet/deposits", kes(70_000)).await.expect(202);
    let payment = asked["id"].as_str().expect("an id");
    app.wait_for_prompt(&person.phone).await;
    app.wait_for_payment(&person, payment, "pending").await;
    let (token, checkout) =
        (app.callback_token(payment).await, app.provider_reference(payment).await);
    app.call_back_ok("c", &token, &paid_prompt(&checkout, "UKL0FORGED", 70_000)).await;
    app.wait_for_payment(&person, payment, "succeeded").await;
    app.advance(TimeDelta::minutes(11), &mut [&mut person]).await;
    app.reconcile_now().await;
    assert!(app.discrepancy_list().await.contains(&format!("missing_on_statement {payment}")));
    let asked = app.post(&person, "/v1/withdrawals", kes(60_000)).await.expect(202);
    let withdrawal = asked["id"].as_str().expect("an id");
    eventually("the withdrawal waits", || async {
        let seen = app.get(&person, &format!("/v1/payments/{withdrawal}")).await.expect(200);
        (seen["problem"] == "discrepancy_open").then_some(())
    })
    .await;
    assert_eq!(app.payouts(&person.phone).await, [] as [Value; 0]);
    app.approve_prompt(&person.phone).await;
    app.reconcile_now().await;
    app.wait_for_payment(&person, withdrawal, "pending").await;
    assert_eq!(app.payouts(&person.phone).await.len(), 1);
    assert_eq!(app.discrepancy_list().await, [format!("review {payment}")]);
    app.assert_sound().await;
}

/// A new registration creates a new address; the previous one stays valid for seven days.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_of_the_paybill_rotates() {
    let forger = Forger::new().await;
    let app = &forger.app;
    let newer = app.register_paybill().await;
    assert_ne!(newer, forger.token);
    let stored = format!("select count(*) from callback_tokens t where t::text like '%{newer}%'");
    assert_eq!(app.database.number(&stored).await, 0, "expected a stored digest only");
    forger.says(&paid_bill("UKL7OLD001", 100, &forger.reference)).await;
    app.call_back_ok("b", &newer, &paid_bill("UKL7NEW001", 100, &forger.reference)).await;
    callbacks_are(app, "applied", 2).await;
    app.clock.advance(TimeDelta::days(7));
    forger.says(&paid_bill("UKL7OLD002", 100, &forger.reference)).await;
    app.call_back_ok("b", &newer, &paid_bill("UKL7NEW002", 100, &forger.reference)).await;
    callbacks_are(app, "applied", 3).await;
    assert_eq!(app.database.number("select count(*) from callbacks").await, 3);
    assert_eq!(app.discrepancy_list().await, NONE);
}
