//! Erasure: only without open business, final, and without effect on others.

use super::{erase, refused, step_up};
use amana_harness::{App, DealPlan, PASSWORD, Person};
use amana_postgres::Job;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Barrier;

async fn pay(app: &App, from: &Person, to: &Person, minor: i64) {
    let amount = json!({ "amount": minor, "currency": "KES" });
    let body = json!({ "to": { "user_id": to.id }, "amount": amount });
    app.post(from, "/v1/transfers", body).await.expect(201);
}

async fn log_in(app: &App, login: &str) -> u16 {
    let body = json!({ "login": login, "password": PASSWORD });
    app.send(Method::POST, "/v1/sessions", None, None, Some(&body)).await.status.as_u16()
}

async fn register(app: &App, email: &str, phone: &str, handle: &str) -> amana_harness::Answer {
    let new = json!({
        "name": "Neema", "email": email, "phone": phone, "password": PASSWORD, "handle": handle,
    });
    app.send(Method::POST, "/v1/users", None, None, Some(&new)).await
}

/// Creates a user with money, a deal, documents, a pending second factor, messages and devices.
async fn lived(app: &App) -> (Person, Person) {
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.put(&amina, "/v1/me/handle", json!({ "handle": "amina" })).await.expect(200);
    let amount = json!({ "amount": { "amount": 100_000, "currency": "KES" } });
    app.fault(&amina.phone, "approve", 1).await;
    let paid = app.post(&amina, "/v1/wallet/deposits", amount).await.expect(202);
    app.wait_for_payment(&amina, paid["id"].as_str().expect("an id"), "succeeded").await;
    let draft = app.draft(&amina, &juma, &DealPlan::default()).await;
    let deal = format!("/v1/deals/{}", draft["id"].as_str().expect("an id"));
    app.post(&amina, &format!("{deal}/cancel"), Value::Null).await.expect(200);
    app.kyc_submitted(&amina, "business").await;
    let password = json!({ "password": PASSWORD });
    app.post(&amina, "/v1/me/second-factor", password).await.expect(201);
    app.open_session(&amina.email).await;
    app.messages_are_sent().await;
    (amina, juma)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_user_leaves_no_readable_data() {
    let mut app = App::start().await;
    let (amina, juma) = lived(&app).await;
    let operator = app.operator().await;
    refused(&erase(&app, &amina).await, 403, "step_up_required");
    step_up(&app, &amina).await;
    refused(&erase(&app, &amina).await, 409, "account_in_use");
    pay(&app, &amina, &juma, 100_000).await;
    pay(&app, &juma, &amina, 10_000).await;
    pay(&app, &amina, &juma, 10_000).await;
    app.messages_are_sent().await;
    app.stop_worker().await;
    let counted = format!(
        "select count(*) from counted_messages m join notifications n on n.id = m.notification_id
        where n.user_id = '{}'",
        amina.uuid()
    );
    assert!(app.database.number(&counted).await > 0);
    assert_eq!(erase(&app, &amina).await.status.as_u16(), 204);

    // Neither a token that was valid before nor the password gives access.
    refused(&app.get(&amina, "/v1/me").await, 401, "unauthorized");
    assert_eq!((log_in(&app, &amina.email).await, log_in(&app, &amina.phone).await), (401, 401));
    let id = amina.uuid();
    for (what, sql) in [
        ("keys", format!("select count(*) from person_keys where user_id = '{id}'")),
        ("codes", format!("select count(*) from codes where user_id = '{id}'")),
        ("factors", format!("select count(*) from second_factors where user_id = '{id}'")),
        ("answers", format!("select count(*) from idempotency_keys where user_id = '{id}'")),
        (
            "digests",
            format!(
                "select count(msisdn_digest) + count(provider_reference_digest) from payments where user_id = '{id}'"
            ),
        ),
        ("counted messages", counted.clone()),
        ("documents", "select count(*) from kyc_documents".to_owned()),
        (
            "devices",
            format!(
                "select count(*) from sessions where user_id = '{id}' and (ended_at is null or address <> '' or device_name <> 'erased')"
            ),
        ),
        (
            "messages",
            format!(
                "select count(*) from notifications where user_id = '{id}' and (params <> '{{}}' or address_sealed is not null)"
            ),
        ),
        (
            "the person",
            format!(
                "select num_nonnulls(email_sealed, email_digest, phone_sealed, phone_digest, handle) from users where id = '{id}'"
            ),
        ),
    ] {
        assert_eq!(app.database.number(&sql).await, 0, "{what}");
    }
    // Housekeeping deletes the files later; until then they cannot be opened.
    assert!(!app.files_on_disk().is_empty());
    app.clock.advance(TimeDelta::hours(25));
    let now = app.clock.now();
    app.store.enqueue_job(&Job::Housekeep { tick: 1 }, now, now).await.expect("a job");
    app.run_due_jobs().await;
    assert!(app.files_on_disk().is_empty());

    // The counterparty and operators see that there was a user, and nothing else.
    let token = app.log_in(&juma.email).await;
    let juma = Person { token, ..juma };
    let deals = app.get(&juma, "/v1/deals").await.expect(200);
    assert_eq!(deals["items"][0]["buyer"], json!({ "id": amina.id, "name": "Erased" }));
    let moved = app.get(&juma, "/v1/transactions").await.expect(200);
    assert_eq!(moved["items"][0]["counterparty"]["name"], "Erased");
    assert_eq!(moved["items"][0]["counterparty"]["handle"], Value::Null);
    let operator = Person { token: app.log_in(&operator.email).await, ..operator };
    let path = format!("/v1/operator/users/{}", amina.id);
    let seen = app.get(&operator, &path).await.expect(200);
    assert_eq!((&seen["email"], &seen["phone"]), (&Value::Null, &Value::Null));
    assert!(seen["erased_at"].is_string() && seen["closed_at"].is_string(), "{seen:#}");
    let note = json!({ "note": "Asked for it" });
    let reopened = app.post(&operator, &format!("{path}/reopen"), note).await;
    refused(&reopened, 409, "account_erased");
    let to =
        json!({ "to": { "user_id": amina.id }, "amount": { "amount": 100, "currency": "KES" } });
    refused(&app.post(&juma, "/v1/transfers", to).await, 422, "recipient_closed");

    // Address and number are free again; the handle stays reserved.
    refused(&register(&app, &amina.email, &amina.phone, "amina").await, 409, "handle_taken");
    let again = register(&app, &amina.email, &amina.phone, "amina2").await.expect(201);
    assert_ne!(again["id"], amina.id.as_str());
    assert_eq!(log_in(&app, &amina.email).await, 200);
    let records = app.store.audit_of(&amina.id).await.expect("records");
    // Reads are recorded too.
    let last = records.iter().rfind(|one| one.kind != "user.viewed").expect("a record");
    assert_eq!((last.kind.as_str(), &last.data), ("user.erased", &json!({})));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_erase_again_changes_nothing() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let id = amina.id.parse().expect("an id");
    step_up(&app, &amina).await;
    assert_eq!(erase(&app, &amina).await.status.as_u16(), 204);
    let before = app.database.fingerprint().await;
    app.store.erase_user(id, app.clock.now()).await.expect("harmless");
    assert_eq!(app.database.fingerprint().await, before);
    // Pending messages are not sent, and no job waits forever.
    app.run_due_jobs().await;
    let unsent = "select count(*) from notifications where sent_at is not null";
    assert_eq!(app.database.number(unsent).await, 0);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_calls_at_once_erase_once() {
    let app = Arc::new(App::builder().without_worker().start().await);
    let amina = app.person("Amina").await;
    step_up(&app, &amina).await;
    let (one, other) = tokio::join!(erase(&app, &amina), erase(&app, &amina));
    let statuses = [one.status.as_u16(), other.status.as_u16()];
    assert!(statuses.contains(&204), "{statuses:?}");
    assert!(
        statuses.iter().all(|status| [204, 401, 403, 404, 409].contains(status)),
        "{statuses:?}"
    );
    let records = app.store.audit_of(&amina.id).await.expect("records");
    assert_eq!(records.iter().filter(|one| one.kind == "user.erased").count(), 1);
}

/// Staff, and users with open business, cannot be erased.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_and_users_with_open_business_cannot_be_erased() {
    let app = App::builder().without_worker().start().await;
    let (amina, operator) = (app.person("Amina").await, app.operator().await);
    let amount = json!({ "amount": { "amount": 100, "currency": "KES" } });
    app.post(&amina, "/v1/wallet/deposits", amount).await.expect(202);
    for person in [&amina, &operator] {
        step_up(&app, person).await;
        let before = app.database.fingerprint().await;
        refused(&erase(&app, person).await, 409, "account_in_use");
        assert_eq!(app.database.fingerprint().await, before);
    }
}

/// A transfer and an erasure at the same time: exactly one succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_and_a_transfer_exclude_each_other() {
    let app = Arc::new(App::builder().without_worker().start().await);
    let juma = app.person("Juma").await;
    app.given(&juma, 100_000, app.clock.now()).await;
    for round in 0..8 {
        let amina = app.person(&format!("Amina{round}")).await;
        step_up(&app, &amina).await;
        let barrier = Arc::new(Barrier::new(2));
        let sending = {
            let (app, juma, amina, barrier) =
                (Arc::clone(&app), juma.clone(), amina.clone(), Arc::clone(&barrier));
            tokio::spawn(async move {
                let amount = json!({ "amount": 100, "currency": "KES" });
                let to = json!({ "to": { "phone": amina.phone }, "amount": amount });
                barrier.wait().await;
                app.post(&juma, "/v1/transfers", to).await
            })
        };
        barrier.wait().await;
        let erased = erase(&app, &amina).await;
        let sent = sending.await.expect("an answer");
        let is_erased = format!("select count(erased_at) from users where id = '{}'", amina.uuid());
        let is_erased = app.database.number(&is_erased).await == 1;
        match (erased.status.as_u16(), sent.status.as_u16()) {
            (204, status) => {
                assert!(is_erased);
                let code = sent.problem();
                assert!(
                    ["recipient_closed", "unknown_recipient"].contains(&code),
                    "{status} {code}"
                );
            }
            (_, status) => {
                refused(&erased, 409, "account_in_use");
                assert!(!is_erased);
                assert_eq!(status, 201, "{:#}", sent.body);
            }
        }
    }
    app.assert_sound().await;
}

/// The schema enforces it too, by named constraints.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schema_lets_nobody_be_half_erased() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    step_up(&app, &amina).await;
    assert_eq!(erase(&app, &amina).await.status.as_u16(), 204);
    let (gone, there) = (amina.uuid(), juma.uuid());
    let empty =
        "email_sealed = null, email_digest = null, phone_sealed = null, phone_digest = null";
    let rest = "closed_at = now(), erased_at = now(), name = 'Erased', password_hash = '', \
        email_verified_at = null, phone_verified_at = null";
    let bytes = "decode(repeat('00', 68), 'hex')";
    for (sql, constraint) in [
        (format!("update users set {empty} where id = '{there}'"), "users_email_whole"),
        (
            format!(
                "delete from person_keys where user_id = '{there}'; update users set {rest} where id = '{there}'"
            ),
            "users_erased_empty",
        ),
        (
            format!("update users set {empty}, {rest} where id = '{there}'"),
            "users_erased_without_key",
        ),
        (format!("update users set closed_at = null where id = '{gone}'"), "users_erased_closed"),
        (format!("update users set name = 'Amina' where id = '{gone}'"), "users_erased_closed"),
        (format!("update users set erased_at = null where id = '{gone}'"), "users_erased_for_ever"),
        (
            format!(
                "insert into person_keys (user_id, wrapped, created_at) values ('{gone}', {bytes}, now())"
            ),
            "person_keys_of_the_living",
        ),
        (
            format!(
                "update users set email_sealed = '', email_digest = sha256(''), phone_sealed = '', phone_digest = sha256('') where id = '{gone}'"
            ),
            "users_erased_empty",
        ),
    ] {
        assert_eq!(app.database.refusal(&sql).await, constraint, "{sql}");
    }
}
