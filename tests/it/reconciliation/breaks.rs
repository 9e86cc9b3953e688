//! What does not fit is listed for a person, and closed when it fits again.

use amana_harness::{App, DealPlan};
use reqwest::Method;
use serde_json::json;

async fn set_float(app: &App, minor: i64) {
    let body = json!({ "float": minor });
    let status = app.sandbox_send(Method::PUT, "/admin/organisation", body).await;
    assert!(status.is_success(), "{status}");
}

/// Money leaves our account at the provider without an order of ours: the payout is listed, and so is
/// that the provider now holds less than we owe.
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
            ("unknown_payout", "KES 1.00 left without an order of ours"),
        ]
    );
    // Put back by hand: the equation holds again, with what came back in suspense; the payout stays listed.
    set_float(&app, 150_000).await;
    let run = app.reconcile_now().await;
    assert_eq!(run.unclaimed, 1);
    app.assert_sound().await;
}

/// A balance that was changed behind the ledger's back is named, and closed when it is right again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_balance_that_differs_is_listed_until_it_is_right_again() {
    let app = App::start().await;
    app.funded(&DealPlan::default()).await;
    let change = |sign: &str| {
        format!(
            "update accounts set balance_minor = balance_minor {sign} 1 where kind = 'deal.escrow'"
        )
    };
    let escrow = "select id::text from deals";
    let escrow = app.database.text(escrow).await.expect("a deal");
    app.database.tamper(&change("+")).await;
    for _ in 0..2 {
        assert_eq!(app.reconcile_now().await.open_breaks, 1);
        assert_eq!(app.break_list().await, [format!("balance_differs deal.escrow {escrow} KES")]);
    }
    app.database.tamper(&change("-")).await;
    assert_eq!(app.reconcile_now().await.open_breaks, 0);
    let closed =
        "select count(*) from breaks where kind = 'balance_differs' and closed_at is not null";
    assert_eq!(app.database.number(closed).await, 1);
    app.assert_sound().await;
}

/// A posting that was changed breaks its entry and the sum of the ledger; both are listed and closed again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_posting_that_was_changed_is_listed_until_it_is_right_again() {
    let app = App::start().await;
    let funded = app.funded(&DealPlan::default()).await;
    let change = |sign: &str| {
        format!(
            "update postings set amount_minor = amount_minor {sign} 1
            where account_id = (select id from accounts where kind = 'deal.escrow')"
        )
    };
    app.database.tamper(&change("+")).await;
    app.reconcile_now().await;
    let found = app.break_list().await;
    assert!(found.contains(&format!("balance_differs entry {}:fund", funded.deal)), "{found:?}");
    assert!(found.contains(&"trust_equation ledger KES".to_owned()), "{found:?}");
    app.database.tamper(&change("-")).await;
    assert_eq!(app.reconcile_now().await.open_breaks, 0);
    app.assert_sound().await;
}

/// A payment that we hold for paid on a forged word is found out: the statement does not have it.
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
    assert_eq!(app.reconcile_now().await.open_breaks, 0, "the statement may still be late");
    app.clock.advance(chrono::TimeDelta::minutes(11));
    app.reconcile_now().await;
    assert_eq!(app.break_list().await, [format!("missing_on_statement {payment}")]);
    app.assert_sound().await;
}
