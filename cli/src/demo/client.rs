//! The demo's HTTP client. It uses the public API only, like an app.

use super::{PASSWORD, Person};
use anyhow::{Context, Result, bail, ensure};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use uuid::Uuid;

const CALL_TIMEOUT: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(15);
const POLL_EVERY: Duration = Duration::from_millis(50);

/// A client of one server, with or without a log-in.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    /// The password of all users that this client registers and logs in.
    password: SecretString,
}

impl Client {
    /// # Errors
    /// If the HTTP client cannot be created.
    pub fn new(base: &str) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(CALL_TIMEOUT).build()?;
        let password = SecretString::from(PASSWORD);
        Ok(Self { http, base: base.to_owned(), token: None, password })
    }

    /// Replaces the published password.
    #[must_use]
    pub fn with_password(self, password: SecretString) -> Self {
        Self { password, ..self }
    }

    /// # Errors
    /// If the API rejects the request.
    pub async fn register(&self, person: &Person) -> Result<()> {
        let Person { name, email, phone, language } = person;
        let new = json!({ "name": name, "email": email, "phone": phone,
            "password": self.password.expose_secret(), "language": language });
        self.post("/v1/users", &new).await.map(|_| ())
    }

    /// # Errors
    /// If the API rejects the request.
    pub async fn log_in(&self, person: &Person) -> Result<Self> {
        let session = self
            .post(
                "/v1/sessions",
                &json!({ "login": person.email, "password": self.password.expose_secret() }),
            )
            .await?;
        let token = text(&session, "/access_token")?.to_owned();
        Ok(Self { token: Some(token), ..self.clone() })
    }

    /// # Errors
    /// If the response is not a success.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.call(self.http.get(format!("{}{path}", self.base)), path).await
    }

    /// # Errors
    /// If the response is not a success.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let mut request = self.http.post(format!("{}{path}", self.base));
        request = request.header("Idempotency-Key", Uuid::new_v4().to_string());
        if !body.is_null() {
            request = request.json(body);
        }
        self.call(request, path).await
    }

    async fn call(&self, mut request: reqwest::RequestBuilder, path: &str) -> Result<Value> {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.with_context(|| format!("{path}: no response"))?;
        let status = response.status();
        let body = response.text().await.with_context(|| format!("{path}: no response body"))?;
        ensure!(status.is_success(), "{path}: {status}: {body}");
        Ok(serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    /// Polls until `wanted` is true.
    ///
    /// # Errors
    /// If that takes too long.
    pub async fn wait(
        &self,
        what: &str,
        path: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let deadline = Instant::now().checked_add(PATIENCE);
        loop {
            match self.get(path).await {
                Ok(found) if wanted(&found) => return Ok(found),
                Ok(_) | Err(_) if deadline.is_none_or(|deadline| Instant::now() < deadline) => {}
                Ok(found) => bail!(
                    "timeout after {PATIENCE:?}, waiting for {what}; last response: {found:#}"
                ),
                Err(error) => {
                    return Err(
                        error.context(format!("timeout after {PATIENCE:?}, waiting for {what}"))
                    );
                }
            }
            tokio::time::sleep(POLL_EVERY).await;
        }
    }
}

/// Returns a text in a response.
///
/// # Errors
/// If there is none.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .with_context(|| format!("no text at {pointer} in {value:#}"))
}

/// Returns a whole number in a response.
///
/// # Errors
/// If there is none.
pub(super) fn number(value: &Value, pointer: &str) -> Result<i64> {
    value
        .pointer(pointer)
        .and_then(Value::as_i64)
        .with_context(|| format!("no number at {pointer} in {value:#}"))
}
