//! Discrepancies are listed, and closed when they are resolved.

use amana_harness::{App, DealPlan};
use reqwest::Method;
use serde_json::json;

async fn set_float(app: &App, minor: i64) {
    let body = json!({ "float": minor });
    let status = app.sandbox_send(Method::PUT, "/admin/organisation", body).await;
    assert!(status.is_success(), "{status}");
}

/// Money leaves our account at the provider without an order. The payout is listed, and so is the
/// resulting shortfall.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_that_nobody_ordered_is_listed() {
    let app = App::start().await;
    app.funded(&DealPlan::default()).await;
    assert_eq!(app.reconcile_now().await.open_breaks, 0);
    set_float(&app, 149_900).await;
    let run = app.reconcile_now().await;
    assert_eq!((run.provider_balance_minor, run.clearing_minor), (Some(149_900), -150_000));
    let breaks = app.open_breaks().await;
    let details: Vec<_> =
        breaks.iter().map(|one| (one.kind.as_str(), one.detail.as_str())).collect();
    assert_eq!(
        details,
        [
            (
                "trust_equation",
                "the provider holds 149900 minor units, our clearing account says 150000"
            ),
            ("unknown_payout", "KES 1.00 paid out without an order"),
        ]
    );
    // The float is corrected by hand: the equation holds again, with the returned money in
    // suspense. The payout stays listed.
    set_float(&app, 150_000).await;
    let run = app.reconcile_now().await;
    assert_eq!(run.unclaimed, 1);
    app.assert_sound().await;
}

/// A balance is changed by SQL. The trust equation fails at once, and the nightly check names the
/// account. Both are closed after the balance is corrected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_balance_that_differs_is_listed_until_it_is_right_again() {
    let mut app = App::start().await;
    let deal = app.funded(&DealPlan::default()).await.deal;
    let operator = app.operator().await;
    app.stop_worker().await;
    let change = |sign: &str| {
        format!(
            "update accounts set balance_minor = balance_minor {sign} 1 where kind = 'deal.escrow'"
        )
    };
    let (account, fault) = (
        format!("account deal.escrow {deal} KES"),
        "stored balance 150001, sum of postings 150000",
    );
    app.database.tamper(&change("+")).await;
    for _ in 0..2 {
        assert_eq!(app.reconcile_now().await.open_breaks, 1);
        assert_eq!(app.discrepancy_list().await, ["trust_equation ledger KES"]);
    }
    for _ in 0..2 {
        app.check_ledger_now().await;
        let listed = [format!("balance_differs {account}"), "trust_equation ledger KES".into()];
        assert_eq!(app.discrepancy_list().await, listed);
    }
    let proof = app.get(&operator, "/v1/operator/proof").await.expect(200);
    assert_eq!(proof["is_consistent"], false);
    assert_eq!(proof["latest_check"]["first_error"], format!("{account}: {fault}"));
    assert_eq!(proof["latest_check"]["is_consistent"], false);
    app.database.tamper(&change("-")).await;
    assert_eq!(
        app.reconcile_now().await.open_breaks,
        1,
        "expected that only a full check closes its own findings"
    );
    app.check_ledger_now().await;
    assert_eq!(app.discrepancy_list().await, [""; 0]);
    let closed = "select count(*) from breaks where closed_at is not null";
    assert_eq!(app.database.number(closed).await, 2);
    let proof = app.get(&operator, "/v1/operator/proof").await.expect(200);
    assert_eq!(
        (&proof["is_consistent"], &proof["latest_check"]["is_consistent"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(proof["latest_check"]["first_error"], json!(null));
    assert_eq!(proof["latest_check"]["postings"], 4);
    app.assert_sound().await;
}

/// A check stops at the first wrong row. A discrepancy behind that row stays listed until a check
/// finds nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_a_check_did_not_reach_stay_listed() {
    let mut app = App::start().await;
    let deal = app.funded(&DealPlan::default()).await.deal;
    app.stop_worker().await;
    let escrow = "account_id = (select id from accounts where kind = 'deal.escrow')";
    let posting =
        |sign| format!("update postings set amount_minor = amount_minor {sign} 1 where {escrow}");
    let clearing =
        |sign| format!("update accounts set seq = seq {sign} 1 where kind = 'provider.clearing'");
    let first = format!("balance_differs posting 1 of deal.escrow {deal} KES");
    app.database.tamper(&posting("+")).await;
    app.check_ledger_now().await;
    assert_eq!(app.discrepancy_list().await, std::slice::from_ref(&first));
    app.database.tamper(&clearing("+")).await;
    app.database.tamper(&posting("-")).await;
    app.check_ledger_now().await;
    let second = "balance_differs account provider.clearing mpesa KES".to_owned();
    assert_eq!(app.discrepancy_list().await, [second, first]);
    app.database.tamper(&clearing("-")).await;
    app.check_ledger_now().await;
    assert_eq!(app.discrepancy_list().await, [""; 0]);
    app.assert_sound().await;
}

/// A forged callback confirmed a payment; it is listed because the statement does not contain it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_the_statement_does_not_have_is_listed() {
    let app = App::start().await;
    let buyer = app.person("Amina").await;
    let body = json!({ "amount": { "amount": 70_000, "currency": "KES" } });
    let deposit = app.post(&buyer, "/v1/wallet/deposits", body).await.expect(202);
    let payment = deposit["id"].as_str().expect("an id");
    app.wait_for_prompt(&buyer.phone).await;
    app.wait_for_payment(&buyer, payment, "pending").await;
    let token = app.callback_token(payment).await;
    let checkout = app.provider_reference(payment).await;
    let lie = amana_harness::paid_prompt(&checkout, "UKL0FORGED", 70_000);
    app.call_back_ok("c", &token, &lie).await;
    app.wait_for_payment(&buyer, payment, "succeeded").await;
    assert_eq!(
        app.reconcile_now().await.open_breaks,
        0,
        "expected no discrepancy while the statement may be late"
    );
    app.clock.advance(chrono::TimeDelta::minutes(11));
    app.reconcile_now().await;
    assert_eq!(app.discrepancy_list().await, [format!("missing_on_statement {payment}")]);
    app.assert_sound().await;
}
