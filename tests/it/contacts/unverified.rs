//! An unverified contact identifies no account, in any operation that accepts contacts.

use super::{refused, workerless};
use amana_harness::{App, DealPlan, Person};
use serde_json::{Value, json};

/// Creates a user with contacts and a handle, none of them verified.
async fn typed(app: &App) -> Person {
    let grace = app.newcomer("Grace").await;
    app.put(&grace, "/v1/me/handle", json!({ "handle": "grace" })).await.expect(200);
    grace
}

fn payees(person: &Person) -> [Value; 4] {
    [
        json!({ "phone": person.phone }),
        json!({ "email": person.email }),
        json!({ "handle": "grace" }),
        json!({ "user_id": person.id }),
    ]
}

fn kes(minor: i64) -> Value {
    json!({ "amount": minor, "currency": "KES" })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unverified_contact_is_paid_by_nobody() {
    let app = workerless().await;
    let (juma, grace) = (app.person("Juma").await, typed(&app).await);
    app.given(&juma, 100_000, app.clock.now()).await;
    for to in payees(&grace) {
        let transfer = json!({ "to": to, "amount": kes(5_000) });
        let hold = json!({ "to": to, "amount": kes(5_000), "expires_in_hours": 2 });
        for (path, body) in [("/v1/transfers", transfer), ("/v1/holds", hold)] {
            for dry_run in ["", "?dry_run=true"] {
                let answer = app.post(&juma, &format!("{path}{dry_run}"), body.clone()).await;
                refused(&answer, 422, "unknown_recipient");
            }
        }
    }
    assert_eq!(app.balance(&juma).await, (100_000, 0));
    // Once one contact is verified, everything but the unverified contact identifies the user.
    app.is_verified(&grace, "phone").await;
    for to in payees(&grace) {
        let answer =
            app.post(&juma, "/v1/transfers", json!({ "to": to, "amount": kes(100) })).await;
        if to["email"].is_string() {
            refused(&answer, 422, "unknown_recipient");
        } else {
            answer.expect(201);
        }
    }
    app.assert_sound().await;
}

/// A batch loads the sender for another reason. That must not make the sender the owner of an
/// unverified number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_the_sender_has_typed_is_not_the_senders() {
    let app = workerless().await;
    let grace = typed(&app).await;
    app.is_verified(&grace, "email").await;
    app.given(&grace, 100_000, app.clock.now()).await;
    for dry_run in ["", "?dry_run=true"] {
        let body = json!({ "to": { "phone": grace.phone }, "amount": kes(100) });
        let answer = app.post(&grace, &format!("/v1/transfers{dry_run}"), body).await;
        refused(&answer, 422, "unknown_recipient");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unverified_contact_is_found_by_nobody() {
    let app = workerless().await;
    let (juma, grace) = (app.person("Juma").await, typed(&app).await);
    let find = async |query: &str| {
        let page = app.get(&juma, &format!("/v1/people?query={query}")).await.expect(200);
        page["items"].as_array().expect("items").len()
    };
    let queries = [grace.phone.as_str(), &grace.email, "grace", "@grace"];
    for query in queries {
        assert_eq!(find(query).await, 0, "{query}");
    }
    app.is_verified(&grace, "email").await;
    for (query, count) in queries.into_iter().zip([0, 1, 1, 1]) {
        assert_eq!(find(query).await, count, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deal_with_an_unverified_contact_is_an_invitation() {
    let app = workerless().await;
    let (juma, grace) = (app.person("Juma").await, typed(&app).await);
    let deal = |counterparty: &Value| {
        json!({
            "title": "Two goats", "role": "buyer", "currency": "KES", "counterparty": counterparty,
            "milestones": [{ "title": "Goats", "amount": kes(10_000) }],
        })
    };
    for contact in [json!({ "phone": grace.phone }), json!({ "email": grace.email })] {
        let made = app.post(&juma, "/v1/deals", deal(&contact)).await.expect(201);
        assert_eq!(
            (&made["seller"], &made["invitation"]["role"]),
            (&Value::Null, &json!("seller"))
        );
    }
    assert_eq!(app.get(&grace, "/v1/deals").await.expect(200)["items"], json!([]));
    for broker in [json!({ "handle": "grace" }), json!({ "user_id": grace.id })] {
        let mut body = deal(&json!({ "phone": "254733000099" }));
        body["broker"] = broker;
        body["broker"]["commission_bps"] = json!(100);
        refused(&app.post(&juma, "/v1/deals", body).await, 422, "invalid_request");
    }
    let agreed = app.agreed(&juma, &app.person("Neema").await, &DealPlan::default()).await;
    for payer in payees(&grace) {
        let answer = app.post(&juma, &format!("/v1/deals/{agreed}/payers"), payer).await;
        refused(&answer, 422, "unknown_payer");
    }
    app.assert_sound().await;
}

/// Unverified contacts receive only codes, and the codes omit the name that was entered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_name_goes_to_an_unverified_contact() {
    let app = workerless().await;
    let grace = typed(&app).await;
    app.run_due_jobs().await;
    let (mails, texts) = (app.mails(&grace).await, app.texts(&grace).await);
    assert_eq!((mails.len(), texts.len()), (1, 1), "{mails:?} {texts:?}");
    for message in mails.iter().chain(&texts) {
        assert!(message.text.contains("code is") && !message.text.contains("Grace"), "{message:?}");
    }
    // A new device of an unverified account triggers no message.
    app.database.execute("update sessions set device_name = 'Another'").await;
    app.log_in(&grace.email).await;
    app.run_due_jobs().await;
    assert_eq!(app.mails(&grace).await.len(), 1);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_users_start_on_the_starter_tier() {
    let app = workerless().await;
    let grace = app.newcomer("Grace").await;
    assert_eq!(app.get(&grace, "/v1/limits").await.expect(200)["tier"], "starter");
}
