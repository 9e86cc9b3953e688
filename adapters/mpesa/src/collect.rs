//! Collections: prompts on the payer's phone (STK push).

use amana_domain::money::Money;
use amana_domain::payment::{Claim, Evidence, FailureReason, Source};
use amana_domain::phone::Msisdn;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::amount::whole_shillings;
use crate::classify::{Class, Submission, classify};
use crate::client::{Call, Mpesa};
use crate::eat;
use crate::error::MpesaError;
use crate::exchange::{Answered, Exchange};

const PATH: &str = "/mpesa/stkpush/v1/processrequest";
const CALLBACK: &str = "c";
const REFERENCE_CHARACTERS_MAX: usize = 12;
const DESCRIPTION_CHARACTERS_MAX: usize = 13;

/// A prompt for the payer.
#[derive(Debug, Clone, Copy)]
pub struct Collect<'a> {
    /// Whole shillings.
    pub amount: Money,
    pub msisdn: &'a Msisdn,
    /// Shown in the prompt and in the payer's SMS: 1 to 12 letters and digits.
    pub account_reference: &'a str,
    /// 1 to 13 characters.
    pub description: &'a str,
    /// The unguessable last part of the callback's address; see [`crate::is_callback_path_token`].
    pub callback_path_token: &'a str,
    pub now: DateTime<Utc>,
}

impl Mpesa {
    /// Requests a prompt on the payer's phone. `Accepted` means sent, not paid. M-Pesa has no idempotency key for
    /// prompts: after `Lost`, another request could charge twice.
    ///
    /// # Errors
    /// [`MpesaError`]: no prompt was sent.
    pub async fn collect(&self, collect: &Collect<'_>) -> Result<Answered, MpesaError> {
        let body = self.collect_body(collect)?;
        let (reply, exchange) = self.call(Call { operation: "collect", path: PATH, body }).await?;
        submitted(classify(Submission::Collection, &reply), exchange)
    }

    fn collect_body(&self, collect: &Collect<'_>) -> Result<serde_json::Value, MpesaError> {
        let shillings = shillings(collect.amount)?;
        let phone = kenyan_number(collect.msisdn)?;
        let reference = collect.account_reference;
        let alphanumeric = reference.bytes().all(|b| b.is_ascii_alphanumeric());
        if !(1..=REFERENCE_CHARACTERS_MAX).contains(&reference.len()) || !alphanumeric {
            return invalid("the account reference must be 1 to 12 letters and digits");
        }
        if !is_plain(collect.description, 1..=DESCRIPTION_CHARACTERS_MAX) {
            return invalid("the description must be 1 to 13 plain characters");
        }
        let (timestamp, password) = self.password(collect.now);
        Ok(json!({
            "BusinessShortCode": self.config.shortcode,
            "Password": password,
            "Timestamp": timestamp,
            "TransactionType": "CustomerPayBillOnline",
            "Amount": shillings,
            "PartyA": phone,
            "PartyB": self.config.shortcode,
            "PhoneNumber": phone,
            "CallBackURL": self.callback_url(CALLBACK, collect.callback_path_token)?,
            "AccountReference": reference,
            "TransactionDesc": collect.description,
        }))
    }

    /// Returns timestamp and password. Both must be of the same instant, because the password contains the timestamp.
    pub(crate) fn password(&self, now: DateTime<Utc>) -> (String, String) {
        let timestamp = eat::timestamp(now);
        let (shortcode, passkey) = (&self.config.shortcode, self.config.passkey.expose_secret());
        let password = STANDARD.encode(format!("{shortcode}{passkey}{timestamp}"));
        (timestamp, password)
    }
}

/// Converts the class of a response into evidence.
pub(crate) fn submitted(class: Class, exchange: Exchange) -> Result<Answered, MpesaError> {
    let (claim, reference) = match class {
        Class::Accepted { reference } => (Claim::Accepted, Some(reference)),
        Class::Duplicate => (Claim::Accepted, None),
        Class::Refused => (Claim::Failed { reason: FailureReason::Rejected }, None),
        Class::Lost => (Claim::Lost, None),
        Class::NotDone(what) => {
            return Err(MpesaError::Unavailable { what, exchange: Some(Box::new(exchange)) });
        }
        Class::TokenRefused => return Err(token_refused(exchange)),
    };
    let evidence = Some(Evidence { source: Source::Answer, claim, reference });
    Ok(Answered { evidence, exchange })
}

pub(crate) fn token_refused(exchange: Exchange) -> MpesaError {
    let what =
        "a new access token was rejected; check that the app has access to this Daraja product";
    MpesaError::CredentialsRefused { what, exchange: Some(Box::new(exchange)) }
}

pub(crate) fn invalid<T>(what: &'static str) -> Result<T, MpesaError> {
    Err(MpesaError::Invalid { what })
}

pub(crate) fn shillings(amount: Money) -> Result<i64, MpesaError> {
    whole_shillings(amount).map_or_else(|| invalid("the amount must be in whole shillings"), Ok)
}

pub(crate) fn kenyan_number(msisdn: &Msisdn) -> Result<&str, MpesaError> {
    let number = msisdn.as_str();
    let mobile = number.strip_prefix("254").is_some_and(|subscriber| {
        subscriber.len() == 9 && (subscriber.starts_with('7') || subscriber.starts_with('1'))
    });
    if mobile { Ok(number) } else { invalid("the phone number must be a Kenyan mobile number") }
}

pub(crate) fn is_plain(text: &str, characters: std::ops::RangeInclusive<usize>) -> bool {
    characters.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
}
