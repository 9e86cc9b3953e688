//! Transfers between users: success, refusals, and the views of both sides.

mod crash;
mod crowd;
mod model;

use amana_harness::{Answer, App, Person};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) fn money(minor: i64) -> Value {
    json!({ "amount": minor, "currency": "KES" })
}

/// Builds a transfer to a user by id.
pub(crate) fn to(person: &Person, minor: i64) -> Value {
    json!({ "to": { "user_id": person.id }, "amount": money(minor) })
}

async fn send(app: &App, from: &Person, body: Value) -> Answer {
    app.post(from, "/v1/transfers", body).await
}

/// Creates Amina with KES 1,000, and Juma and Neema without money; the worker is stopped.
async fn three() -> (App, [Person; 3]) {
    let mut app = App::start().await;
    let people = [app.person("Amina").await, app.person("Juma").await, app.person("Neema").await];
    app.top_up(&people[0], 100_000).await;
    app.stop_worker().await;
    (app, people)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_paid_by_phone_mail_or_id_and_both_sides_see_one_transaction() {
    let (app, [amina, juma, _]) = three().await;
    let local = format!("0{}", &juma.phone[3..]);
    for (n, payee) in [
        json!({ "phone": juma.phone }),
        json!({ "phone": local }),
        json!({ "email": juma.email.to_uppercase() }),
        json!({ "user_id": juma.id }),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({
            "to": payee, "amount": money(1_050), "note": " Asante sana ", "category": "food",
            "metadata": { "table": "7" },
        });
        let made = send(&app, &amina, body).await.expect(201);
        assert_eq!(made["amount"], money(1_050));
        assert_eq!((&made["note"], &made["category"]), (&json!("Asante sana"), &json!("food")));
        assert_eq!(made["metadata"], json!({ "table": "7" }));
        assert_eq!(
            (&made["sender"]["id"], &made["recipient"]["id"]),
            (&json!(amina.id), &json!(juma.id))
        );
        assert_eq!(made["recipient"]["name"], "Juma");
        let sent = 1_050 * i64::try_from(n + 1).unwrap();
        assert_eq!(app.balance(&amina).await, (100_000 - sent, 0));
        assert_eq!(app.balance(&juma).await, (sent, 0));
        let id = made["id"].as_str().expect("an id");
        let audit = app.store.audit_of(id).await.expect("records");
        assert_eq!(audit.len(), 1, "{audit:?}");
        assert_eq!(
            (audit[0].kind.as_str(), audit[0].actor()),
            ("transfer.created", amina.id.clone())
        );
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_hear_of_it() {
    let app = App::start().await;
    let amina = app.person_speaking("Amina", "254711000001", "en").await;
    let juma = app.person_speaking("Juma", "254711000002", "sw").await;
    app.top_up(&amina, 100_000).await;
    send(&app, &amina, to(&juma, 50_000)).await.expect(201);
    app.messages_are_sent().await;
    amana_harness::eventually("the transfer is announced", || async {
        let texts = app.texts(&juma).await;
        texts.iter().any(|sms| sms.text.contains("Amina amekutumia KES 500.00")).then_some(())
    })
    .await;
    app.messages_are_sent().await;
    let mails = app.mails(&amina).await;
    let subject = "You have sent KES 500.00 to Juma";
    assert!(mails.iter().any(|mail| mail.subject.as_deref() == Some(subject)), "{mails:?}");
    app.assert_sound().await;
}

/// Every refusal: the exact code, the field if there is one, and no write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_sent_is_refused_and_leaves_no_trace() {
    let (app, [amina, juma, neema]) = three().await;
    let closed = format!("update users set closed_at = now() where id = '{}'", neema.uuid());
    app.database.execute(&closed).await;
    // Juma has been paid before, because a transfer that lacks only money may create its
    // recipient's account.
    send(&app, &amina, to(&juma, 100)).await.expect(201);
    send(&app, &juma, to(&amina, 100)).await.expect(201);
    let before = app.database.fingerprint().await;
    let with = |member: &str, value: Value| {
        let mut body = to(&juma, 100);
        body[member] = value;
        body
    };
    let huge = "x".repeat(201);
    let many: serde_json::Map<_, _> = (0..21).map(|n| (n.to_string(), json!(""))).collect();
    for (body, status, code, pointer) in [
        (to(&amina, 100), 422, "same_party", Some("/to")),
        (to(&juma, 0), 422, "invalid_request", Some("/amount/amount")),
        (to(&juma, -5), 422, "invalid_request", Some("/amount/amount")),
        (to(&juma, 100_001), 422, "insufficient_funds", None),
        (to(&juma, 25_000_001), 422, "transaction_limit", None),
        (to(&neema, 100), 422, "recipient_closed", None),
        (with("to", json!({ "phone": "254733999999" })), 422, "unknown_recipient", Some("/to")),
        (
            with("to", json!({ "email": "nobody@example.com" })),
            422,
            "unknown_recipient",
            Some("/to"),
        ),
        (with("to", json!({ "handle": "@nobody" })), 422, "unknown_recipient", Some("/to")),
        (with("to", json!({ "handle": "a b" })), 422, "invalid_request", Some("/to/handle")),
        (with("to", json!({})), 422, "invalid_request", Some("/to")),
        (
            with("to", json!({ "phone": juma.phone, "email": juma.email })),
            422,
            "invalid_request",
            Some("/to"),
        ),
        (
            with("amount", json!({ "amount": 1, "currency": "USD" })),
            422,
            "unsupported_currency",
            Some("/amount/currency"),
        ),
        (
            with("amount", json!({ "amount": 1, "currency": "XXX" })),
            422,
            "invalid_request",
            Some("/amount/currency"),
        ),
        (
            with("amount", json!({ "amount": 1.5, "currency": "KES" })),
            422,
            "invalid_request",
            Some("/amount/amount"),
        ),
        (with("note", json!("x".repeat(141))), 422, "invalid_request", Some("/note")),
        (with("note", json!("a\nb")), 422, "invalid_request", Some("/note")),
        (with("category", json!("yacht")), 422, "invalid_request", Some("/category")),
        (with("metadata", json!({ "k": huge })), 422, "invalid_request", Some("/metadata")),
        (with("metadata", json!({ "k": "\u{0}" })), 422, "invalid_request", Some("/metadata")),
        (with("metadata", Value::Object(many)), 422, "invalid_request", Some("/metadata")),
        (with("surprise", json!(1)), 422, "invalid_request", Some("/surprise")),
    ] {
        let answer = send(&app, &amina, body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{body}");
        assert_eq!(answer.body["errors"][0]["pointer"].as_str(), pointer, "{:#}", answer.body);
    }
    let from_closed = send(&app, &neema, to(&juma, 100)).await;
    assert_eq!((from_closed.status.as_u16(), from_closed.problem()), (403, "account_closed"));
    assert_eq!(app.database.fingerprint().await, before);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_day_and_the_recipients_cap_bound_what_is_sent() {
    let (app, [mut amina, juma, _]) = three().await;
    app.database
        .execute("update tier_limits set transaction_minor_max = 3000, day_minor_max = 5000, balance_minor_max = 200000")
        .await;
    send(&app, &amina, to(&juma, 3_000)).await.expect(201);
    let over = send(&app, &amina, to(&juma, 2_001)).await;
    assert_eq!(over.problem(), "daily_limit");
    assert_eq!(
        over.body["detail"],
        "2000 of 5000 minor units are left of your daily limit; send less, or again after midnight in Nairobi"
    );
    send(&app, &amina, to(&juma, 2_000)).await.expect(201);
    assert_eq!(send(&app, &amina, to(&juma, 100)).await.problem(), "daily_limit");
    app.advance(TimeDelta::days(1), &mut [&mut amina]).await;
    app.database.execute("update tier_limits set balance_minor_max = 5100").await;
    assert_eq!(send(&app, &amina, to(&juma, 101)).await.problem(), "recipient_limit");
    send(&app, &amina, to(&juma, 100)).await.expect(201);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_call_is_answered_again_even_when_the_recipient_has_gone() {
    let (app, [amina, juma, _]) = three().await;
    let body = json!({ "to": { "phone": juma.phone }, "amount": money(100) });
    let first = app.post_keyed(&amina, "/v1/transfers", "k-1", body.clone()).await;
    let gone = format!(
        "update users set phone_digest = sha256('another'), closed_at = now() where id = '{}'",
        juma.uuid()
    );
    app.database.execute(&gone).await;
    let before = app.database.fingerprint().await;
    let again = app.post_keyed(&amina, "/v1/transfers", "k-1", body.clone()).await;
    assert_eq!((again.status.as_u16(), &again.body), (201, &first.body));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let other = app.post_keyed(&amina, "/v1/transfers", "k-1", to(&juma, 200)).await;
    assert_eq!((other.status.as_u16(), other.problem()), (422, "idempotency_key_reused"));
    let elsewhere = json!({ "amount": money(5_000) });
    let elsewhere = app.post_keyed(&amina, "/v1/wallet/deposits", "k-1", elsewhere).await;
    assert_eq!(elsewhere.problem(), "idempotency_key_reused");
    let missing =
        app.send(Method::POST, "/v1/transfers", Some(&amina.token), None, Some(&body)).await;
    assert_eq!((missing.status.as_u16(), missing.problem()), (400, "idempotency_key_required"));
    assert_eq!(app.database.fingerprint().await, before);
    app.assert_sound().await;
}

/// A refused call does not use up its key, so it can be repeated once its cause is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_call_does_not_use_up_its_key() {
    let (app, [amina, juma, _]) = three().await;
    let back = app.post_keyed(&juma, "/v1/transfers", "k-1", to(&amina, 500)).await;
    assert_eq!(back.problem(), "insufficient_funds");
    send(&app, &amina, to(&juma, 500)).await.expect(201);
    let back = app.post_keyed(&juma, "/v1/transfers", "k-1", to(&amina, 500)).await;
    assert_eq!((back.status.as_u16(), back.headers.get("idempotent-replayed")), (201, None));
    assert_eq!(app.balance(&amina).await, (100_000, 0));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_lost_the_answer_can_look_it_up() {
    let (app, [amina, juma, _]) = three().await;
    let path = "/v1/operations/k-1";
    assert_eq!(app.get(&amina, path).await.problem(), "not_found");
    let made = app.post_keyed(&amina, "/v1/transfers", "k-1", to(&juma, 100)).await.expect(201);
    let operation = app.get(&amina, path).await.expect(200);
    assert_eq!((&operation["body"], &operation["status"]), (&made, &json!(201)));
    assert_eq!(
        (&operation["operation"], &operation["key"]),
        (&json!("create_transfer"), &json!("k-1"))
    );
    assert_eq!(app.get(&juma, path).await.problem(), "not_found");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_tells_what_would_happen_and_does_nothing() {
    let (app, [amina, juma, _]) = three().await;
    send(&app, &amina, to(&juma, 10_000)).await.expect(201);
    let before = app.database.fingerprint().await;
    let path = "/v1/transfers?dry_run=true";
    let quote = app.post(&amina, path, to(&juma, 30_000)).await.expect(200);
    assert_eq!(
        quote,
        json!({
            "amount": money(30_000), "fee": money(0), "total": money(30_000),
            "available_before": money(90_000), "available_after": money(60_000),
            "transaction_limit": money(25_000_000), "remaining_today": money(49_960_000),
            "recipient": { "id": juma.id, "name": "Juma", "handle": null },
            "payments": [],
        })
    );
    for (body, code) in [
        (to(&juma, 90_001), "insufficient_funds"),
        (to(&amina, 100), "same_party"),
        (json!({ "to": { "handle": "nobody" }, "amount": money(100) }), "unknown_recipient"),
    ] {
        assert_eq!(app.post(&amina, path, body).await.problem(), code);
    }
    assert_eq!(app.database.fingerprint().await, before);
    app.assert_sound().await;
}
