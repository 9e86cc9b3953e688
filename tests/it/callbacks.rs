//! Callbacks, genuine and forged. All are acknowledged, and those to valid addresses are stored.
//! Only a genuine callback of a payment becomes money, once.

use crate::faults::{Agreed, agreed, assert_funded_once};
use amana_harness::{App, Person, accepted, eventually, failed_prompt, paid_prompt};
use serde_json::{Value, json};
use std::time::Duration;

/// Callbacks arrive only when a test posts them.
const NEVER: Duration = Duration::from_secs(3_600);

pub(crate) const PRICE: i64 = 150_000;
const BODY_BYTES_MAX: usize = 16 * 1024;

/// A deal with a pending prompt on its buyer's phone.
pub(crate) struct Prompted {
    pub(crate) agreed: Agreed,
    pub(crate) payment: String,
    pub(crate) token: String,
    pub(crate) checkout: String,
}

impl Prompted {
    pub(crate) fn buyer(&self) -> &Person {
        &self.agreed.buyer
    }

    /// Enters the PIN and returns the receipt.
    async fn pay(&self, app: &App) -> String {
        app.approve_prompt(&self.buyer().phone).await;
        let taken = app.collections(&self.buyer().phone).await;
        taken[0]["outcome"]["receipt"].as_str().expect("a receipt").to_owned()
    }

    pub(crate) async fn says(&self, app: &App, body: &Value) {
        app.call_back_ok("c", &self.token, body).await;
    }

    pub(crate) async fn state(&self, app: &App) -> Option<String> {
        app.payment_column(&self.payment, "state").await
    }
}

pub(crate) async fn quiet_app() -> App {
    App::builder().callback_delay(NEVER).start().await
}

pub(crate) async fn prompted(app: &App) -> Prompted {
    let agreed = agreed(app).await;
    let payment = app.start_mpesa(&agreed.buyer, &agreed.deal).await;
    app.wait_for_payment(&agreed.buyer, &payment, "pending").await;
    let (token, checkout) =
        (app.callback_token(&payment).await, app.provider_reference(&payment).await);
    Prompted { agreed, payment, token, checkout }
}

/// Waits until this many callbacks are in this state.
pub(crate) async fn callbacks_are(app: &App, state: &str, count: i64) {
    let query = format!("select count(*) from callbacks where state = '{state}'");
    eventually(&format!("{count} callbacks {state}"), || async {
        (app.database.number(&query).await == count).then_some(())
    })
    .await;
}

async fn assert_untouched(app: &App, prompted: &Prompted) {
    assert_eq!(prompted.state(app).await.as_deref(), Some("pending"));
    assert_eq!(app.database.number("select count(*) from entries").await, 0);
    app.assert_sound().await;
}

/// Posts a correct "paid" body for a real prompt to addresses that were never issued.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_addresses_are_acknowledged_and_move_nothing() {
    let app = quiet_app().await;
    let prompted = prompted(&app).await;
    let body = paid_prompt(&prompted.checkout, "UKL7FORGED", PRICE);
    let tokens = [
        "0123456789abcdef0123456789abcdef".to_owned(),
        prompted.token.to_uppercase(),
        format!("{}0", prompted.token),
        prompted.token[1..].to_owned(),
        "x".to_owned(),
        "%00%0a'%22".to_owned(),
        "..%2f..%2fetc".to_owned(),
        "k".repeat(1_500),
    ];
    let mut count = 0;
    for token in &tokens {
        for kind in ["c", "p", "t"] {
            let answer = app.call_back(kind, token, body.to_string()).await;
            assert_eq!(answer, (200, accepted()), "{kind} {token}");
            count += 1;
        }
    }
    // The token of a collection is invalid for payouts and for the paybill.
    for kind in ["p", "t", "b"] {
        app.call_back_ok(kind, &prompted.token, &body).await;
        count += 1;
    }
    assert_eq!(app.database.number("select count(*) from callbacks").await, 0);
    let counted = "select sum(count)::bigint from callback_strays";
    assert_eq!(app.database.number(counted).await, count);
    let rows = "select count(*) from callback_strays";
    assert!(
        app.database.number(rows).await <= 8,
        "expected one row per kind and day, on at most two days"
    );
    let jobs = "select count(*) from jobs where kind = 'apply_callback'";
    assert_eq!(app.database.number(jobs).await, 0, "expected no jobs after forged callbacks");
    assert_untouched(&app, &prompted).await;
}

/// Unreadable bodies at the right address are stored unchanged, and the genuine callback still
/// counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unreadable_bodies_are_kept_and_move_nothing() {
    let app = quiet_app().await;
    let prompted = prompted(&app).await;
    let bodies = unreadable(&prompted.checkout);
    for body in &bodies {
        let answer = app.call_back("c", &prompted.token, body.clone()).await;
        assert_eq!(answer, (200, accepted()), "{:?}", String::from_utf8_lossy(body));
    }
    let count = i64::try_from(bodies.len()).expect("a count");
    callbacks_are(&app, "unreadable", count).await;
    let kept = "select max(size_bytes) from callbacks";
    assert_eq!(app.database.number(kept).await, i64::try_from(BODY_BYTES_MAX).expect("a size"));
    assert_untouched(&app, &prompted).await;
    let receipt = prompted.pay(&app).await;
    prompted.says(&app, &paid_prompt(&prompted.checkout, &receipt, PRICE)).await;
    assert_funded_once(&app, &prompted.agreed, &prompted.payment).await;
}

fn unreadable(checkout: &str) -> Vec<Vec<u8>> {
    let with = |name: &str, value: Value| {
        let mut body = paid_prompt(checkout, "UKL7GOOD01", PRICE);
        let items = &mut body["Body"]["stkCallback"]["CallbackMetadata"]["Item"];
        let items = items.as_array_mut().expect("items");
        let item = items.iter_mut().find(|item| item["Name"] == name).expect("an item");
        item["Value"] = value;
        body.to_string().into_bytes()
    };
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        vec![],
        text("<html>502 Bad Gateway</html>"),
        text("[]"),
        text("null"),
        text("{}"),
        text(r#"{"Body":{"stkCallback":{"ResultCode":0}}}"#),
        text(r#"{"Body":{"stkCallback":{"ResultCode":"\u0000","CheckoutRequestID":"a"}}}"#),
        format!(r#"{{"Body":{}"#, "[".repeat(10_000)).into_bytes(),
        vec![0; BODY_BYTES_MAX],
        vec![0xff, 0xfe, 0x00],
        with("Amount", json!(-1_500)),
        with("Amount", json!("1e3")),
        with("Amount", json!("1500.005")),
        with("Amount", json!("99999999999999999999999")),
        with("Amount", Value::Null),
        with("MpesaReceiptNumber", Value::Null),
        with("MpesaReceiptNumber", json!("UKL7\u{0}")),
        with("MpesaReceiptNumber", json!("U".repeat(500))),
    ]
}

/// A body that is one byte too long is refused as a whole, not stored in part.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_over_the_limit_is_refused() {
    let app = quiet_app().await;
    let prompted = prompted(&app).await;
    let body = vec![b' '; BODY_BYTES_MAX + 1];
    let (status, problem) = app.call_back("c", &prompted.token, body).await;
    assert_eq!((status, &problem["code"]), (413, &json!("request_too_large")));
    assert_eq!(app.database.number("select count(*) from callbacks").await, 0);
    assert_untouched(&app, &prompted).await;
}

/// Ten callbacks in a row and twenty concurrent ones lead to one credit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeated_callbacks_credit_once() {
    let app = quiet_app().await;
    let prompted = prompted(&app).await;
    let receipt = prompted.pay(&app).await;
    let body = paid_prompt(&prompted.checkout, &receipt, PRICE);
    tokio_join_all((0..20).map(|_| prompted.says(&app, &body))).await;
    for _ in 0..10 {
        prompted.says(&app, &body).await;
    }
    callbacks_are(&app, "applied", 30).await;
    assert_funded_once(&app, &prompted.agreed, &prompted.payment).await;
    assert_eq!(app.discrepancy_list().await, [] as [String; 0]);
    let evidence = "select count(*) from payment_evidence where source = 'callback'";
    assert_eq!(app.database.number(evidence).await, 1);
}

/// Runs all futures concurrently on this task.
async fn tokio_join_all<F: Future<Output = ()>>(all: impl Iterator<Item = F>) {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        all.retain_mut(|one| one.as_mut().poll(context).is_pending());
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

/// A success after "cancelled" funds the deal if it still accepts money, and is listed for review.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn success_after_failure_funds_the_deal_if_it_still_can() {
    let app = quiet_app().await;
    let prompted = prompted(&app).await;
    prompted.says(&app, &failed_prompt(&prompted.checkout, 1032)).await;
    let failed = app.wait_for_payment(prompted.buyer(), &prompted.payment, "failed").await;
    assert_eq!(failed["reason"], "cancelled_by_payer");
    app.wait_for_deal(prompted.buyer(), &prompted.agreed.deal, "agreed").await;
    let receipt = prompted.pay(&app).await;
    prompted.says(&app, &paid_prompt(&prompted.checkout, &receipt, PRICE)).await;
    assert_funded_once(&app, &prompted.agreed, &prompted.payment).await;
    assert_eq!(app.discrepancy_list().await, [format!("review {}", prompted.payment)]);
}

/// The deal was cancelled after the failed payment, so a later success credits the buyer's wallet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn success_after_failure_goes_to_the_wallet_if_the_deal_is_over() {
    let app = quiet_app().await;
    let prompted = prompted(&app).await;
    let (buyer, deal) = (prompted.buyer(), &prompted.agreed.deal);
    prompted.says(&app, &failed_prompt(&prompted.checkout, 1037)).await;
    app.wait_for_payment(buyer, &prompted.payment, "failed").await;
    app.post(buyer, &format!("/v1/deals/{deal}/cancel"), Value::Null).await.expect(200);
    let receipt = prompted.pay(&app).await;
    prompted.says(&app, &paid_prompt(&prompted.checkout, &receipt, PRICE)).await;
    app.wait_for_payment(buyer, &prompted.payment, "succeeded").await;
    app.wait_for_deal(buyer, deal, "cancelled").await;
    assert_eq!(app.balance(buyer).await, (PRICE, 0));
    let timeline = app.timeline(buyer, deal).await;
    assert_eq!(timeline.last().map(String::as_str), Some("payment.kept_in_wallet"));
    app.assert_sound().await;
}

/// A failure that is reported after the success reverses nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failure_after_success_takes_nothing_back() {
    let app = quiet_app().await;
    let prompted = prompted(&app).await;
    let receipt = prompted.pay(&app).await;
    prompted.says(&app, &paid_prompt(&prompted.checkout, &receipt, PRICE)).await;
    app.wait_for_payment(prompted.buyer(), &prompted.payment, "succeeded").await;
    prompted.says(&app, &failed_prompt(&prompted.checkout, 1032)).await;
    callbacks_are(&app, "applied", 2).await;
    assert_funded_once(&app, &prompted.agreed, &prompted.payment).await;
    assert_eq!(app.discrepancy_list().await, [format!("review {}", prompted.payment)]);
}
