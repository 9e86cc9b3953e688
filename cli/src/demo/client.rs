//! The demo's HTTP client: what an app would do, and nothing behind the API's back.

use super::{PASSWORD, Person};
use anyhow::{Context, Result, bail, ensure};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use uuid::Uuid;

const CALL_TIMEOUT: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(15);
const POLL_EVERY: Duration = Duration::from_millis(50);

/// Speaks to one server, perhaps on behalf of somebody.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    /// Of everybody whom this client registers and logs in.
    password: SecretString,
}

impl Client {
    /// # Errors
    /// If no HTTP client can be made.
    pub fn new(base: &str) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(CALL_TIMEOUT).build()?;
        let password = SecretString::from(PASSWORD);
        Ok(Self { http, base: base.to_owned(), token: None, password })
    }

    /// Uses another password than the published one.
    #[must_use]
    pub fn with_password(self, password: SecretString) -> Self {
        Self { password, ..self }
    }

    /// # Errors
    /// If the API refuses.
    pub async fn register(&self, person: &Person) -> Result<()> {
        let Person { name, email, phone, language } = person;
        let new = json!({ "name": name, "email": email, "phone": phone,
            "password": self.password.expose_secret(), "language": language });
        self.post("/v1/users", &new).await.map(|_| ())
    }

    /// # Errors
    /// If the API refuses.
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
    /// If the server does not answer with success.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.call(self.http.get(format!("{}{path}", self.base)), path).await
    }

    /// # Errors
    /// If the server does not answer with success.
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
        let response = request.send().await.with_context(|| format!("{path}: no answer"))?;
        let status = response.status();
        let body = response.text().await.with_context(|| format!("{path}: no body"))?;
        ensure!(status.is_success(), "{path}: {status}: {body}");
        Ok(serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    /// Asks again until `wanted` is there.
    ///
    /// # Errors
    /// If it does not come in time.
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
                Ok(found) => bail!("{what} did not happen in {PATIENCE:?}; last seen: {found:#}"),
                Err(error) => {
                    return Err(error.context(format!("{what} did not happen in {PATIENCE:?}")));
                }
            }
            tokio::time::sleep(POLL_EVERY).await;
        }
    }
}

/// A text inside an answer.
///
/// # Errors
/// If it is not there.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .with_context(|| format!("no text at {pointer} in {value:#}"))
}

/// A whole number inside an answer.
///
/// # Errors
/// If it is not there.
pub(super) fn number(value: &Value, pointer: &str) -> Result<i64> {
    value
        .pointer(pointer)
        .and_then(Value::as_i64)
        .with_context(|| format!("no number at {pointer} in {value:#}"))
}
