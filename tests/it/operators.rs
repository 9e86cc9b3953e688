//! Tools of operators: payments in review, discrepancies, and support for users.

mod returns;

use amana_domain::permission::UserRole;
use amana_harness::{Answer, App, DealPlan, Person};
use serde_json::{Value, json};

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{:#}", answer.body);
}

const NONE: [String; 0] = [];

/// Creates a deal payment in review, with a buyer whose number gets the unknown result 17.
async fn in_review(app: &App, buyer: &Person, seller: &Person) -> (String, String) {
    let deal = app.agreed(buyer, seller, &DealPlan::default()).await;
    let payment = app.start_mpesa(buyer, &deal).await;
    app.wait_for_payment(buyer, &payment, "review").await;
    (deal, payment)
}

/// Resolved as not paid, the deal can be paid again; resolved as paid, the deal is funded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_in_review_is_resolved_by_two_people_either_way() {
    let app = App::start().await;
    let buyer = app.person_with_phone("Otieno", "254700000115").await;
    let seller = app.person("Juma").await;
    let (one, other) = (app.staff(UserRole::Compliance).await, app.staff(UserRole::Admin).await);
    let (deal, payment) = in_review(&app, &buyer, &seller).await;
    assert_eq!(app.discrepancy_list().await, [format!("review {payment}")]);
    let path = format!("/v1/operator/payments/{payment}");
    let seen = app.get(&one, &path).await.expect(200);
    assert_eq!(
        (&seen["user_name"], &seen["payment"]["review_reason"]),
        (&json!("Otieno"), &json!("unclear_result"))
    );
    let said = seen["evidence"].as_array().expect("evidence").last().expect("one");
    assert_eq!((&said["claim"], &said["code"]), (&json!("unclear"), &json!("17")));
    let support = app.staff(UserRole::Support).await;
    refused(&app.ask_to_resolve(&support, &payment, None).await, 403, "forbidden");
    let asked = app.ask_to_resolve(&one, &payment, None).await.expect(201);
    assert_eq!((&asked["paid"], &asked["payment_id"]), (&json!(false), &json!(payment)));
    refused(&app.ask_to_resolve(&other, &payment, None).await, 409, "already_requested");
    assert_eq!(
        app.get(&buyer, &format!("/v1/payments/{payment}")).await.expect(200)["state"],
        "review"
    );
    app.approve(&other, &asked).await;
    let failed = app.wait_for_payment(&buyer, &payment, "failed").await;
    assert_eq!(failed["reason"], "never_happened");
    assert_eq!(app.discrepancy_list().await, NONE);
    refused(&app.ask_to_resolve(&one, &payment, None).await, 409, "wrong_state");
    // The deal can be paid again, from the wallet.
    app.given(&buyer, 150_000, app.clock.now()).await;
    let fund = format!("/v1/deals/{deal}/fund");
    app.post(&buyer, &fund, json!({ "method": "wallet" })).await.expect(200);

    let (deal, payment) = in_review(&app, &buyer, &seller).await;
    let asked = app.ask_to_resolve(&one, &payment, Some("UKL7ABCDEF")).await.expect(201);
    app.approve(&other, &asked).await;
    let paid = app.wait_for_payment(&buyer, &payment, "succeeded").await;
    assert_eq!(paid["receipt"], "UKL7ABCDEF");
    app.wait_for_deal(&buyer, &deal, "funded").await;
    assert_eq!(app.entries(&format!("{payment}:deposit")).await, 1);
    assert_eq!(app.discrepancy_list().await, NONE);
    let records = app.store.audit_of(&payment).await.expect("records");
    let resolved = records.iter().find(|one| one.kind == "payment.resolved").expect("a record");
    assert_eq!(
        (resolved.actor(), &resolved.data["receipt"]),
        (other.id.clone(), &json!("UKL7ABCDEF"))
    );
    // The receipt cannot resolve another payment.
    let (_, another) = in_review(&app, &buyer, &seller).await;
    let twice = app.ask_to_resolve(&one, &another, Some("UKL7ABCDEF")).await;
    refused(&twice, 409, "wrong_state");
    app.assert_sound().await;
}

/// A receipt in suspense is assigned from there, so it cannot resolve a payment as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_in_suspense_resolves_no_payment() {
    let app = App::start().await;
    let buyer = app.person_with_phone("Otieno", "254700000115").await;
    let seller = app.person("Juma").await;
    let one = app.staff(UserRole::Compliance).await;
    let (_, payment) = in_review(&app, &buyer, &seller).await;
    let receipt = app.pay_bill("254733000001", 150_000, "HELLO").await;
    app.reconcile_now().await;
    let answer = app.ask_to_resolve(&one, &payment, Some(&receipt)).await;
    refused(&answer, 409, "wrong_state");
    for (pointer, body) in [
        ("/paid", json!({ "paid": true, "note": "asked M-Pesa" })),
        ("/receipt", json!({ "paid": false, "receipt": receipt, "note": "asked M-Pesa" })),
    ] {
        let path = format!("/v1/operator/payments/{payment}/resolve");
        let answer = app.post(&one, &path, body).await;
        refused(&answer, 422, "invalid_request");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer);
    }
    app.assert_sound().await;
}

/// A discrepancy is closed with a note, and the same finding does not reopen it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_discrepancy_is_closed_with_a_note_and_stays_closed() {
    let app = App::builder().without_worker().start().await;
    let (one, support) =
        (app.staff(UserRole::Compliance).await, app.staff(UserRole::Support).await);
    let receipt = app.pay_bill("254733000001", 150_000, "HELLO").await;
    app.reconcile_now().await;
    let list = "/v1/operator/discrepancies";
    let open = app.get(&one, list).await.expect(200)["items"][0].clone();
    assert_eq!((&open["kind"], &open["note"]), (&json!("unclaimed"), &Value::Null));
    let close = format!("{list}/{}/close", open["id"].as_str().expect("an id"));
    let note = json!({ "note": "Called the payer" });
    refused(&app.post(&support, &close, note.clone()).await, 403, "forbidden");
    let closed = app.post_keyed(&one, &close, "closing-1", note.clone()).await.expect(200);
    assert_eq!(
        (&closed["closed_by"], &closed["note"]),
        (&json!(one.id), &json!("Called the payer"))
    );
    let again = app.post_keyed(&one, &close, "closing-1", note.clone()).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    refused(&app.post(&one, &close, note.clone()).await, 409, "discrepancy_closed");
    app.reconcile_now().await;
    assert_eq!(app.get(&one, list).await.expect(200)["items"], json!([]));
    let listed = app.get(&one, &format!("{list}?state=closed")).await.expect(200);
    assert_eq!((&listed["items"][0], &listed["items"][0]["subject"]), (&closed, &json!(receipt)));
    app.assert_sound().await;
}

/// A broken trust equation closes only when the books add up, not by an operator's decision.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_trust_equation_is_closed_by_nobody() {
    let app = App::builder().without_worker().start().await;
    let boss = app.operator().await;
    for kind in ["trust_equation", "balance_differs"] {
        let row = format!(
            "insert into breaks (id, kind, subject, detail, opened_at, last_seen_at)
            values (gen_random_uuid(), '{kind}', 'mpesa KES', 'by hand', now(), now())"
        );
        app.database.execute(&row).await;
        let open = app.get(&boss, "/v1/operator/discrepancies?limit=1").await.expect(200);
        let id = open["items"].as_array().expect("items").iter();
        let found = "select 'dsc_' || replace(id::text, '-', '') from breaks order by kind limit 1";
        assert_eq!(id.len(), 1);
        let path = format!(
            "/v1/operator/discrepancies/{}/close",
            app.database.text(found).await.expect("one")
        );
        refused(
            &app.post(&boss, &path, json!({ "note": "all is well" })).await,
            409,
            "ledger_inconsistent",
        );
    }
    let by_hand = format!(
        "update breaks set closed_at = now(), note = 'all is well', closed_by = '{}'",
        boss.uuid()
    );
    assert_eq!(app.database.refusal(&by_hand).await, "breaks_books_not_by_hand");
}

/// Support finds a user by contact, handle, id or receipt. Every search and view is recorded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_is_found_and_each_look_is_on_record() {
    let app = App::start().await;
    let (support, amina) = (app.staff(UserRole::Support).await, app.person("Amina").await);
    app.put(&amina, "/v1/me/handle", json!({ "handle": "amina" })).await.expect(200);
    app.top_up(&amina, 20_000).await;
    let paid = app.get(&amina, "/v1/payments").await.expect(200)["items"][0].clone();
    let receipt = paid["receipt"].as_str().expect("a receipt");
    let search = async |text: &str| {
        let path = format!("/v1/operator/users?query={}", text.replace('+', "%2B"));
        app.get(&support, &path).await.expect(200)["items"].clone()
    };
    for text in [&amina.phone, &amina.email, "@amina", &amina.id, receipt] {
        let found = search(text).await;
        assert_eq!(
            (&found[0]["id"], &found[0]["name"]),
            (&json!(amina.id), &json!("Amina")),
            "{text}"
        );
    }
    assert_eq!(search("UKL7NOBODY").await, json!([]));
    let path = format!("/v1/operator/users/{}", amina.id);
    let wallet = app.get(&support, &format!("{path}/wallet")).await.expect(200);
    assert_eq!(wallet["balances"][0]["available"]["amount"], 20_000);
    let payments = app.get(&support, &format!("{path}/payments")).await.expect(200);
    assert_eq!(payments["items"][0], paid);
    app.get(&support, &format!("{path}/deals")).await.expect(200);
    app.get(&support, &path).await.expect(200);
    let one = paid["id"].as_str().expect("an id");
    app.get(&support, &format!("/v1/operator/payments/{one}")).await.expect(200);
    let records = app.store.audit_of(&amina.id).await.expect("records");
    let looks = records.iter().filter(|one| one.actor() == support.id);
    let looks: Vec<_> = looks.map(|one| (&*one.kind, one.data["by"].clone())).collect();
    let found =
        ["phone", "email", "handle", "id", "receipt"].map(|by| ("user.searched", json!(by)));
    let seen = ["user.wallet_viewed", "user.payments_viewed", "user.deals_viewed", "user.viewed"];
    let seen = seen.map(|action| (action, Value::Null));
    assert_eq!(looks, [&found[..], &seen[..]].concat());
    let records = app.store.audit_of(one).await.expect("records");
    assert!(records.iter().any(|one| one.kind == "payment.viewed" && one.actor() == support.id));
    for what in ["", "/wallet", "/payments", "/deals"] {
        refused(&app.get(&amina, &format!("{path}{what}")).await, 403, "forbidden");
    }
    let nobody = "/v1/operator/users/usr_0190a0a0a0a07000a0a0a0a0a0a0a0a0/wallet";
    refused(&app.get(&support, nobody).await, 404, "not_found");
    app.assert_sound().await;
}

/// A frozen account can receive and be read, but no money can leave it in any way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_money_leaves_a_frozen_account() {
    let mut app = App::start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let staff = app.staff(UserRole::Compliance).await;
    app.given(&amina, 150_000, app.clock.now()).await;
    let paid = app.funded_from_wallet(&amina, &juma, &DealPlan::default()).await;
    let part = app.milestones(&amina, &paid).await.remove(0);
    let part = format!("/v1/deals/{paid}/milestones/{part}");
    app.top_up(&amina, 500_000).await;
    let kes = |minor| json!({ "amount": minor, "currency": "KES" });
    let hold = json!({ "to": { "user_id": juma.id }, "amount": kes(1_000), "expires_in_hours": 2 });
    let held = app.post(&amina, "/v1/holds", hold.clone()).await.expect(201);
    let settle = format!("/v1/holds/{}/settle", held["id"].as_str().expect("an id"));
    let deal = app.agreed(&amina, &juma, &DealPlan::default()).await;
    app.stop_worker().await;
    let waiting = json!({ "amount": kes(2_000) });
    let waiting = app.post(&amina, "/v1/withdrawals", waiting).await.expect(202);
    let waiting = waiting["id"].as_str().expect("an id");

    let path = format!("/v1/operator/users/{}", amina.id);
    let note = json!({ "note": "her phone was stolen" });
    let frozen = app.post(&staff, &format!("{path}/freeze"), note.clone()).await.expect(200);
    assert!(frozen["frozen_at"].is_string());
    let transfer = json!({ "to": { "user_id": juma.id }, "amount": kes(1_000) });
    let (release, fund) = (format!("{part}/release"), format!("/v1/deals/{deal}/fund"));
    let calls = [
        ("/v1/transfers", transfer.clone()),
        ("/v1/holds", hold),
        ("/v1/withdrawals", json!({ "amount": kes(1_000) })),
        (&*fund, json!({ "method": "wallet" })),
        (&*release, Value::Null),
    ];
    for (path, body) in &calls {
        refused(&app.post(&amina, path, body.clone()).await, 403, "account_frozen");
    }
    let all = json!({ "amount": kes(1_000) });
    refused(&app.post(&juma, &settle, all).await, 403, "account_frozen");
    app.add_worker();
    let stopped = app.wait_for_payment(&amina, waiting, "held").await;
    assert_eq!(stopped["id"], waiting);
    let decide = format!("/v1/operator/withdrawals/{waiting}/release");
    refused(&app.post(&staff, &decide, note.clone()).await, 403, "account_frozen");
    // Incoming money and reads still work.
    app.given(&juma, 5_000, app.clock.now()).await;
    let back = json!({ "to": { "user_id": amina.id }, "amount": kes(1_000) });
    app.post(&juma, "/v1/transfers", back).await.expect(201);
    app.get(&amina, "/v1/wallet").await.expect(200);

    let thawed = app.post(&staff, &format!("{path}/unfreeze"), note.clone()).await.expect(200);
    assert_eq!(thawed["frozen_at"], Value::Null);
    app.post(&amina, "/v1/transfers", transfer).await.expect(201);
    app.post(&amina, &release, Value::Null).await.expect(200);
    app.post(&staff, &decide, note.clone()).await.expect(200);
    app.wait_for_payment(&amina, waiting, "succeeded").await;
    let own = app.staff(UserRole::Admin).await;
    let own_path = format!("/v1/operator/users/{}/freeze", own.id);
    refused(&app.post(&own, &own_path, note).await, 403, "conflict_of_interest");
    app.assert_sound().await;
}
