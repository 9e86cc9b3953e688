//! API keys, and machines that call with them.

use crate::app::App;
use crate::client::{Answer, PASSWORD, Person};
use serde_json::{Value, json};

/// A key with its secret, as it was answered when it was made.
#[derive(Debug, Clone)]
pub struct Key {
    pub id: String,
    pub secret: String,
}

impl Key {
    /// # Panics
    /// If the answer shows no key.
    #[must_use]
    pub fn shown(answer: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Self { id: text(&answer["api_key"]["id"]), secret: text(&answer["secret"]) }
    }

    /// A machine of the person, which calls with this key.
    #[must_use]
    pub fn machine(&self, person: &Person) -> Person {
        Person { token: self.secret.clone(), ..person.clone() }
    }
}

impl App {
    /// Shows the password again, which making and rotating keys needs.
    pub async fn step_up(&self, person: &Person) {
        self.post(person, "/v1/sessions/step-up", json!({ "password": PASSWORD }))
            .await
            .expect(200);
    }

    pub async fn ask_for_key(&self, person: &Person, scopes: &[&str]) -> Answer {
        let body = json!({ "name": "Shop", "scopes": scopes, "expires_in_days": 90 });
        self.post(person, "/v1/api-keys", body).await
    }

    /// Makes a key of somebody who has no second factor.
    pub async fn key(&self, person: &Person, scopes: &[&str]) -> Key {
        self.step_up(person).await;
        Key::shown(&self.ask_for_key(person, scopes).await.expect(201))
    }

    pub async fn machine(&self, person: &Person, scopes: &[&str]) -> Person {
        self.key(person, scopes).await.machine(person)
    }
}
