//! Invitations: creation, delivery, answers and expiry, and no information for holders of an
//! invalid token.

mod lasting;
mod secrets;
mod together;

use amana_harness::{Answer, App, PASSWORD, Person};
use reqwest::Method;
use serde_json::{Value, json};

const GUEST: &str = "guest@example.com";
const GUEST_PHONE: &str = "254711117001";

async fn quiet() -> App {
    App::builder().without_worker().start().await
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{:#}", answer.body);
}

/// An organisation, an open invitation to it, and the token that was sent.
struct Invited {
    app: App,
    amina: Person,
    organisation: String,
    /// Path of this invitation.
    path: String,
    token: String,
}

impl Invited {
    async fn as_rank(rank: &str) -> Self {
        let app = quiet().await;
        let amina = app.person("Amina").await;
        let organisation = app.organisation(&amina, "Soko").await;
        let id = app.invite(&amina, &organisation, GUEST, rank).await;
        let path = format!("/v1/organisations/{organisation}/invitations/{id}");
        let token = newest_token(&app, GUEST).await;
        Self { app, amina, organisation, path, token }
    }

    async fn details(&self, token: &str) -> Answer {
        call(&self.app, "details", &json!({ "token": token })).await
    }
}

/// Makes a call without authentication.
async fn call(app: &App, what: &str, body: &Value) -> Answer {
    app.send(Method::POST, &format!("/v1/invitations/{what}"), None, None, Some(body)).await
}

async fn newest_token(app: &App, email: &str) -> String {
    app.run_due_jobs().await;
    app.invitation_tokens(email).await.into_iter().next().expect("a token")
}

fn acceptance(token: &str) -> Value {
    json!({ "token": token, "name": "Zuhura", "phone": GUEST_PHONE, "password": PASSWORD })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invited_person_registers_joins_and_is_logged_in() {
    let invited = Invited::as_rank("admin").await;
    let Invited { app, amina, organisation, token, .. } = &invited;
    let details = invited.details(token).await.expect(200);
    assert_eq!(
        (&details["organisation_name"], &details["inviter_name"], &details["role"]),
        (&json!("Soko"), &json!("Amina"), &json!("admin"))
    );
    assert_eq!(
        (&details["email"], &details["has_account"]),
        (&json!("g****@example.com"), &json!(false))
    );
    let tokens = call(app, "accept", &acceptance(token)).await.expect(201);
    let access = tokens["access_token"].as_str().expect("a token");
    let me = app.send(Method::GET, "/v1/me", Some(access), None, None).await.expect(200);
    assert_eq!((&me["name"], &me["email"]), (&json!("Zuhura"), &json!(GUEST)));
    // The token verified the address; the number is still unverified.
    assert!(me["email_verified_at"].is_string() && me["phone_verified_at"].is_null(), "{me:#}");
    let body = json!({ "refresh_token": tokens["refresh_token"] });
    app.send(Method::POST, "/v1/sessions/refresh", None, None, Some(&body)).await.expect(200);
    let guest = Person {
        id: me["id"].as_str().expect("an id").to_owned(),
        email: GUEST.to_owned(),
        phone: GUEST_PHONE.to_owned(),
        token: app.log_in(GUEST).await,
    };
    let found = app.get(&guest, "/v1/organisations").await.expect(200);
    assert_eq!(
        (&found["items"][0]["id"], &found["items"][0]["role"]),
        (&json!(organisation), &json!("admin"))
    );
    app.run_due_jobs().await;
    let subjects = async |person: &Person| {
        let mails = app.mails(person).await;
        mails.into_iter().filter_map(|mail| mail.subject).collect::<Vec<_>>()
    };
    assert!(subjects(amina).await.contains(&"Zuhura has joined Soko".to_owned()));
    let to_guest = subjects(&guest).await;
    assert!(to_guest.contains(&"Amina invites you to Soko".to_owned()), "{to_guest:?}");
    assert!(to_guest.contains(&"Welcome to Amana".to_owned()), "{to_guest:?}");
    assert!(!to_guest.iter().any(|subject| subject.contains("code")), "{to_guest:?}");
    // The token is valid once.
    for answer in [invited.details(token).await, call(app, "accept", &acceptance(token)).await] {
        refused(&answer, 404, "invitation_not_found");
    }
    let records = app.store.audit_of(organisation).await.expect("records");
    let last = records.last().expect("a record");
    assert_eq!((last.kind.as_str(), last.actor().as_str()), ("invitation.accepted", &*guest.id));
    app.assert_sound().await;
}

/// The token verifies the address of an account that has not confirmed its code. Until then no
/// account owns the address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_verifies_the_address_of_a_newcomer() {
    let app = quiet().await;
    let (amina, juma) = (app.person("Amina").await, app.newcomer("Juma").await);
    let organisation = app.organisation(&amina, "Soko").await;
    app.invite(&amina, &organisation, &juma.email, "member").await;
    let body = json!({ "token": newest_token(&app, &juma.email).await });
    assert_eq!(call(&app, "details", &body).await.expect(200)["has_account"], false);
    let joined = app.post(&juma, "/v1/invitations/join", body).await.expect(200);
    assert_eq!(joined["role"], "member");
    let me = app.get(&juma, "/v1/me").await.expect(200);
    assert!(me["email_verified_at"].is_string() && me["phone_verified_at"].is_null(), "{me:#}");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_with_an_account_joins_as_themselves() {
    let app = quiet().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let stranger = app.person("Baraka").await;
    let organisation = app.organisation(&amina, "Soko").await;
    // Addresses are compared without case.
    app.invite(&amina, &organisation, &juma.email.to_uppercase(), "member").await;
    let token = newest_token(&app, &juma.email).await;
    let body = json!({ "token": token });
    assert_eq!(call(&app, "details", &body).await.expect(200)["has_account"], true);
    let before = app.database.fingerprint().await;
    refused(&call(&app, "accept", &acceptance(&token)).await, 409, "account_exists");
    let another = app.post(&stranger, "/v1/invitations/join", body.clone()).await;
    refused(&another, 403, "invitation_for_another");
    assert_eq!(app.database.fingerprint().await, before);
    let joined = app.post(&juma, "/v1/invitations/join", body.clone()).await.expect(200);
    assert_eq!((&joined["role"], &joined["member_count"]), (&json!("member"), &json!(2)));
    refused(&app.post(&juma, "/v1/invitations/join", body).await, 404, "invitation_not_found");
    app.run_due_jobs().await;
    let mails = app.mails(&amina).await;
    assert!(mails.iter().any(|mail| mail.subject.as_deref() == Some("Juma has joined Soko")));
    let path = format!("/v1/organisations/{organisation}/invitations");
    let again = json!({ "email": juma.email, "role": "member" });
    refused(&app.post(&amina, &path, again).await, 409, "already_member");
    app.assert_sound().await;
}

/// A weak password, or a number or handle in use, leaves the invitation valid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_acceptance_leaves_the_invitation_valid() {
    let invited = Invited::as_rank("member").await;
    let Invited { app, amina, token, .. } = &invited;
    app.put(amina, "/v1/me/handle", json!({ "handle": "@amina" })).await.expect(200);
    let before = app.database.fingerprint().await;
    for (member, value, status, code) in [
        ("password", json!("guestguest"), 422, "invalid_request"),
        ("phone", json!("0712"), 422, "invalid_request"),
        ("handle", json!("amina"), 409, "handle_taken"),
    ] {
        let mut body = acceptance(token);
        body[member] = value;
        let answer = call(app, "accept", &body).await;
        refused(&answer, status, code);
        assert_eq!(answer.body["errors"][0]["pointer"], format!("/{member}"));
    }
    assert_eq!(app.database.fingerprint().await, before);
    call(app, "accept", &acceptance(token)).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_speaks_the_language_of_whoever_makes_it() {
    let app = quiet().await;
    let juma = app.person_speaking("Juma", "254711117002", "sw").await;
    let organisation = app.organisation(&juma, "Soko").await;
    app.invite(&juma, &organisation, GUEST, "member").await;
    app.run_due_jobs().await;
    let found = app.sandbox_get(&format!("/admin/mails?to={GUEST}")).await;
    assert_eq!(found["mails"][0]["subject"], "Juma anakualika kujiunga na Soko");
}

/// A member who is demoted or removed loses the right to invite, so their open invitations end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invitations_end_with_the_right_to_invite() {
    let app = quiet().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let organisation = app.organisation(&amina, "Soko").await;
    let rank = format!("/v1/organisations/{organisation}/members/{}/role", juma.id);
    let open = async || {
        let list = format!("/v1/organisations/{organisation}/invitations");
        let items = app.get(&amina, &list).await.expect(200)["items"].clone();
        let mut ranks: Vec<String> = items
            .as_array()
            .expect("items")
            .iter()
            .map(|one| {
                format!(
                    "{} by {}",
                    one["role"].as_str().expect("a rank"),
                    one["inviter"]["name"].as_str().expect("a name")
                )
            })
            .collect();
        ranks.sort();
        ranks
    };
    app.add_member(&organisation, &juma, "owner").await;
    app.invite(&amina, &organisation, "a@example.com", "member").await;
    app.invite(&juma, &organisation, "b@example.com", "member").await;
    app.invite(&juma, &organisation, "c@example.com", "admin").await;
    let token = newest_token(&app, "c@example.com").await;
    assert_eq!(open().await, ["admin by Juma", "member by Amina", "member by Juma"]);
    app.put(&amina, &rank, json!({ "role": "admin" })).await.expect(200);
    assert_eq!(open().await, ["member by Amina", "member by Juma"]);
    refused(&call(&app, "details", &json!({ "token": token })).await, 404, "invitation_not_found");
    app.put(&amina, &rank, json!({ "role": "member" })).await.expect(200);
    assert_eq!(open().await, ["member by Amina"]);
    let records = app.store.audit_of(&organisation).await.expect("records");
    assert_eq!(records.iter().filter(|one| one.kind == "invitation.revoked").count(), 2);
    app.add_member(&organisation, &juma, "admin").await;
    app.invite(&juma, &organisation, "d@example.com", "member").await;
    let member = format!("/v1/organisations/{organisation}/members/{}", juma.id);
    assert_eq!(app.delete(&juma, &member).await.status, 204);
    assert_eq!(open().await, ["member by Amina"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_has_one_open_invitation_and_an_organisation_fifty() {
    let invited = Invited::as_rank("member").await;
    let Invited { app, amina, organisation, path, .. } = &invited;
    let list = format!("/v1/organisations/{organisation}/invitations");
    let again = json!({ "email": "Guest@example.com", "role": "admin" });
    refused(&app.post(amina, &list, again.clone()).await, 409, "invitation_open");
    // Another organisation may invite the same person.
    let other = app.organisation(amina, "Duka").await;
    app.invite(amina, &other, GUEST, "member").await;
    assert_eq!(app.delete(amina, path).await.status, 204);
    app.post(amina, &list, again).await.expect(201);
    for n in 1..50 {
        app.invite(amina, organisation, &format!("guest{n}@example.com"), "member").await;
    }
    let more = json!({ "email": "more@example.com", "role": "member" });
    refused(&app.post(amina, &list, more.clone()).await, 409, "invitation_limit");
    let page = app.get(amina, &format!("{list}?limit=100")).await.expect(200);
    assert_eq!(page["items"].as_array().map(Vec::len), Some(50));
    // Ended invitations make room, up to a hundred created per day.
    let clear = "update invitations set ended_at = now(), end_reason = 'revoked', email_sealed = null, email_digest = null where ended_at is null";
    app.database.execute(clear).await;
    for n in 51..100 {
        app.invite(amina, organisation, &format!("guest{n}@example.com"), "member").await;
    }
    app.database.execute(clear).await;
    refused(&app.post(amina, &list, more.clone()).await, 409, "invitation_limit");
    app.database.execute("update invitations set created_at = created_at - interval '1 day', sent_at = sent_at - interval '1 day'").await;
    app.post(amina, &list, more).await.expect(201);
}
