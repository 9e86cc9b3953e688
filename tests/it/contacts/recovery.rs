//! A contact's owner recovers the account with it; the account that only entered it loses access.

use super::{PASSWORD, refused, verify, workerless};
use amana_domain::contact::Contact;
use amana_domain::phone::Msisdn;
use amana_harness::{Answer, App, Key, Person, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const NEW: &str = "mbuzi-wawili-na-kuku";

async fn public(app: &App, path: &str, body: Value) -> Answer {
    app.send(Method::POST, path, None, None, Some(&body)).await
}

async fn log_in(app: &App, login: &str, password: &str) -> u16 {
    public(app, "/v1/sessions", json!({ "login": login, "password": password }))
        .await
        .status
        .as_u16()
}

async fn sent(app: &App) -> i64 {
    app.database.number("select count(*) from codes where purpose = 'reset_password'").await
}

async fn reset(app: &App, login: &str) {
    let before = sent(app).await;
    public(app, "/v1/password-resets", json!({ "login": login })).await.expect(202);
    eventually("a code is created", || async { (sent(app).await > before).then_some(()) }).await;
    app.run_due_jobs().await;
    let code = app.code(login, "set").await;
    let body = json!({ "login": login, "code": code, "password": NEW });
    public(app, "/v1/password-resets/confirm", body).await.expect(200);
}

async fn is_out(app: &App, person: &Person, key: &Key) {
    for token in [&person.token, &key.secret] {
        eventually("the token is refused", || async {
            let answer = app.send(Method::GET, "/v1/wallet", Some(token), None, None).await;
            (answer.status == 401).then_some(())
        })
        .await;
    }
}

/// Creates an account as it could be before verification was required: with a key, a trusted device
/// and a second factor, but no verified contact.
async fn prepared(app: &App) -> (Person, Key) {
    let thief = app.person_with("Thief", "grace@example.com", "254799000001").await;
    let key = app.key(&thief, &["wallet:read", "transfers:write"]).await;
    app.trusted_device(&thief).await;
    let body = json!({ "channel": "phone", "password": PASSWORD });
    app.put(&thief, "/v1/me/second-factor/message", body).await.expect(200);
    let nothing = "update users set email_verified_at = null, phone_verified_at = null";
    app.database.execute(nothing).await;
    (thief, key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_leaves_nothing_of_who_typed_the_contact() {
    let app = workerless().await;
    let (thief, key) = prepared(&app).await;
    reset(&app, &thief.email).await;
    is_out(&app, &thief, &key).await;
    let opened =
        public(&app, "/v1/sessions", json!({ "login": thief.email, "password": NEW })).await;
    let owner = Person {
        token: opened.expect(200)["access_token"].as_str().expect("no factor").to_owned(),
        ..thief.clone()
    };
    let me = app.get(&owner, "/v1/me").await.expect(200);
    assert!(me["email_verified_at"].is_string(), "{me:#}");
    assert_eq!((&me["phone"], &me["phone_verified_at"]), (&Value::Null, &Value::Null));
    assert_eq!(app.get(&owner, "/v1/me/trusted-devices").await.expect(200)["items"], json!([]));
    let keys = app.get(&owner, "/v1/api-keys").await.expect(200);
    assert_eq!(keys["items"][0]["state"], "revoked");
    // The number that was entered with it cannot log in and receives nothing.
    assert_eq!(log_in(&app, &thief.phone, NEW).await, 401);
    let before = sent(&app).await;
    let login = Contact::Phone(Msisdn::parse(&thief.phone).expect("a number"));
    app.store.start_password_reset(&login, app.clock.now()).await.expect("nothing to see");
    assert_eq!(sent(&app).await, before);
    app.run_due_jobs().await;
    let mails = app.mails(&thief).await;
    assert!(mails.iter().any(|mail| mail.text.contains("all API keys of the account are revoked")));
    app.assert_sound().await;
}

/// If an account has a verified contact, its unverified one can neither log in nor reset the
/// password.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unverified_contact_resets_no_account_that_has_a_verified_one() {
    let app = workerless().await;
    let grace = app.newcomer("Grace").await;
    verify(&app, &grace, "email").await.expect(200);
    let login = Contact::Phone(Msisdn::parse(&grace.phone).expect("a number"));
    app.store.start_password_reset(&login, app.clock.now()).await.expect("nothing to see");
    assert_eq!(sent(&app).await, 0);
    assert_eq!(
        (log_in(&app, &grace.phone, PASSWORD).await, log_in(&app, &grace.email, PASSWORD).await),
        (401, 200)
    );
}

/// An intruder may have created a key, so a reset revokes all of them, including organisation keys.
/// A password change with the old password revokes none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_ends_every_api_key() {
    let app = workerless().await;
    let amina = app.person("Amina").await;
    let organisation = app.organisation(&amina, "Soko").await;
    let own = app.key(&amina, &["wallet:read"]).await;
    let body = json!({
        "name": "Shop", "scopes": ["deals:read"], "expires_in_days": 90, "organisation_id": organisation,
    });
    let shop = Key::shown(&app.post(&amina, "/v1/api-keys", body).await.expect(201));
    let body = json!({ "old_password": PASSWORD, "password": "kuku-wawili-na-mbuzi" });
    app.put(&amina, "/v1/me/password", body).await.expect(200);
    app.get(&own.machine(&amina), "/v1/wallet").await.expect(200);
    reset(&app, &amina.phone).await;
    is_out(&app, &amina, &own).await;
    refused(&app.get(&shop.machine(&amina), "/v1/deals").await, 401, "unauthorized");
    assert_eq!(log_in(&app, &amina.email, NEW).await, 200);
    app.assert_sound().await;
}
