//! Returning money in suspense to its payer: the payer's data, the access records, and one payout.

use super::{NONE, refused};
use amana_domain::permission::UserRole;
use amana_harness::{Answer, App, Person, eventually, payout_result};
use serde_json::{Value, json};

const PAYER: &str = "254733000001";
const PAID: i64 = 150_000;

/// Creates money in suspense from a number that the statement names. Returns its receipt.
async fn in_suspense(app: &App, phone: &str) -> String {
    app.statements_name_payers().await;
    let receipt = app.pay_bill(phone, PAID, "HELLO").await;
    app.reconcile_now().await;
    receipt
}

fn place(receipt: &str) -> String {
    format!("/v1/operator/suspense/mpesa/{receipt}")
}

async fn ask(app: &App, who: &Person, receipt: &str) -> Answer {
    app.step_up(who).await;
    let note = json!({ "note": "sent by mistake" });
    app.post(who, &format!("{}/return", place(receipt)), note).await
}

async fn ask_to_move(app: &App, who: &Person, to: &Person, receipt: &str) -> Answer {
    let wanted = json!({ "kind": "move_suspense", "provider": "mpesa", "receipt": receipt });
    app.request_approval(who, to, wanted).await
}

async fn item(app: &App, who: &Person, receipt: &str) -> Value {
    app.get(who, &place(receipt)).await.expect(200)["item"].clone()
}

/// Returns the id of the payout that an approval has started.
fn payout(approved: &Value) -> String {
    approved["payment_id"].as_str().expect("a payout").to_owned()
}

async fn ends(app: &App, payment: &str, state: &str) {
    eventually(&format!("{payment} is {state}"), || async {
        (app.payment_column(payment, "state").await.as_deref() == Some(state)).then_some(())
    })
    .await;
}

/// Asserts the balance of suspense and the sum of the open items.
async fn assert_suspense(app: &App, minor: i64) {
    let proof = app.store.proof().await.expect("a proof");
    assert_eq!(proof.currencies[0].suspense_minor, minor);
    let open =
        "select coalesce(sum(amount_minor), 0)::bigint from suspense_items where closed_at is null";
    assert_eq!(app.database.number(open).await, minor);
    app.assert_sound().await;
}

async fn pair(app: &App) -> (Person, Person) {
    (app.staff(UserRole::Compliance).await, app.staff(UserRole::Admin).await)
}

async fn freeze(app: &App, by: &Person, whom: &Person, how: &str) {
    let path = format!("/v1/operator/users/{}/{how}", whom.id);
    app.post(by, &path, json!({ "note": "looked into" })).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_paid_money_in_suspense_is_shown_and_the_look_recorded() {
    let app = App::builder().without_worker().start().await;
    let support = app.staff(UserRole::Support).await;
    let masked = app.pay_bill(PAYER, PAID, "HELLO").await;
    app.reconcile_now().await;
    let whole = in_suspense(&app, PAYER).await;
    let seen = app.get(&support, &place(&whole)).await.expect(200);
    assert_eq!(
        (&seen["item"]["receipt"], &seen["item"]["reference"]),
        (&json!(whole), &json!("HELLO"))
    );
    assert_eq!(
        (&seen["payer"]["phone"], &seen["payer"]["is_phone_complete"]),
        (&json!(PAYER), &json!(true))
    );
    let name = seen["payer"]["name"].as_str().expect("a name");
    let seen = app.get(&support, &place(&masked)).await.expect(200)["payer"].clone();
    assert_eq!(seen, json!({ "phone": "2547****001", "is_phone_complete": false, "name": name }));
    let records = app.store.audit_of(&format!("mpesa:{whole}")).await.expect("records");
    let records: Vec<_> = records.iter().map(|one| (one.actor(), one.kind.clone())).collect();
    assert_eq!(records, [(support.id.clone(), "suspense.payer_viewed".to_owned())]);
    // The list is open to all staff, so it omits the payer.
    let list = app.get(&support, "/v1/operator/suspense").await.expect(200).to_string();
    assert!(!list.contains(PAYER) && !list.contains(name), "{list}");
    refused(&app.get(&app.person("Amina").await, &place(&whole)).await, 403, "forbidden");
    refused(&app.get(&support, &place("UKL7NOBODY")).await, 404, "not_found");
    // A later statement contains the line again; nothing is stored twice.
    app.reconcile_now().await;
    assert_eq!(app.database.number("select count(*) from payer_keys").await, 2);
    assert_suspense(&app, 2 * PAID).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_in_suspense_goes_back_to_its_payer_once() {
    let app = App::start().await;
    let (asker, other) = pair(&app).await;
    let amina = app.person("Amina").await;
    let receipt = in_suspense(&app, PAYER).await;
    refused(&ask(&app, &app.staff(UserRole::Support).await, &receipt).await, 403, "forbidden");
    let asked = ask(&app, &asker, &receipt).await.expect(201);
    assert_eq!((&asked["kind"], &asked["receipt"]), (&json!("return_suspense"), &json!(receipt)));
    assert_eq!(asked["amount"], json!({ "amount": PAID, "currency": "KES" }));
    let id = asked["id"].as_str().expect("an id");
    refused(&ask(&app, &other, &receipt).await, 409, "already_requested");
    refused(&ask_to_move(&app, &other, &amina, &receipt).await, 409, "already_requested");
    refused(&app.decide_approval(&asker, id, "approve").await, 403, "own_request");
    assert_eq!(app.payouts(PAYER).await.len(), 0, "expected no change before the approval");
    let payment = payout(&app.approve(&other, &asked).await);
    ends(&app, &payment, "succeeded").await;
    assert_suspense(&app, 0).await;
    let taken = app.payouts(PAYER).await;
    assert_eq!(taken.len(), 1, "{taken:#?}");
    assert_eq!(
        (&taken[0]["originator_conversation_id"], &taken[0]["amount"]),
        (&json!(payment), &json!(PAID))
    );
    assert_eq!(app.entries(&format!("mpesa:{receipt}:suspense_out")).await, 1);
    let returned = item(&app, &asker, &receipt).await;
    assert_eq!(
        (&returned["closed_by"], &returned["return_payment_id"]),
        (&json!(id), &json!(payment))
    );
    assert_eq!(app.discrepancy_list().await, NONE);
    let seen = app.get(&asker, &format!("/v1/operator/payments/{payment}")).await.expect(200);
    assert_eq!(
        (&seen["user_id"], &seen["payment"]["purpose"]),
        (&Value::Null, &json!("return_suspense"))
    );
    // The item is closed: no further return is possible, and the statement agrees.
    refused(&ask(&app, &asker, &receipt).await, 409, "wrong_state");
    refused(&ask_to_move(&app, &asker, &amina, &receipt).await, 409, "wrong_state");
    app.reconcile_now().await;
    assert_eq!(app.discrepancy_list().await, NONE);
    assert_suspense(&app, 0).await;
}

/// M-Pesa does not know the number any more. The money stays in suspense, and a return can be
/// requested again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_return_opens_the_item_again() {
    let app = App::start().await;
    let (asker, other) = pair(&app).await;
    let receipt = in_suspense(&app, PAYER).await;
    app.fault_only(PAYER, "unregistered", "payout").await;
    let asked = ask(&app, &asker, &receipt).await.expect(201);
    ends(&app, &payout(&app.approve(&other, &asked).await), "failed").await;
    assert_suspense(&app, PAID).await;
    let open = item(&app, &asker, &receipt).await;
    assert_eq!((&open["closed_at"], &open["return_payment_id"]), (&Value::Null, &Value::Null));
    assert_eq!(app.discrepancy_list().await, [format!("unclaimed {receipt}")]);
    let asked = ask(&app, &asker, &receipt).await.expect(201);
    ends(&app, &payout(&app.approve(&other, &asked).await), "succeeded").await;
    assert_suspense(&app, 0).await;
    assert_eq!(app.payouts(PAYER).await.len(), 2);
    assert_eq!(app.discrepancy_list().await, NONE);
}

/// The result is lost, so the money stays reserved until the statement shows the payout.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_without_a_result_is_not_given_to_anybody() {
    let app = App::start().await;
    let (asker, other) = pair(&app).await;
    let amina = app.person("Amina").await;
    let receipt = in_suspense(&app, PAYER).await;
    app.fault_only(PAYER, "callback_lost", "payout").await;
    let asked = ask(&app, &asker, &receipt).await.expect(201);
    let payment = payout(&app.approve(&other, &asked).await);
    ends(&app, &payment, "pending").await;
    refused(&ask_to_move(&app, &asker, &amina, &receipt).await, 409, "wrong_state");
    refused(&ask(&app, &asker, &receipt).await, 409, "wrong_state");
    assert_suspense(&app, PAID).await;
    // Direct SQL cannot assign it either.
    let by_hand = format!(
        "insert into approvals (id, kind, user_id, provider, receipt, note, state, asked_by, asked_at, expires_at,
            decided_by, decided_at, decision_note)
        values (gen_random_uuid(), 'move_suspense', '{}', 'mpesa', '{receipt}', 'by hand', 'approved', '{}', now(),
            now() + interval '7 days', '{}', now(), 'by hand');
        update suspense_items set closed_at = now(), closed_by = (select id from approvals where note = 'by hand')",
        amina.uuid(),
        asker.uuid(),
        other.uuid()
    );
    assert_eq!(app.database.refusal(&by_hand).await, "suspense_items_return_kept");
    eventually("the payout is paid", || async {
        let taken = app.payouts(PAYER).await;
        (taken.first()?["outcome"]["result_code"] == "0").then_some(())
    })
    .await;
    app.reconcile_now().await;
    ends(&app, &payment, "succeeded").await;
    assert_suspense(&app, 0).await;
    assert_eq!(app.discrepancy_list().await, NONE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_masked_payer_gets_nothing_back() {
    let app = App::builder().without_worker().start().await;
    let (asker, _) = pair(&app).await;
    let receipt = app.pay_bill(PAYER, PAID, "HELLO").await;
    app.reconcile_now().await;
    let answer = ask(&app, &asker, &receipt).await;
    refused(&answer, 409, "payer_phone_unknown");
    assert!(answer.body["detail"].as_str().is_some_and(|text| text.contains("move_suspense")));
    refused(&ask(&app, &asker, "UKL7NOBODY").await, 404, "not_found");
    assert_suspense(&app, PAID).await;
}

/// The number's account is frozen, before or after the approval: no money goes there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_payer_gets_nothing_back() {
    let app = App::builder().without_worker().start().await;
    let (asker, other) = pair(&app).await;
    let amina = app.person("Amina").await;
    let receipt = in_suspense(&app, &amina.phone).await;
    freeze(&app, &other, &amina, "freeze").await;
    refused(&ask(&app, &asker, &receipt).await, 403, "account_frozen");
    freeze(&app, &other, &amina, "unfreeze").await;
    let asked = ask(&app, &asker, &receipt).await.expect(201);
    assert_eq!(asked["user_id"], json!(amina.id));
    freeze(&app, &other, &amina, "freeze").await;
    app.step_up(&other).await;
    let id = asked["id"].as_str().expect("an id");
    refused(&app.decide_approval(&other, id, "approve").await, 403, "account_frozen");
    freeze(&app, &other, &amina, "unfreeze").await;
    let payment = payout(&app.approve(&other, &asked).await);
    freeze(&app, &other, &amina, "freeze").await;
    app.run_due_jobs().await;
    ends(&app, &payment, "failed").await;
    assert_eq!(app.payouts(&amina.phone).await.len(), 0);
    assert_eq!(item(&app, &asker, &receipt).await["return_payment_id"], Value::Null);
    assert_suspense(&app, PAID).await;
}

/// Concurrent requests to move and to return the same money, and two concurrent approvals: one of
/// each succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_money_is_not_moved_and_returned_at_once() {
    let app = App::builder().without_worker().start().await;
    let (asker, other) = pair(&app).await;
    let third = app.staff(UserRole::SuperAdmin).await;
    let amina = app.person("Amina").await;
    for _ in 0..4 {
        let receipt = in_suspense(&app, PAYER).await;
        let (back, away) =
            tokio::join!(ask(&app, &asker, &receipt), ask_to_move(&app, &other, &amina, &receipt));
        let (won, lost) = if back.status == 201 { (back, away) } else { (away, back) };
        refused(&lost, 409, "already_requested");
        let id = won.expect(201)["id"].as_str().expect("an id").to_owned();
        let taken = if app.decide_approval(&asker, &id, "withdraw").await.status == 200 {
            200
        } else {
            app.decide_approval(&other, &id, "withdraw").await.status.as_u16()
        };
        assert_eq!(taken, 200);
        let asked = ask(&app, &asker, &receipt).await.expect(201);
        let id = asked["id"].as_str().expect("an id");
        app.step_up(&other).await;
        app.step_up(&third).await;
        let (one, two) = tokio::join!(
            app.decide_approval(&other, id, "approve"),
            app.decide_approval(&third, id, "approve")
        );
        let (won, lost) = if one.status == 200 { (one, two) } else { (two, one) };
        refused(&lost, 409, "wrong_state");
        let payment = payout(&won.expect(200));
        app.run_due_jobs().await;
        // The result arrives as a callback, which is a job too.
        eventually("the payout is paid", || async {
            app.run_due_jobs().await;
            let state = app.payment_column(&payment, "state").await;
            (state.as_deref() == Some("succeeded")).then_some(())
        })
        .await;
    }
    assert_eq!(app.payouts(PAYER).await.len(), 4);
    assert_suspense(&app, 0).await;
}

/// A return counted as failed, and M-Pesa reports later that it was paid. If the money was assigned
/// meanwhile, a discrepancy is listed. Otherwise the item is closed as returned.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_that_was_paid_after_all_is_not_booked_twice() {
    let app = App::start().await;
    let (asker, other) = pair(&app).await;
    let amina = app.person("Amina").await;
    for is_given in [false, true] {
        let receipt = in_suspense(&app, PAYER).await;
        app.fault_only(PAYER, "unregistered", "payout").await;
        let asked = ask(&app, &asker, &receipt).await.expect(201);
        let payment = payout(&app.approve(&other, &asked).await);
        ends(&app, &payment, "failed").await;
        if is_given {
            let moving = ask_to_move(&app, &asker, &amina, &receipt).await.expect(201);
            app.approve(&other, &moving).await;
        }
        let (token, reference) =
            (app.callback_token(&payment).await, app.provider_reference(&payment).await);
        let late = format!("UKLATE000{}", u8::from(is_given));
        let said = payout_result(&reference, 0, Some((&late, PAID)));
        app.call_back_ok("p", &token, &said).await;
        ends(&app, &payment, "succeeded").await;
        assert_eq!(app.entries(&format!("mpesa:{receipt}:suspense_out")).await, 1);
        let listed = app.discrepancy_list().await;
        assert_eq!(
            listed.contains(&format!("paid_after_return {payment}")),
            is_given,
            "{listed:?}"
        );
        assert_suspense(&app, 0).await;
    }
    assert_eq!(app.balance(&amina).await, (PAID, 0));
}
