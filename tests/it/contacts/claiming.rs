//! A contact belongs to the account that verifies it, whichever account entered it first.

use super::{actions, refused, registered, verify, workerless};
use amana_domain::code::{Code, CodeRefusal};
use amana_domain::contact::ContactKind;
use amana_harness::{App, Person, eventually};
use amana_postgres::Error;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const EMAIL: &str = "grace@example.com";
const PHONE: &str = "254712345678";

/// Creates a code of a user for a purpose, whether or not it can be sent.
async fn code(app: &App, user: &str, purpose: &str) -> Code {
    let sql = format!(
        "select id::text from codes where user_id = '{user}' and purpose = '{purpose}'
        order by created_at desc limit 1"
    );
    let id: Uuid = app.database.text(&sql).await.expect("a code").parse().expect("an id");
    app.context.codes.code(id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_true_owner_takes_a_contact_that_somebody_typed() {
    let app = workerless().await;
    let typed_both = registered(&app, "Thief", EMAIL, PHONE).await;
    let typed_one = registered(&app, "Baraka", "baraka@example.com", PHONE).await;
    verify(&app, &typed_one, "email").await.expect(200);
    let owner = registered(&app, "Grace", EMAIL, PHONE).await;
    verify(&app, &owner, "email").await.expect(200);
    // The account that entered both contacts still has the number, which is not verified yet.
    assert!(!actions(&app, &typed_both).await.contains(&"user.closed".to_owned()));
    verify(&app, &owner, "phone").await.expect(200);
    assert_eq!(
        actions(&app, &typed_both).await,
        ["user.registered", "user.contact_removed", "user.closed", "user.contact_removed"]
    );
    eventually("the other account is signed out", || async {
        (app.get(&typed_both, "/v1/me").await.status == 401).then_some(())
    })
    .await;
    let last = app.store.audit_of(&typed_one.id).await.expect("records").pop().expect("one");
    assert_eq!((&*last.kind, &last.data), ("user.contact_removed", &json!({ "channel": "phone" })));
    let me = app.get(&typed_one, "/v1/me").await.expect(200);
    assert_eq!((&me["email"], &me["phone"]), (&json!("baraka@example.com"), &Value::Null));
    let me = app.get(&Person { token: app.log_in(PHONE).await, ..owner.clone() }, "/v1/me").await;
    assert_eq!(me.expect(200)["id"], owner.id.as_str());
    // An account without contacts could not log in, so it cannot be reopened.
    let path = format!("/v1/operator/users/{}/reopen", typed_both.id);
    let note = json!({ "note": "Asked for it" });
    refused(&app.post(&app.operator().await, &path, note).await, 409, "account_erased");
    app.assert_sound().await;
}

/// An account that entered the same contact, earlier or later, does not keep its verified owner
/// from logging in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_can_log_in_right_after_registering() {
    let app = workerless().await;
    registered(&app, "First", EMAIL, PHONE).await;
    // Its codes arrive first, so the newest are the owner's.
    app.run_due_jobs().await;
    let owner = registered(&app, "Grace", EMAIL, PHONE).await;
    let logged_in = async |login: &str| {
        let token = app.log_in(login).await;
        app.get(&Person { token, ..owner.clone() }, "/v1/me").await.expect(200)["id"].clone()
    };
    assert_eq!(
        (logged_in(EMAIL).await, logged_in(PHONE).await),
        (json!(owner.id), json!(owner.id))
    );
    verify(&app, &owner, "email").await.expect(200);
    let new = json!({
        "name": "Last", "email": EMAIL, "phone": PHONE, "password": "mbuzi-kumi-na-kuku",
    });
    app.send(Method::POST, "/v1/users", None, None, Some(&new)).await.expect(201);
    assert_eq!(logged_in(EMAIL).await, json!(owner.id));
    // The number is unverified, and the account has a verified contact, so the number cannot log
    // in.
    let body = json!({ "login": PHONE, "password": super::PASSWORD });
    let answer = app.send(Method::POST, "/v1/sessions", None, None, Some(&body)).await;
    refused(&answer, 401, "invalid_credentials");
}

/// Two accounts verify one contact at the same time; one gets it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_is_verified_by_one_of_two_at_once() {
    let app = workerless().await;
    for round in 0..amana_harness::race_rounds().min(20) {
        let email = format!("grace{round}@example.com");
        let phones = [0, 1].map(|n| format!("25471222{:04}", round * 2 + n));
        let one = registered(&app, "One", &email, &phones[0]).await;
        let other = registered(&app, "Other", &email, &phones[1]).await;
        let first = code(&app, one.uuid(), "verify_email").await.to_string();
        let second = code(&app, other.uuid(), "verify_email").await.to_string();
        let path = "/v1/me/verifications/confirm".to_owned();
        let body = |code: String| json!({ "channel": "email", "code": code });
        let calls = [(&one, path.clone(), body(first)), (&other, path, body(second))];
        let mut statuses = app.together(calls).await.map(|answer| answer.status.as_u16());
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422]);
    }
    let both = "select count(*) - count(email_digest) from users";
    let rounds = i64::try_from(amana_harness::race_rounds().min(20)).expect("few");
    assert_eq!(
        app.database.number(both).await,
        rounds,
        "expected one account without the address per round"
    );
    app.assert_sound().await;
}

/// The owner is notified once a day. The newcomer gets the usual responses, and a code that is not
/// sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verified_contact_cannot_be_verified_by_another_account() {
    let app = workerless().await;
    let owner = app.person_with("Grace", EMAIL, PHONE).await;
    let mut thief = String::new();
    for _ in 0..2 {
        let new = json!({
            "name": "Thief", "email": EMAIL, "phone": PHONE, "password": "mbuzi-kumi-na-kuku",
        });
        let answer = app.send(Method::POST, "/v1/users", None, None, Some(&new)).await.expect(201);
        answer["id"].as_str().expect("an id").clone_into(&mut thief);
    }
    app.run_due_jobs().await;
    let told = async || {
        let mails = app.mails(&owner).await;
        mails.iter().filter(|mail| mail.text.contains("belongs to your account already")).count()
    };
    assert_eq!(told().await, 1);
    for to in [EMAIL, PHONE] {
        assert_eq!(app.codes(to, "confirm").await, Vec::<String>::new());
    }
    // Even the correct code is rejected.
    let (user, now) = (thief.parse().expect("an id"), app.clock.now());
    let guessed = code(&app, &thief[4..], "verify_email").await;
    let guessed = (ContactKind::Email, guessed);
    let verified = app.store.verify_contact(&app.context.codes, user, guessed, now).await;
    assert!(matches!(verified, Err(Error::Code(CodeRefusal::Wrong))), "{verified:?}");
    for _ in 0..4 {
        app.store.start_verification(user, ContactKind::Email, now).await.expect("as always");
    }
    let bounded = app.store.start_verification(user, ContactKind::Email, now).await;
    assert!(matches!(bounded, Err(Error::Code(CodeRefusal::TooMany { .. }))), "{bounded:?}");
    app.run_due_jobs().await;
    assert_eq!(told().await, 1, "expected one notification per day");
    app.assert_sound().await;
}
