//! Deals with a counterparty without an account: the user who verifies the invited contact becomes
//! the counterparty, and no other user does.

use amana_harness::{Answer, App, PASSWORD, Person};
use chrono::TimeDelta;
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

/// Creates the seller's draft with an unknown counterparty. Returns its path.
async fn drafted(app: &App, seller: &Person, counterparty: Value) -> String {
    let body = json!({
        "title": "Two goats", "role": "seller", "currency": "KES", "counterparty": counterparty,
        "terms": { "acceptance_hours": 1_000 }, "template": "goods",
        "amount": { "amount": 150_000, "currency": "KES" },
    });
    let draft = app.post(seller, "/v1/deals", body).await.expect(201);
    assert_eq!((&draft["buyer"], &draft["invitation"]["role"]), (&Value::Null, &json!("buyer")));
    assert_eq!(draft["invitation"]["sent_at"], Value::Null);
    format!("/v1/deals/{}", draft["id"].as_str().expect("an id"))
}

async fn propose(app: &App, seller: &Person, deal: &str) {
    let proposed = app.post(seller, &format!("{deal}/propose"), Value::Null).await.expect(200);
    assert!(proposed["invitation"]["expires_at"].is_string(), "{proposed:#}");
    app.run_due_jobs().await;
}

/// Returns the code of the newest invitation to this address or number.
async fn code(app: &App, to: &str) -> Option<String> {
    let list = if to.contains('@') { "mails" } else { "sms" };
    let found = app.sandbox_get(&format!("/admin/{list}?to={to}")).await;
    let texts = found[list].as_array().expect("messages").iter();
    let texts = texts.filter_map(|one| one["text"].as_str());
    let is_code = |word: &&str| word.len() == 20 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let mut codes = texts.filter_map(|text| text.split_whitespace().find(is_code));
    codes.next().map(str::to_owned)
}

async fn register(app: &App, email: &str, phone: &str) -> Person {
    let new = json!({ "name": "Zuhura", "email": email, "phone": phone, "password": PASSWORD });
    let user = app.send(Method::POST, "/v1/users", None, None, Some(&new)).await.expect(201);
    let token = app.log_in(email).await;
    let id = user["id"].as_str().expect("an id").to_owned();
    app.run_due_jobs().await;
    Person { id, email: email.to_owned(), phone: phone.to_owned(), token }
}

async fn prove(app: &App, person: &Person, channel: &str) {
    let to = if channel == "email" { &person.email } else { &person.phone };
    let body = json!({ "channel": channel, "code": app.code(to, "confirm").await });
    app.post(person, "/v1/me/verifications/confirm", body).await.expect(200);
}

async fn join(app: &App, person: &Person, code: &str) -> Answer {
    app.post(person, "/v1/deal-invitations/join", json!({ "code": code })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verifying_the_invited_contact_joins_the_deal() {
    let app = quiet().await;
    let seller = app.person("Juma").await;
    let deal = drafted(&app, &seller, json!({ "email": "Guest@Example.com" })).await;
    app.run_due_jobs().await;
    assert_eq!(code(&app, GUEST).await, None, "expected no message before the proposal");
    propose(&app, &seller, &deal).await;
    assert!(code(&app, GUEST).await.is_some());
    let guest = register(&app, GUEST, GUEST_PHONE).await;
    refused(&app.get(&guest, &deal).await, 404, "not_found");
    prove(&app, &guest, "phone").await;
    refused(&app.get(&guest, &deal).await, 404, "not_found");
    prove(&app, &guest, "email").await;

    let listed = app.get(&guest, "/v1/deals").await.expect(200);
    let found = &listed["items"][0];
    assert_eq!((&found["role"], &found["invitation"]), (&json!("buyer"), &Value::Null));
    let events = app.get(&guest, &format!("{deal}/timeline")).await.expect(200);
    let last = events["items"].as_array().and_then(|all| all.last()).expect("events").clone();
    assert_eq!((&last["kind"], &last["actor_id"]), (&json!("deal.joined"), &Value::Null));
    app.run_due_jobs().await;
    let mails = app.sandbox_get(&format!("/admin/mails?to={}", seller.email)).await;
    assert!(mails.to_string().contains("Zuhura has joined: Two goats"), "{mails:#}");
    let agreed = app.post(&guest, &format!("{deal}/agree"), json!({ "revision": 1 })).await;
    assert_eq!(agreed.expect(200)["state"], "agreed");
    let left = "select count(*) from deal_invitations where num_nonnulls(contact_sealed, contact_digest) > 0";
    assert_eq!(
        app.database.number(left).await,
        0,
        "expected no stored address after the invitation ended"
    );
    app.assert_sound().await;
}

/// The code verifies the contact that it was sent to, so it is useless for accounts without that
/// contact.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_good_for_the_account_with_that_number_only() {
    let app = quiet().await;
    let (seller, other) = (app.person("Juma").await, app.person("Neema").await);
    let deal = drafted(&app, &seller, json!({ "phone": GUEST_PHONE })).await;
    let second = drafted(&app, &seller, json!({ "phone": GUEST_PHONE })).await;
    propose(&app, &seller, &deal).await;
    let code = code(&app, GUEST_PHONE).await.expect("a code");
    refused(&join(&app, &other, &code).await, 404, "invitation_not_found");
    let guest = register(&app, GUEST, GUEST_PHONE).await;
    let wrong = format!("{}{}", if code.starts_with('0') { '1' } else { '0' }, &code[1..]);
    for wrong in [wrong.as_str(), "", "nonsense", &code[..18]] {
        refused(&join(&app, &guest, wrong).await, 404, "invitation_not_found");
    }
    let joined = join(&app, &guest, &code).await.expect(200);
    assert_eq!((&joined["role"], &joined["state"]), (&json!("buyer"), &json!("proposed")));
    let me = app.get(&guest, "/v1/me").await.expect(200);
    assert!(me["phone_verified_at"].is_string(), "{me:#}");
    // The number is verified now, so the user joins the draft as well.
    assert_eq!(app.get(&guest, &second).await.expect(200)["role"], "buyer");
    refused(&join(&app, &guest, &code).await, 404, "invitation_not_found");
    app.assert_sound().await;
}

/// An invitation expires after seven days. Sent again it has a new code, and adds a user who has
/// verified the contact meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_ends_after_seven_days_and_can_be_sent_again() {
    let app = quiet().await;
    let mut seller = app.person("Juma").await;
    let deal = drafted(&app, &seller, json!({ "email": GUEST })).await;
    let resend = format!("{deal}/invitation/resend");
    refused(&app.post(&seller, &resend, Value::Null).await, 409, "wrong_state");
    propose(&app, &seller, &deal).await;
    let first = code(&app, GUEST).await.expect("a code");
    refused(&app.post(&seller, &resend, Value::Null).await, 429, "invitation_too_soon");
    app.advance(TimeDelta::hours(2), &mut [&mut seller]).await;
    app.post(&seller, &resend, Value::Null).await.expect(200);
    app.run_due_jobs().await;
    let second = code(&app, GUEST).await;
    assert_ne!(second.as_ref(), Some(&first));
    app.advance(TimeDelta::days(8), &mut [&mut seller]).await;
    let guest = register(&app, GUEST, GUEST_PHONE).await;
    refused(&join(&app, &guest, &first).await, 404, "invitation_not_found");
    let second = second.expect("another code");
    refused(&join(&app, &guest, &second).await, 409, "invitation_expired");
    prove(&app, &guest, "email").await;
    refused(&app.get(&guest, &deal).await, 404, "not_found");
    let joined = app.post(&seller, &resend, Value::Null).await.expect(200);
    assert_eq!((&joined["buyer"]["name"], &joined["invitation"]), (&json!("Zuhura"), &Value::Null));
    assert_eq!(app.get(&guest, &deal).await.expect(200)["role"], "buyer");
    refused(&app.post(&seller, &resend, Value::Null).await, 409, "wrong_state");
    refused(&app.post(&app.person("Neema").await, &resend, Value::Null).await, 404, "not_found");
    app.assert_sound().await;
}

/// The offer expires before the invitation. The code is correct, so its owner is told that the
/// offer has expired.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_after_the_end_of_the_offer_says_that_the_offer_is_over() {
    let app = quiet().await;
    let mut seller = app.person("Juma").await;
    let body = json!({
        "title": "Two goats", "role": "seller", "currency": "KES",
        "counterparty": { "email": GUEST }, "terms": { "acceptance_hours": 48 },
        "template": "goods", "amount": { "amount": 150_000, "currency": "KES" },
    });
    let draft = app.post(&seller, "/v1/deals", body).await.expect(201);
    let deal = format!("/v1/deals/{}", draft["id"].as_str().expect("an id"));
    propose(&app, &seller, &deal).await;
    let code = code(&app, GUEST).await.expect("a code");
    let mut guest = register(&app, GUEST, GUEST_PHONE).await;
    app.advance(TimeDelta::days(3), &mut [&mut seller, &mut guest]).await;
    // Before and after the timer of the deal has run.
    refused(&join(&app, &guest, &code).await, 409, "invitation_expired");
    app.run_due_jobs().await;
    assert_eq!(app.get(&seller, &deal).await.expect(200)["state"], "expired");
    let late = join(&app, &guest, &code).await;
    refused(&late, 409, "invitation_expired");
    assert!(
        late.body["detail"]
            .as_str()
            .is_some_and(|text| text.contains("request another invitation"))
    );
    let other = app.person("Neema").await;
    refused(&join(&app, &other, &code).await, 404, "invitation_not_found");
    let kept = "select count(*) from deal_invitations where contact_sealed is not null";
    assert_eq!(
        app.database.number(kept).await,
        0,
        "expected no stored address after the invitation ended"
    );
    app.assert_sound().await;
}

/// A closed deal accepts no invitee, and a party cannot be its own counterparty. In both cases the
/// code still verifies the address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_join_still_verifies_the_address() {
    let app = quiet().await;
    let seller = app.person("Juma").await;
    let over = drafted(&app, &seller, json!({ "email": GUEST })).await;
    propose(&app, &seller, &over).await;
    app.post(&seller, &format!("{over}/cancel"), Value::Null).await.expect(200);
    let own = drafted(&app, &seller, json!({ "email": GUEST })).await;
    let change = json!({ "new": GUEST, "password": PASSWORD });
    app.post(&seller, "/v1/me/email-changes", change).await.expect(202);
    app.run_due_jobs().await;
    let codes = json!({
        "old_code": app.code(&seller.email, "replace this e-mail address").await,
        "new_code": app.code(GUEST, "confirm").await,
    });
    app.post(&seller, "/v1/me/email-changes/confirm", codes).await.expect(200);
    for deal in [&over, &own] {
        let found = app.get(&seller, deal).await.expect(200);
        assert_eq!((&found["buyer"], &found["invitation"]), (&Value::Null, &Value::Null));
    }
    let why = "select string_agg(end_reason, ' ' order by created_at) from deal_invitations";
    assert_eq!(app.database.text(why).await.as_deref(), Some("deal_over not_possible"));
    app.assert_sound().await;
}

/// A message to a stranger contains no link from a deal title.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_title_that_is_a_link_is_not_told_to_strangers() {
    let app = quiet().await;
    let seller = app.person("Juma").await;
    let deal = drafted(&app, &seller, json!({ "email": GUEST })).await;
    let offer = json!({
        "title": "Log in at https://evil.example", "template": "service",
        "amount": { "amount": 150_000, "currency": "KES" },
    });
    app.post(&seller, &format!("{deal}/counter"), offer).await.expect(200);
    propose(&app, &seller, &deal).await;
    let mails = app.sandbox_get(&format!("/admin/mails?to={GUEST}")).await.to_string();
    assert!(mails.contains("Juma") && !mails.contains("evil.example"), "{mails}");
}

/// The deal is closed after the earlier of two expiries, so the message names that one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_tells_when_the_offer_ends_in_the_language_of_the_invited() {
    let app = quiet().await;
    let seller = app.person("Juma").await;
    let body = json!({
        "title": "Two goats", "role": "seller", "currency": "KES",
        "counterparty": { "email": GUEST, "language": "sw" },
        "terms": { "acceptance_hours": 72 }, "template": "goods",
        "amount": { "amount": 150_000, "currency": "KES" },
    });
    let draft = app.post(&seller, "/v1/deals", body).await.expect(201);
    let deal = format!("/v1/deals/{}", draft["id"].as_str().expect("an id"));
    propose(&app, &seller, &deal).await;
    let due_at = app.get(&seller, &deal).await.expect(200)["due_at"].clone();
    let due_at: chrono::DateTime<chrono::Utc> =
        due_at.as_str().expect("a deadline").parse().expect("a time");
    let told = (due_at + TimeDelta::hours(3)).format("%d.%m.%Y %H:%M EAT").to_string();
    let mails = app.sandbox_get(&format!("/admin/mails?to={GUEST}")).await;
    let text = mails["mails"][0]["text"].as_str().expect("a text");
    assert!(text.contains(&told), "{told}: {text}");
    assert!(
        text.starts_with("Habari,") && text.contains("anakualika") || text.contains("angependa")
    );
}
