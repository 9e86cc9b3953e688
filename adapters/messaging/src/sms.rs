//! SMS by Africa's Talking.
//!
//! The API has no idempotency key: an SMS whose response was lost may arrive twice.

use std::fmt;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::error::{ConfigError, SendError, Sent};
use crate::net::is_loopback;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
const ANSWER_BYTES_MAX: usize = 64 * 1024;
const TEXT_CHARACTERS_MAX: usize = 1_000;
/// E.164 allows at most 15 digits. Numbers with country code have at least 8.
const MSISDN_DIGITS_MIN: usize = 8;
const MSISDN_DIGITS_MAX: usize = 15;
const PATH: &str = "version1/messaging";
const KEY_HEADER: &str = "apiKey";

#[derive(Debug, Clone)]
pub struct SmsConfig {
    /// `https://api.africastalking.com`, its sandbox, or ours.
    pub base_url: String,
    pub username: String,
    pub api_key: SecretString,
    /// A registered sender name or short code. Without one, the network's shared sender is used.
    pub sender_id: Option<String>,
}

/// Sends SMS from one account. Shared by all callers.
pub struct SmsGateway {
    client: Client,
    endpoint: Url,
    username: String,
    api_key: HeaderValue,
    sender_id: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "SMSMessageData")]
    data: AnswerData,
}

#[derive(Deserialize)]
struct AnswerData {
    #[serde(rename = "Message", default)]
    message: String,
    #[serde(rename = "Recipients", default)]
    recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    status_code: u16,
    #[serde(default)]
    message_id: String,
}

pub fn check_sms_url(base_url: &str) -> Result<(), ConfigError> {
    endpoint(base_url).map(drop)
}

/// Returns the parsed URL, and whether its host is this machine.
fn endpoint(base_url: &str) -> Result<(Url, bool), ConfigError> {
    let url = Url::parse(base_url).map_err(|_| ConfigError::SmsUrl)?;
    let local = is_loopback(url.host_str().ok_or(ConfigError::SmsUrl)?);
    let fits = matches!(url.scheme(), "http" | "https") && url.path() == "/";
    if fits { Ok((url, local)) } else { Err(ConfigError::SmsUrl) }
}

impl SmsGateway {
    pub fn new(config: &SmsConfig) -> Result<Self, ConfigError> {
        let (mut endpoint, local) = endpoint(&config.base_url)?;
        endpoint.set_path(PATH);
        let mut api_key = HeaderValue::from_str(config.api_key.expose_secret())
            .map_err(|_| ConfigError::SmsAccount)?;
        api_key.set_sensitive(true);
        if config.username.is_empty() || api_key.is_empty() {
            return Err(ConfigError::SmsAccount);
        }
        let mut client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .redirect(redirect::Policy::none());
        if local {
            // A proxy from the environment could not reach this machine.
            client = client.no_proxy();
        }
        Ok(Self {
            client: client.build().map_err(|_| ConfigError::Tls)?,
            endpoint,
            username: config.username.clone(),
            api_key,
            sender_id: config.sender_id.clone().filter(|id| !id.is_empty()),
        })
    }

    /// `to` is a number in E.164 with its plus sign.
    pub async fn send(&self, to: &str, text: &str) -> Result<Sent, SendError> {
        if !is_e164(to) {
            return Err(SendError::permanent("the phone number is invalid"));
        }
        if text.is_empty() || text.chars().count() > TEXT_CHARACTERS_MAX {
            return Err(SendError::permanent("the SMS is empty or too long"));
        }
        let mut form = vec![("username", self.username.as_str()), ("to", to), ("message", text)];
        if let Some(sender_id) = &self.sender_id {
            form.push(("from", sender_id));
        }
        let response = self
            .client
            .post(self.endpoint.clone())
            .header(KEY_HEADER, self.api_key.clone())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .form(&form)
            .send()
            .await
            .map_err(|error| unreachable_because(&error))?;
        refuse_http(response.status())?;
        let answer = read(response).await?;
        serde_json::from_slice::<Answer>(&answer)
            .map_err(|_| SendError::temporary("the SMS provider's response could not be read"))
            .and_then(judge)
    }
}

fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (MSISDN_DIGITS_MIN..=MSISDN_DIGITS_MAX).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

fn unreachable_because(error: &reqwest::Error) -> SendError {
    SendError::temporary(if error.is_timeout() {
        "the SMS provider did not answer in time"
    } else {
        "the SMS provider could not be reached"
    })
}

/// Classifies the HTTP status. A wrong key and a rate limit are temporary, because they can be resolved while the
/// message waits.
fn refuse_http(status: StatusCode) -> Result<(), SendError> {
    let what = format!("the SMS provider returned HTTP {}", status.as_u16());
    match status {
        _ if status.is_success() => Ok(()),
        StatusCode::UNAUTHORIZED | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Err(SendError::temporary(what))
        }
        _ if status.is_client_error() => Err(SendError::permanent(what)),
        _ => Err(SendError::temporary(what)),
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, SendError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable_because(&error))? {
        if body.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
            return Err(SendError::temporary("the SMS provider's response is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads the outcome from the recipient's status code. HTTP 2xx only means that the request was read.
fn judge(answer: Answer) -> Result<Sent, SendError> {
    let Some(recipient) = answer.data.recipients.into_iter().next() else {
        // Some rejections of the whole request have no recipients, only a name as the message.
        return Err(match answer.data.message.as_str() {
            "InvalidSenderId" => refusal(402),
            "InsufficientBalance" => refusal(405),
            _ => SendError::permanent("the SMS provider accepted no recipient"),
        });
    };
    match recipient.status_code {
        100..=102 => Ok(Sent { reference: recipient.message_id }),
        code => Err(refusal(code)),
    }
}

fn refusal(code: u16) -> SendError {
    let what = |name: &str| format!("the SMS provider rejected the SMS: {name} ({code})");
    match code {
        401 => SendError::permanent(what("held as risky")),
        402 => SendError::temporary(what("the sender id is not registered")),
        403 => SendError::permanent(what("invalid phone number")),
        404 => SendError::permanent(what("unsupported kind of number")),
        405 => SendError::temporary(what("insufficient balance of the account")),
        406 => SendError::permanent(what("the recipient has opted out")),
        407 => SendError::permanent(what("no route to this number")),
        500 => SendError::temporary(what("internal error")),
        501 => SendError::temporary(what("gateway error")),
        502 => SendError::temporary(what("rejected by the gateway")),
        // The SMS may have been sent, and a retry could deliver it twice.
        _ => SendError::permanent(what("unknown status")),
    }
}

impl fmt::Debug for SmsGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmsGateway").finish_non_exhaustive()
    }
}
