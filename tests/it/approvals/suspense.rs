//! Assigning money in suspense to its owner.

use super::{noon, pair, refused};
use amana_domain::permission::UserRole;
use amana_harness::App;
use serde_json::{Value, json};

const NONE: [String; 0] = [];

/// Asserts the balance of suspense and the sum of the open items.
pub(super) async fn assert_suspense(app: &App, minor: i64) {
    let proof = app.store.proof().await.expect("a proof");
    assert_eq!(proof.currencies[0].suspense_minor, minor);
    let open =
        "select coalesce(sum(amount_minor), 0)::bigint from suspense_items where closed_at is null";
    assert_eq!(app.database.number(open).await, minor);
    app.assert_sound().await;
}

pub(super) fn of_receipt(receipt: &str) -> Value {
    json!({ "kind": "move_suspense", "provider": "mpesa", "receipt": receipt })
}

/// Creates money in suspense. Returns its receipt.
pub(super) async fn in_suspense(app: &App, minor: i64) -> String {
    let receipt = app.pay_bill("254733000001", minor, "HELLO").await;
    app.reconcile_now().await;
    receipt
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_in_suspense_is_given_to_whom_it_belongs() {
    let app = App::builder().without_worker().start().await;
    let (asker, other) = pair(&app).await;
    let amina = app.person("Amina").await;
    // The amount exceeds her limits on purpose: money that was paid in is credited beyond any
    // limit.
    app.database.execute("update tier_limits set balance_minor_max = 100000, transaction_minor_max = 100, day_minor_max = 100").await;
    let receipt = in_suspense(&app, 250_000).await;
    assert_suspense(&app, 250_000).await;
    assert_eq!(app.discrepancy_list().await, [format!("unclaimed {receipt}")]);
    let asked = app.request_approval(&asker, &amina, of_receipt(&receipt)).await.expect(201);
    assert_eq!(asked["amount"], json!({ "amount": 250_000, "currency": "KES" }));
    let id = asked["id"].as_str().expect("an id");
    assert_suspense(&app, 250_000).await;
    app.decide_approval(&other, id, "approve").await.expect(200);
    assert_suspense(&app, 0).await;
    assert_eq!(app.balance(&amina).await, (250_000, 0));
    assert_eq!(app.discrepancy_list().await, NONE);
    assert_eq!(app.entries(&format!("mpesa:{receipt}:suspense_out")).await, 1);
    let items = app.get(&asker, "/v1/operator/suspense").await.expect(200)["items"].clone();
    assert_eq!((&items[0]["receipt"], &items[0]["closed_by"]), (&json!(receipt), &json!(id)));
    assert!(items[0]["closed_at"].is_string());
    let seen = app.get(&amina, "/v1/transactions").await.expect(200)["items"][0].clone();
    assert_eq!(
        (&seen["kind"], &seen["amount"]["amount"]),
        (&json!("suspense_out"), &json!(250_000))
    );
    app.run_due_jobs().await;
    let told = [app.mails(&amina).await, app.texts(&amina).await].concat();
    let told =
        told.iter().filter(|one| one.text.contains("KES 2,500.00") && one.text.contains(&receipt));
    assert_eq!(told.count(), 2);
    // Later statements contain the line again; the money is booked once.
    app.reconcile_now().await;
    assert_eq!(app.discrepancy_list().await, NONE);
    refused(&app.request_approval(&asker, &amina, of_receipt(&receipt)).await, 409, "wrong_state");
    assert_suspense(&app, 0).await;
}

/// Support may request and approve up to KES 10,000, during the day.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ceiling_counts_for_asking_and_for_deciding() {
    let app = App::builder().without_worker().start().await;
    noon(&app);
    let support = [app.staff(UserRole::Support).await, app.staff(UserRole::Support).await];
    let admin = app.staff(UserRole::Admin).await;
    let amina = app.person("Amina").await;
    let (little, much) = (in_suspense(&app, 1_000_000).await, in_suspense(&app, 1_000_100).await);
    refused(&app.request_approval(&support[0], &amina, of_receipt(&much)).await, 403, "forbidden");
    let much = app.asked(&admin, &amina, of_receipt(&much)).await;
    refused(&app.decide_approval(&support[0], &much, "approve").await, 403, "forbidden");
    let little = app.asked(&support[0], &amina, of_receipt(&little)).await;
    app.decide_approval(&support[1], &little, "approve").await.expect(200);
    assert_eq!(app.balance(&amina).await, (1_000_000, 0));
    assert_suspense(&app, 1_000_100).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_account_gets_nothing_out_of_suspense() {
    let app = App::builder().without_worker().start().await;
    let (asker, other) = pair(&app).await;
    let amina = app.person("Amina").await;
    let receipt = in_suspense(&app, 5_000).await;
    let id = app.asked(&asker, &amina, of_receipt(&receipt)).await;
    let note = json!({ "note": "asked for" });
    let path = format!("/v1/operator/users/{}", amina.id);
    app.post(&other, &format!("{path}/close"), note.clone()).await.expect(200);
    refused(&app.decide_approval(&other, &id, "approve").await, 422, "recipient_closed");
    assert_suspense(&app, 5_000).await;
    // The refusal did not decide the request.
    app.post(&other, &format!("{path}/reopen"), note).await.expect(200);
    app.decide_approval(&other, &id, "approve").await.expect(200);
    assert_eq!(app.balance(&amina).await, (5_000, 0));
    assert_suspense(&app, 0).await;
}
