//! Closing an account: only without open business, without new business afterwards, and never in a
//! race with money in transit.

use amana_harness::{Answer, App, DealPlan, Person};
use diesel_async::SimpleAsyncConnection;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Barrier;

async fn manage(app: &App, operator: &Person, person: &Person, step: &str) -> Answer {
    let path = format!("/v1/operator/users/{}/{step}", person.id);
    app.post(operator, &path, json!({ "note": "Asked for it" })).await
}

async fn log_in(app: &App, person: &Person, password: &str) -> Answer {
    let body = json!({ "login": person.email, "password": password });
    app.send(Method::POST, "/v1/sessions", None, None, Some(&body)).await
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{:#}", answer.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_closed_and_opened_again() {
    let app = App::builder().without_worker().start().await;
    let (operator, amina) = (app.operator().await, app.person("Amina").await);
    let closed = manage(&app, &operator, &amina, "close").await.expect(200);
    assert!(closed["closed_at"].is_string(), "{closed:#}");
    assert_eq!(closed["phone"], format!("{}****{}", &amina.phone[..4], &amina.phone[8..]));
    let before = app.database.fingerprint().await;
    assert_eq!(manage(&app, &operator, &amina, "close").await.expect(200), closed);
    assert_eq!(app.database.fingerprint().await, before, "expected no change after a refused call");
    refused(&log_in(&app, &amina, "karibu-nyumbani-7").await, 403, "account_closed");
    refused(&log_in(&app, &amina, "not-the-password").await, 401, "invalid_credentials");
    let open = manage(&app, &operator, &amina, "reopen").await.expect(200);
    assert_eq!(open["closed_at"], Value::Null);
    manage(&app, &operator, &amina, "reopen").await.expect(200);
    log_in(&app, &amina, "karibu-nyumbani-7").await.expect(200);
    let records = app.store.audit_of(&amina.id).await.expect("records");
    let actions: Vec<&str> = records.iter().map(|one| one.kind.as_str()).collect();
    assert_eq!(actions, ["user.registered", "user.closed", "user.reopened"]);
    for record in &records[1..] {
        assert_eq!(record.actor(), operator.id);
        assert_eq!(record.data, json!({ "note": "Asked for it" }));
    }
}

/// The access token stays valid for some minutes, but cannot start anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_account_begins_nothing() {
    let app = App::builder().without_worker().start().await;
    let (operator, amina, juma) =
        (app.operator().await, app.person("Amina").await, app.person("Juma").await);
    let draft = app.draft(&juma, &amina, &DealPlan::default()).await;
    let deal = format!("/v1/deals/{}", draft["id"].as_str().expect("an id"));
    app.post(&juma, &format!("{deal}/cancel"), Value::Null).await.expect(200);
    let money = json!({ "amount": { "amount": 10_000, "currency": "KES" } });
    let replayed = app.post_keyed(&amina, "/v1/withdrawals", "k-1", money.clone()).await;
    refused(&replayed, 422, "insufficient_funds");
    manage(&app, &operator, &amina, "close").await.expect(200);
    let before = app.database.fingerprint().await;
    let new_deal = |with: &Person| {
        json!({
            "title": "Two goats", "role": "buyer", "currency": "KES",
            "counterparty": { "email": with.email },
            "milestones": [{ "title": "Goats", "amount": { "amount": 100_000, "currency": "KES" } }],
        })
    };
    for (path, body) in [
        ("/v1/wallet/deposits".to_owned(), money.clone()),
        ("/v1/withdrawals".to_owned(), money),
        ("/v1/deals".to_owned(), new_deal(&juma)),
        (format!("{deal}/propose"), Value::Null),
        (format!("{deal}/agree"), json!({ "revision": 1 })),
        (format!("{deal}/fund"), json!({ "method": "wallet" })),
        (format!("{deal}/cancel"), Value::Null),
        (format!("{deal}/mutual-cancel"), Value::Null),
    ] {
        refused(&app.post(&amina, &path, body).await, 403, "account_closed");
    }
    let handle = app.put(&amina, "/v1/me/handle", json!({ "handle": "amina" })).await;
    refused(&handle, 403, "account_closed");
    // A closed account cannot become a counterparty.
    let with_closed = app.post(&juma, "/v1/deals", new_deal(&amina)).await;
    refused(&with_closed, 422, "unknown_counterparty");
    assert_eq!(app.database.fingerprint().await, before);
    app.get(&amina, "/v1/wallet").await.expect(200);
}

/// The token of a closed operator cannot reopen the account, or call any other staff operation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_operator_does_not_operate() {
    let app = App::builder().without_worker().start().await;
    let (operator, other) = (app.operator().await, app.operator().await);
    manage(&app, &operator, &other, "close").await.expect(200);
    refused(&manage(&app, &other, &other, "reopen").await, 403, "account_closed");
    refused(&app.get(&other, "/v1/operator/proof").await, 403, "account_closed");
    manage(&app, &operator, &other, "reopen").await.expect(200);
    app.get(&other, "/v1/operator/proof").await.expect(200);
}

/// A replay returns the answer from before the closure.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_account_still_gets_the_answer_to_an_earlier_call() {
    let app = App::start().await;
    let (operator, amina) = (app.operator().await, app.person("Amina").await);
    app.fault(&amina.phone, "approve", 1).await;
    let money = json!({ "amount": { "amount": 10_000, "currency": "KES" } });
    let paid =
        app.post_keyed(&amina, "/v1/wallet/deposits", "k-1", money.clone()).await.expect(202);
    app.wait_for_payment(&amina, paid["id"].as_str().expect("an id"), "succeeded").await;
    let back = app.post(&amina, "/v1/withdrawals", money.clone()).await.expect(202);
    app.wait_for_payment(&amina, back["id"].as_str().expect("an id"), "succeeded").await;
    manage(&app, &operator, &amina, "close").await.expect(200);
    let again = app.post_keyed(&amina, "/v1/wallet/deposits", "k-1", money).await.expect(202);
    assert_eq!(again, paid);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_in_use_stays_open() {
    let app = App::start().await;
    let (operator, amina, juma) =
        (app.operator().await, app.person("Amina").await, app.person("Juma").await);
    let in_use = async |person: &Person, what: &str| {
        let answer = manage(&app, &operator, person, "close").await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (409, "account_in_use"), "{what}");
    };
    // A deal blocks both sides from its draft on.
    let draft = app.draft(&amina, &juma, &DealPlan::default()).await;
    let deal = format!("/v1/deals/{}", draft["id"].as_str().expect("an id"));
    in_use(&amina, "buyer of a draft").await;
    in_use(&juma, "seller of a draft").await;
    app.post(&juma, &format!("{deal}/cancel"), Value::Null).await.expect(200);
    // A payment that waits for the PIN blocks, and then its money does.
    let money = json!({ "amount": { "amount": 10_000, "currency": "KES" } });
    let paid = app.post(&amina, "/v1/wallet/deposits", money.clone()).await.expect(202);
    in_use(&amina, "a payment under way").await;
    app.approve_prompt(&amina.phone).await;
    app.wait_for_payment(&amina, paid["id"].as_str().expect("an id"), "succeeded").await;
    in_use(&amina, "money in the wallet").await;
    // The same money, held for a withdrawal that waits for a decision.
    app.database.execute("update risk_rules set threshold = 1, points = 100").await;
    let back = app.post(&amina, "/v1/withdrawals", money).await.expect(202);
    let id = back["id"].as_str().expect("an id");
    app.wait_for_payment(&amina, id, "held").await;
    assert_eq!(app.balance(&amina).await, (0, 10_000));
    in_use(&amina, "money that is held").await;
    let path = format!("/v1/operator/withdrawals/{id}/release");
    app.post(&operator, &path, json!({ "note": "looked into" })).await.expect(200);
    app.wait_for_payment(&amina, id, "succeeded").await;
    for person in [&amina, &juma] {
        manage(&app, &operator, person, "close").await.expect(200);
    }
    app.assert_sound().await;
}

/// An open hold blocks the closure of both its owner and its beneficiary.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_hold_keeps_both_accounts_open() {
    let app = App::builder().without_worker().start().await;
    let (operator, amina, juma) =
        (app.operator().await, app.person("Amina").await, app.person("Juma").await);
    let uuid = |person: &Person| person.id.trim_start_matches("usr_").to_owned();
    let hold = format!(
        "insert into holds (id, user_id, beneficiary_id, amount_minor, currency, state, expires_at, created_at, updated_at)
        values (gen_random_uuid(), '{}', '{}', 100, 'KES', 'open', now() + interval '1 day', now(), now())",
        uuid(&amina),
        uuid(&juma)
    );
    app.database.execute(&hold).await;
    for person in [&amina, &juma] {
        refused(&manage(&app, &operator, person, "close").await, 409, "account_in_use");
    }
    app.database.execute("update holds set state = 'released'").await;
    for person in [&amina, &juma] {
        manage(&app, &operator, person, "close").await.expect(200);
    }
}

/// A concurrent transaction that refers to the user makes closing fail at once instead of waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_not_closed_beside_a_transaction_about_it() {
    let app = App::builder().without_worker().start().await;
    let (operator, amina) = (app.operator().await, app.person("Amina").await);
    let uuid = amina.id.trim_start_matches("usr_");
    let mut other = app.database.connection().await;
    let insert = format!(
        "begin; insert into idempotency_keys (user_id, key, operation, request_hash, created_at)
            values ('{uuid}', 'k', 'create_deal', '', now())"
    );
    other.batch_execute(&insert).await.expect("begun");
    refused(&manage(&app, &operator, &amina, "close").await, 409, "account_in_use");
    other.batch_execute("commit").await.expect("committed");
    manage(&app, &operator, &amina, "close").await.expect(200);
}

/// Closing races with calls that start business: exactly one of the two succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_and_beginning_leave_one_truth() {
    let app = Arc::new(App::builder().without_worker().start().await);
    let operator = app.operator().await;
    let juma = app.person("Juma").await;
    for round in 0..12 {
        let amina = app.person("Amina").await;
        let barrier = Arc::new(Barrier::new(2));
        let begin = {
            let (app, amina, juma, barrier) =
                (Arc::clone(&app), amina.clone(), juma.clone(), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                let money = json!({ "amount": 10_000, "currency": "KES" });
                let deal = json!({
                    "title": "Two goats", "role": "buyer", "currency": "KES",
                    "counterparty": { "email": amina.email },
                    "milestones": [{ "title": "Goats", "amount": money }],
                });
                match round % 2 {
                    0 => app.post(&amina, "/v1/wallet/deposits", json!({ "amount": money })).await,
                    _ => app.post(&juma, "/v1/deals", deal).await,
                }
            })
        };
        barrier.wait().await;
        let closed = manage(&app, &operator, &amina, "close").await;
        let begun = begin.await.expect("an answer");
        match (closed.status.as_u16(), begun.status.as_u16()) {
            (200, status) => {
                let code = begun.problem();
                assert!(
                    ["account_closed", "unknown_counterparty"].contains(&code),
                    "{status} {code}"
                );
            }
            (_, status) => {
                refused(&closed, 409, "account_in_use");
                assert!((200..300).contains(&status), "{:#}", begun.body);
            }
        }
    }
    app.assert_sound().await;
}
