//! Calls the API and the sandbox like an app.

use crate::app::{App, next};
use crate::eventually;
use amana_domain::notice::Locale;
use amana_domain::permission::UserRole;
use amana_domain::personal::Personal;
use amana_domain::phone::Msisdn;
use amana_postgres::NewUser;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::LazyLock;
use uuid::Uuid;

pub const PASSWORD: &str = "karibu-nyumbani-7";

/// The hash of [`PASSWORD`] with the lowest cost of argon2, which is part of the hash.
static CHEAP_HASH: LazyLock<String> = LazyLock::new(|| {
    let least = Params::new(Params::MIN_M_COST, 1, 1, None).expect("parameters");
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, least);
    hasher.hash_password(PASSWORD.as_bytes()).expect("a hash").to_string()
});

/// A logged-in user.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: String,
    pub email: String,
    pub phone: String,
    pub token: String,
}

impl Person {
    /// Returns the id as SQL has it.
    #[must_use]
    pub fn uuid(&self) -> &str {
        self.id.trim_start_matches("usr_")
    }
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    /// # Panics
    /// If the response has another status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{:#}", self.body);
        self.body
    }

    /// Returns the `code` of a problem, and checks its other fields.
    #[track_caller]
    pub fn problem(&self) -> &str {
        let kind =
            self.headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
        assert!(kind.starts_with("application/problem+json"), "{kind}: {:#}", self.body);
        assert!(
            self.body["title"].is_string() && self.body["status"] == self.status.as_u16(),
            "{:#}",
            self.body
        );
        self.body["code"].as_str().expect("a code")
    }
}

/// Returns how many pairs of simultaneous calls a race test sends: enough for both to win. `make races` sends 1,000.
///
/// # Panics
/// If `TEST_RACE_ROUNDS` is set and is not a number.
#[must_use]
pub fn race_rounds() -> usize {
    let wanted = std::env::var("TEST_RACE_ROUNDS").ok();
    wanted.map_or(40, |rounds| rounds.parse().expect("TEST_RACE_ROUNDS is a number"))
}

impl App {
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.api_url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request).await
    }

    pub async fn get(&self, person: &Person, path: &str) -> Answer {
        self.send(Method::GET, path, Some(&person.token), None, None).await
    }

    /// Posts with a new idempotency key.
    pub async fn post(&self, person: &Person, path: &str, body: Value) -> Answer {
        self.post_keyed(person, path, &Uuid::new_v4().to_string(), body).await
    }

    /// Sends both calls concurrently; the first starts slightly earlier.
    pub async fn together(&self, calls: [(&Person, String, Value); 2]) -> [Answer; 2] {
        let [one, other] = calls;
        let (one, other) =
            tokio::join!(self.post(one.0, &one.1, one.2), self.post(other.0, &other.1, other.2));
        [one, other]
    }

    pub async fn post_keyed(&self, person: &Person, path: &str, key: &str, body: Value) -> Answer {
        let body = (!body.is_null()).then_some(body);
        self.send(Method::POST, path, Some(&person.token), Some(key), body.as_ref()).await
    }

    /// Repeats a call with the same idempotency key while the service is too busy (503), as clients do.
    ///
    /// # Panics
    /// If the service is too busy for longer than [`PATIENCE`](crate::PATIENCE).
    pub async fn post_until_served(
        &self,
        person: &Person,
        path: &str,
        key: &str,
        body: Value,
    ) -> Answer {
        eventually("the service has time for a call", || async {
            let answer = self.post_keyed(person, path, key, body.clone()).await;
            (answer.status != 503).then_some(answer)
        })
        .await
    }

    pub async fn put(&self, person: &Person, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(&person.token), None, Some(&body)).await
    }

    /// Registers a user with a phone number of their own and logs them in.
    pub async fn person(&self, name: &str) -> Person {
        let n = next(&self.people);
        self.person_with_phone(name, &format!("2547110{n:05}")).await
    }

    pub async fn person_with_phone(&self, name: &str, phone: &str) -> Person {
        self.person_speaking(name, phone, "en").await
    }

    pub async fn person_speaking(&self, name: &str, phone: &str, language: &str) -> Person {
        let email = format!("{}.{phone}@example.com", name.to_lowercase());
        let locale = language.parse().expect("a language");
        self.register(name, (&email, phone), UserRole::User, locale).await
    }

    /// Registers a user with this e-mail address and phone number.
    pub async fn person_with(&self, name: &str, email: &str, phone: &str) -> Person {
        self.register(name, (email, phone), UserRole::User, Locale::English).await
    }

    /// Registers a user with verified contacts, on the tier that most tests need, and with a cheap password
    /// hash. `register_user` has tests of its own.
    async fn register(
        &self,
        name: &str,
        (email, phone): (&str, &str),
        role: UserRole,
        locale: Locale,
    ) -> Person {
        let new = new_user(name, (email, phone), role, locale);
        let user = self.store.register_vouched(&new, self.clock.now()).await.expect("a person");
        let person = self.logged_in(&user.id.to_string(), email, phone).await;
        let tier = format!("update users set tier = 'standard' where id = '{}'", person.uuid());
        self.database.execute(&tier).await;
        person
    }

    /// Registers a user without verified contacts, with a phone number of their own, and logs them in.
    pub async fn newcomer(&self, name: &str) -> Person {
        let n = next(&self.people);
        self.newcomer_speaking(name, &format!("2547110{n:05}"), "en").await
    }

    pub async fn newcomer_speaking(&self, name: &str, phone: &str, language: &str) -> Person {
        let email = format!("{}.{phone}@example.com", name.to_lowercase());
        let locale = language.parse().expect("a language");
        let new = new_user(name, (&email, phone), UserRole::User, locale);
        let user = self.store.register(&new, self.clock.now()).await.expect("a person");
        self.logged_in(&user.id.to_string(), &email, phone).await
    }

    async fn logged_in(&self, id: &str, email: &str, phone: &str) -> Person {
        let token = self.log_in(email).await;
        Person { id: id.to_owned(), email: email.to_owned(), phone: phone.to_owned(), token }
    }

    /// Marks a contact as verified by SQL, for tests of other subjects.
    pub async fn is_verified(&self, person: &Person, contact: &str) {
        let sql = format!(
            "update users set {contact}_verified_at = now() where id = '{}'",
            person.uuid()
        );
        self.database.execute(&sql).await;
    }

    pub async fn log_in(&self, email: &str) -> String {
        let session = self.open_session(email).await;
        session["access_token"].as_str().expect("a token").to_owned()
    }

    /// Logs a user in and returns the whole response.
    pub async fn open_session(&self, login: &str) -> Value {
        let body = json!({ "login": login, "password": PASSWORD });
        self.send(Method::POST, "/v1/sessions", None, None, Some(&body)).await.expect(200)
    }

    /// Inserts a trusted device by SQL and returns its id.
    pub async fn trusted_device(&self, person: &Person) -> String {
        let (id, user) = (Uuid::now_v7().simple(), person.id.trim_start_matches("usr_"));
        let row = format!(
            "insert into trusted_devices (id, user_id, digest, device_name, created_at, expires_at)
            values ('{id}', '{user}', sha256('{id}'), 'A phone', now(), now() + interval '1 year')"
        );
        self.database.execute(&row).await;
        format!("dev_{id}")
    }

    pub async fn delete(&self, person: &Person, path: &str) -> Answer {
        self.send(Method::DELETE, path, Some(&person.token), None, None).await
    }

    /// Registers an operator with all permissions.
    pub async fn operator(&self) -> Person {
        self.staff(UserRole::SuperAdmin).await
    }

    pub async fn staff(&self, role: UserRole) -> Person {
        let n = next(&self.people);
        let (email, phone) = (format!("operator{n}@example.com"), format!("2547220{n:05}"));
        self.register("Operator", (&email, &phone), role, Locale::English).await
    }

    /// Returns `available` and `held` of a user's shillings, in cents.
    pub async fn balance(&self, person: &Person) -> (i64, i64) {
        let wallet = self.get(person, "/v1/wallet").await.expect(200);
        let kes = wallet["balances"]
            .as_array()
            .and_then(|all| all.iter().find(|b| b["currency"] == "KES"))
            .cloned();
        let kes = kes.unwrap_or_else(|| panic!("no shillings in {wallet:#}"));
        (
            kes["available"]["amount"].as_i64().expect("a number"),
            kes["held"]["amount"].as_i64().expect("a number"),
        )
    }

    pub async fn sandbox_get(&self, path: &str) -> Value {
        let response =
            self.http.get(format!("{}{path}", self.sandbox_url)).send().await.expect("an answer");
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.json().await.expect("JSON")
    }

    pub async fn sandbox_send(&self, method: Method, path: &str, body: Value) -> StatusCode {
        let request = self.http.request(method, format!("{}{path}", self.sandbox_url)).json(&body);
        request.send().await.expect("an answer").status()
    }

    /// Waits for the prompt and enters the PIN.
    pub async fn approve_prompt(&self, phone: &str) {
        let path = format!("/admin/phones/{phone}/answer");
        crate::eventually("a prompt to approve", || async {
            self.sandbox_send(Method::POST, &path, json!({ "pin": "1234" }))
                .await
                .is_success()
                .then_some(())
        })
        .await;
    }

    /// Sets a fault for the next `count` requests of a phone.
    pub async fn fault(&self, phone: &str, fault: &str, count: u32) {
        let body = json!({ "phone": phone, "fault": fault, "count": count });
        let status = self.sandbox_send(Method::POST, "/admin/faults", body).await;
        assert!(status.is_success(), "fault {fault}: {status}");
    }

    /// Makes M-Pesa's statements contain the payers' full numbers.
    pub async fn statements_name_payers(&self) {
        let body = json!({ "up": true, "whole_numbers": true });
        let status = self.sandbox_send(Method::POST, "/admin/provider", body).await;
        assert!(status.is_success(), "{status}");
    }

    pub async fn provider_up(&self, up: bool) {
        let status = self.sandbox_send(Method::POST, "/admin/provider", json!({ "up": up })).await;
        assert!(status.is_success(), "{status}");
    }
}

fn new_user(name: &str, (email, phone): (&str, &str), role: UserRole, locale: Locale) -> NewUser {
    NewUser {
        name: name.to_owned(),
        email: Some(Personal::new(email.to_owned())),
        phone: Some(Msisdn::parse(phone).expect("a number")),
        password_hash: CHEAP_HASH.clone(),
        role,
        locale,
        handle: None,
    }
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.expect("a body");
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer { status, headers, body }
}
