//! API keys, and programs that use them.

use crate::app::App;
use crate::client::{Answer, PASSWORD, Person};
use serde_json::{Value, json};

/// A key with its secret, from the response that created it.
#[derive(Debug, Clone)]
pub struct Key {
    pub id: String,
    pub secret: String,
}

impl Key {
    /// # Panics
    /// If the response has no key.
    #[must_use]
    pub fn shown(answer: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Self { id: text(&answer["api_key"]["id"]), secret: text(&answer["secret"]) }
    }

    /// Returns a client of the user that authenticates with this key.
    #[must_use]
    pub fn machine(&self, person: &Person) -> Person {
        Person { token: self.secret.clone(), ..person.clone() }
    }
}

impl App {
    /// Confirms the password again, which creating and rotating keys requires.
    pub async fn step_up(&self, person: &Person) {
        self.post(person, "/v1/sessions/step-up", json!({ "password": PASSWORD }))
            .await
            .expect(200);
    }

    pub async fn ask_for_key(&self, person: &Person, scopes: &[&str]) -> Answer {
        let body = json!({ "name": "Shop", "scopes": scopes, "expires_in_days": 90 });
        self.post(person, "/v1/api-keys", body).await
    }

    /// Creates an API key for a user without a second factor.
    pub async fn key(&self, person: &Person, scopes: &[&str]) -> Key {
        self.step_up(person).await;
        Key::shown(&self.ask_for_key(person, scopes).await.expect(201))
    }

    pub async fn machine(&self, person: &Person, scopes: &[&str]) -> Person {
        self.key(person, scopes).await.machine(person)
    }
}
