//! Changing an e-mail address or phone number: both the old and the new contact must be verified,
//! and the old one is notified.

mod claiming;
mod gate;
mod hijack;
mod look_ups;
mod phone_only;
mod recovery;
mod unverified;

use amana_harness::{Answer, App, Person, another_code};
use reqwest::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "karibu-nyumbani-7";

/// A contact to change, and the words that introduce its two codes.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    new: &'static str,
    leaves: &'static str,
    taken: &'static str,
    notice: &'static str,
}

const EMAIL: Kind = Kind {
    name: "email",
    new: "amina.k@example.com",
    leaves: "replace this e-mail address",
    taken: "email_taken",
    notice: "has another e-mail address now",
};
const PHONE: Kind = Kind {
    name: "phone",
    new: "254712000001",
    leaves: "changes your phone number",
    taken: "phone_taken",
    notice: "has another phone number now",
};

impl Kind {
    fn of(self, person: &Person) -> &str {
        if self.name == "email" { &person.email } else { &person.phone }
    }

    async fn start(self, app: &App, person: &Person, new: &str, password: &str) -> Answer {
        let body = json!({ "new": new, "password": password });
        app.post(person, &format!("/v1/me/{}-changes", self.name), body).await
    }

    async fn confirm(self, app: &App, person: &Person, (old, new): (&str, &str)) -> Answer {
        let body = json!({ "old_code": old, "new_code": new });
        app.post(person, &format!("/v1/me/{}-changes/confirm", self.name), body).await
    }

    /// Starts the change and reads both codes.
    async fn codes(self, app: &App, person: &Person) -> (String, String) {
        let sent = self.start(app, person, self.new, PASSWORD).await.expect(202);
        assert_eq!(sent, json!({ "expires_in": 300 }));
        app.run_due_jobs().await;
        (app.code(self.of(person), self.leaves).await, app.code(self.new, "confirm").await)
    }

    async fn stored(self, app: &App, person: &Person) -> String {
        let user = app.store.user(person.id.parse().expect("an id")).await.expect("a person");
        let contacts = app.store.contacts(&user).expect("opened").expect("somebody");
        match self.name {
            "email" => contacts.email.expect("an address").into_exposed(),
            _ => contacts.phone.expect("a number").as_str().to_owned(),
        }
    }
}

async fn log_in(app: &App, email: &str) -> u16 {
    let body = json!({ "login": email, "password": PASSWORD });
    let answer = app.send(Method::POST, "/v1/sessions", None, None, Some(&body)).await;
    answer.status.as_u16()
}

async fn workerless() -> App {
    App::builder().without_worker().start().await
}

/// Registers over HTTP and logs in.
async fn registered(app: &App, name: &str, email: &str, phone: &str) -> Person {
    let new = json!({ "name": name, "email": email, "phone": phone, "password": PASSWORD });
    let user = app.send(Method::POST, "/v1/users", None, None, Some(&new)).await.expect(201);
    let id = user["id"].as_str().expect("an id").to_owned();
    let token = app.log_in(email).await;
    Person { id, email: email.to_owned(), phone: phone.to_owned(), token }
}

/// Verifies a contact with the newest code that was sent to it.
async fn verify(app: &App, person: &Person, channel: &str) -> Answer {
    app.run_due_jobs().await;
    let to = if channel == "email" { &person.email } else { &person.phone };
    let body = json!({ "channel": channel, "code": app.code(to, "confirm").await });
    app.post(person, "/v1/me/verifications/confirm", body).await
}

async fn actions(app: &App, person: &Person) -> Vec<String> {
    let records = app.store.audit_of(&person.id).await.expect("records");
    records.into_iter().map(|one| one.kind).collect()
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{:#}", answer.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_and_a_number_are_changed_with_both_proofs() {
    let app = workerless().await;
    let amina = app.person("Amina").await;
    for kind in [EMAIL, PHONE] {
        let (old, new) = kind.codes(&app, &amina).await;
        assert_eq!(
            kind.stored(&app, &amina).await,
            kind.of(&amina),
            "expected no change before both codes are confirmed"
        );
        let me = kind.confirm(&app, &amina, (&old, &new)).await.expect(200);
        assert!(me[format!("{}_verified_at", kind.name)].is_string(), "{me:#}");
        assert_eq!(kind.stored(&app, &amina).await, kind.new);
        refused(&kind.confirm(&app, &amina, (&old, &new)).await, 422, "invalid_code");
    }
    assert_eq!((log_in(&app, &amina.email).await, log_in(&app, EMAIL.new).await), (401, 200));
    app.run_due_jobs().await;
    let (mails, texts) = (app.mails(&amina).await, app.texts(&amina).await);
    assert!(mails.iter().any(|mail| mail.text.contains(EMAIL.notice)), "{mails:#?}");
    assert!(texts.iter().any(|text| text.text.contains(PHONE.notice)), "{texts:#?}");
    let records = app.store.audit_of(&amina.id).await.expect("records");
    let changes: Vec<_> = records.iter().filter(|one| one.kind == "user.contact_changed").collect();
    assert_eq!(changes.len(), 2);
    let masked =
        json!({ "channel": "email", "from": "a****@example.com", "to": "a****@example.com" });
    assert_eq!(changes[0].data, masked);
    assert_eq!(
        (&changes[1].data["channel"], &changes[1].data["to"]),
        (&json!("phone"), &json!("2547****0001"))
    );
    app.assert_sound().await;
}

/// One code is not enough, and the answer does not say which one was wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_proof_is_not_enough() {
    let app = workerless().await;
    let amina = app.person("Amina").await;
    for kind in [EMAIL, PHONE] {
        let (old, new) = kind.codes(&app, &amina).await;
        let wrong = (another_code(&old), another_code(&new));
        let first = kind.confirm(&app, &amina, (&old, &wrong.1)).await;
        let second = kind.confirm(&app, &amina, (&wrong.0, &new)).await;
        for answer in [&first, &second] {
            refused(answer, 422, "invalid_code");
            assert_eq!(answer.body["detail"], first.body["detail"]);
        }
        assert_eq!(kind.stored(&app, &amina).await, kind.of(&amina));
        kind.confirm(&app, &amina, (&old, &new)).await.expect(200);
    }
}

/// Only a caller who has verified a contact learns whether another account uses it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_contact_is_refused_only_after_both_codes() {
    let app = workerless().await;
    let amina = app.person("Amina").await;
    let codes = [EMAIL.codes(&app, &amina).await, PHONE.codes(&app, &amina).await];
    app.person_with("Neema", EMAIL.new, PHONE.new).await;
    for (kind, (old, new)) in [EMAIL, PHONE].into_iter().zip(&codes) {
        refused(&kind.confirm(&app, &amina, (old, &another_code(new))).await, 422, "invalid_code");
        let taken = kind.confirm(&app, &amina, (old, new)).await;
        refused(&taken, 409, kind.taken);
        assert_eq!(taken.body["errors"], json!([]));
        assert_eq!(kind.stored(&app, &amina).await, kind.of(&amina));
        kind.start(&app, &amina, kind.new, PASSWORD).await.expect(202);
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_begun_only_with_the_password_and_to_something_else() {
    let app = workerless().await;
    let amina = app.person("Amina").await;
    let before = app.database.fingerprint().await;
    for kind in [EMAIL, PHONE] {
        let wrong = kind.start(&app, &amina, kind.new, "not-the-password").await;
        refused(&wrong, 403, "incorrect_password");
        assert_eq!(wrong.body["errors"][0]["pointer"], "/password");
        let same = kind.start(&app, &amina, kind.of(&amina), PASSWORD).await;
        refused(&same, 422, "same_contact");
        assert_eq!(same.body["errors"][0]["pointer"], "/new");
    }
    assert_eq!(app.database.fingerprint().await, before);
}

/// Codes sent to the old contact are invalid after the change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_ends_every_other_code() {
    let app = workerless().await;
    let amina = app.newcomer("Amina").await;
    app.run_due_jobs().await;
    let proves = app.code(&amina.email, "confirm").await;
    EMAIL.start(&app, &amina, EMAIL.new, PASSWORD).await.expect(202);
    app.run_due_jobs().await;
    // The old address was never verified, so its consent is not needed.
    assert_eq!(app.codes(&amina.email, EMAIL.leaves).await, Vec::<String>::new());
    let new = json!({ "new_code": app.code(EMAIL.new, "confirm").await });
    app.post(&amina, "/v1/me/email-changes/confirm", new).await.expect(200);
    let body = json!({ "channel": "email", "code": proves });
    let told = app.post(&amina, "/v1/me/verifications/confirm", body).await;
    refused(&told, 422, "invalid_code");
    let open = "select count(*) from codes where ended_at is null";
    assert_eq!(app.database.number(open).await, 0);
}

/// A held withdrawal keeps its number; the next one goes to the new number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_under_way_keep_their_number() {
    let app = App::start().await;
    let (operator, amina) = (app.operator().await, app.person("Amina").await);
    app.top_up(&amina, 100_000).await;
    app.database.execute("update risk_rules set threshold = 1, points = 100").await;
    let withdraw = async || {
        let body = json!({ "amount": { "amount": 10_000, "currency": "KES" } });
        let asked = app.post(&amina, "/v1/withdrawals", body).await.expect(202);
        let id = asked["id"].as_str().expect("an id").to_owned();
        app.wait_for_payment(&amina, &id, "held").await;
        id
    };
    let before = withdraw().await;
    PHONE.start(&app, &amina, PHONE.new, PASSWORD).await.expect(202);
    app.messages_are_sent().await;
    let old = app.code(&amina.phone, PHONE.leaves).await;
    let new = app.code(PHONE.new, "confirm").await;
    PHONE.confirm(&app, &amina, (&old, &new)).await.expect(200);
    let after = withdraw().await;
    for (id, phone) in [(before, amina.phone.as_str()), (after, PHONE.new)] {
        let path = format!("/v1/operator/withdrawals/{id}/release");
        app.post(&operator, &path, json!({ "note": "Called her" })).await.expect(200);
        app.wait_for_payment(&amina, &id, "succeeded").await;
        assert_eq!(app.payouts(phone).await.len(), 1, "{phone}");
    }
    let me: Value = app.get(&amina, "/v1/me").await.expect(200);
    assert_eq!(me["phone"], "2547****0001");
    app.assert_sound().await;
}
