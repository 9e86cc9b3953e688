//! The HTTP client for Daraja: timeouts, size limits, the access token, and the record of every exchange.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, RequestBuilder, Response, redirect};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::net::IpAddr;
use std::time::Duration;
use url::Url;

use crate::classify::{Reply, is_token_refusal};
use crate::config::{ConfigError, MpesaConfig, is_callback_path_token, refuse};
use crate::credential::Encryptor;
use crate::error::MpesaError;
use crate::exchange::Exchange;
use crate::token::{Grant, Token, Tokens};
use crate::wire::id;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Short, so that requests rarely use a connection that the server is closing.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);
const ANSWER_BYTES_MAX: usize = 64 * 1024;
const TOKEN_PATH: &str = "/oauth/v1/generate?grant_type=client_credentials";

/// A client for one M-Pesa account, shared by all callers.
pub struct Mpesa {
    pub(crate) config: MpesaConfig,
    pub(crate) encryptor: Encryptor,
    http: Client,
    tokens: Tokens,
}

/// A request to an endpoint.
pub(crate) struct Call {
    pub(crate) operation: &'static str,
    pub(crate) path: &'static str,
    pub(crate) body: Value,
}

/// The part of a response that could be read.
pub(crate) struct Read {
    pub(crate) bytes: Vec<u8>,
    pub(crate) whole: bool,
}

#[derive(Deserialize)]
struct TokenAnswer<'a> {
    access_token: String,
    #[serde(borrow)]
    expires_in: &'a RawValue,
}

impl Mpesa {
    /// # Errors
    /// The first invalid setting.
    pub fn new(config: MpesaConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let encryptor = Encryptor::from_pem(&config.certificate_pem)?;
        let mut http = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .redirect(redirect::Policy::none());
        if is_loopback(&config.base_url) {
            // A configured proxy cannot reach loopback addresses.
            http = http.no_proxy();
        }
        let Ok(http) = http.build() else {
            return refuse("base_url", "needs TLS, and the system's CA certificates are missing");
        };
        Ok(Self { config, encryptor, http, tokens: Tokens::default() })
    }

    /// Sends a call. If M-Pesa rejects the token, sends it once more with a new token, which is safe because a rejected
    /// request has no effect.
    pub(crate) async fn call(&self, call: Call) -> Result<(Reply, Exchange), MpesaError> {
        let mut exchange = Exchange::new(call.operation, call.body.clone());
        let token = self.tokens.get(None, async || self.fetch_token().await).await?;
        let mut reply = self.post(&call, &token, &mut exchange).await;
        if is_token_refusal(&reply) {
            tracing::warn!(operation = call.operation, "M-Pesa rejected the access token");
            let token = self.tokens.get(Some(&token), async || self.fetch_token().await).await?;
            reply = self.post(&call, &token, &mut exchange).await;
        }
        tracing::debug!(operation = call.operation, status = exchange.status, "M-Pesa was called");
        Ok((reply, exchange))
    }

    async fn post(&self, call: &Call, token: &Token, exchange: &mut Exchange) -> Reply {
        exchange.status = None;
        exchange.body.clear();
        let Ok(url) = self.config.base_url.join(call.path) else { return Reply::NotSent };
        let request = self.http.post(url).header(AUTHORIZATION, token.header.clone());
        let response = match request.json(&call.body).send().await {
            Ok(response) => response,
            // Without a connection, nothing was sent.
            Err(error) if error.is_connect() || error.is_builder() => return Reply::NotSent,
            Err(_) => return Reply::NoAnswer,
        };
        let status = response.status().as_u16();
        let read = read_bounded(response, ANSWER_BYTES_MAX).await;
        // PostgreSQL's text type cannot store a zero character.
        let body = String::from_utf8_lossy(&read.bytes).replace('\0', "\u{fffd}");
        exchange.status = Some(status);
        exchange.body.clone_from(&body);
        if read.whole { Reply::Answer { status, body } } else { Reply::NoAnswer }
    }

    async fn fetch_token(&self) -> Result<Grant, MpesaError> {
        let unreachable = MpesaError::unavailable("cannot fetch an access token");
        let Ok(url) = self.config.base_url.join(TOKEN_PATH) else { return Err(unreachable) };
        let (key, secret) =
            (&self.config.consumer_key, self.config.consumer_secret.expose_secret());
        let request = self.get(url).header(AUTHORIZATION, basic(key, secret)?);
        let Ok(response) = request.send().await else { return Err(unreachable) };
        let status = response.status();
        let read = read_bounded(response, ANSWER_BYTES_MAX).await;
        // A wrong key gets status 400, sometimes without a body.
        if matches!(status.as_u16(), 400 | 401 | 403) {
            let what = "consumer key or secret";
            return Err(MpesaError::CredentialsRefused { what, exchange: None });
        }
        if !status.is_success() || !read.whole {
            return Err(unreachable);
        }
        let malformed = || MpesaError::unavailable("the access token cannot be read");
        let answer: TokenAnswer<'_> =
            serde_json::from_slice(&read.bytes).map_err(|_| malformed())?;
        let seconds = id(Some(answer.expires_in)).and_then(|text| text.parse().ok());
        let lifetime = Duration::from_secs(seconds.ok_or_else(malformed)?);
        let header = secret_header(&format!("Bearer {}", answer.access_token))?;
        tracing::debug!(lifetime_seconds = lifetime.as_secs(), "M-Pesa access token renewed");
        Ok(Grant { header, lifetime })
    }

    pub(crate) fn get(&self, url: Url) -> RequestBuilder {
        self.http.get(url)
    }

    /// `kind` is the short name of the callback's route, because the full names have forbidden words.
    pub(crate) fn callback_url(&self, kind: &str, token: &str) -> Result<String, MpesaError> {
        if !is_callback_path_token(token) {
            return Err(MpesaError::Invalid {
                what: "the callback token violates Safaricom's rules for addresses",
            });
        }
        let base = self.config.callback_base_url.as_str().trim_end_matches('/');
        Ok(format!("{base}/v1/callbacks/{kind}/{token}"))
    }
}

fn basic(key: &str, secret: &str) -> Result<HeaderValue, MpesaError> {
    secret_header(&format!("Basic {}", STANDARD.encode(format!("{key}:{secret}"))))
}

fn secret_header(text: &str) -> Result<HeaderValue, MpesaError> {
    let mut header = HeaderValue::from_str(text)
        .map_err(|_| MpesaError::unavailable("the access token cannot be read"))?;
    header.set_sensitive(true);
    Ok(header)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

pub(crate) async fn read_bounded(mut response: Response, bytes_max: usize) -> Read {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len().saturating_add(chunk.len()) <= bytes_max => {
                bytes.extend_from_slice(&chunk);
            }
            Ok(None) => return Read { bytes, whole: true },
            Ok(Some(_)) | Err(_) => return Read { bytes, whole: false },
        }
    }
}

impl std::fmt::Debug for Mpesa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mpesa").field("config", &self.config).finish_non_exhaustive()
    }
}
