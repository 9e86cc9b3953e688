//! Where the mobile-money provider reports results. The address is the secret: whoever knows it is believed
//! to be the provider, and what they say is stored before it is read.

use crate::Chapter;
use crate::bounds::BODY_BYTES_MAX;
use crate::context::Context;
use crate::problem::ApiError;
use amana_postgres::{CallbackKind, NewCallback};
use poem::web::{Data, RemoteAddr};
use poem::{Request, RequestBody};
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchema, Registry};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions, Object, OpenApi,
};
use serde::Deserialize;
use std::sync::Arc;

const TOKEN_CHARS_MAX: usize = 64;
const REMOTE_CHARS_MAX: usize = 64;

/// What the provider is told once its message is stored.
#[derive(Debug, Object)]
struct Acknowledgement {
    /// 0: taken.
    #[oai(rename = "ResultCode")]
    code: i32,
    #[oai(rename = "ResultDesc")]
    text: String,
}

#[derive(ApiResponse)]
enum Stored {
    /// Stored. It says nothing about whether the message belongs to anything.
    #[oai(status = 200)]
    Accepted(Json<Acknowledgement>),
}

/// What of the provider's question tells whether there is something to pay.
#[derive(Deserialize)]
struct Question {
    #[serde(rename = "BillRefNumber")]
    reference: String,
}

/// Whether the provider is to take a payment for the paybill.
#[derive(Debug, Object)]
struct Verdict {
    /// `0`: yes; `C2B00012`: no, there is no such account.
    #[oai(rename = "ResultCode")]
    code: String,
    #[oai(rename = "ResultDesc")]
    text: String,
}

#[derive(ApiResponse)]
enum Asked {
    /// The answer.
    #[oai(status = 200)]
    Answered(Json<Verdict>),
}

impl Asked {
    fn of(payable: bool) -> Self {
        let (code, text) = if payable { ("0", "Accepted") } else { ("C2B00012", "Rejected") };
        Self::Answered(Json(Verdict { code: code.to_owned(), text: text.to_owned() }))
    }
}

/// Whatever came, as it came: evidence is kept even where it is not JSON.
struct Raw(Vec<u8>);

impl<'a> ApiExtractor<'a> for Raw {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(_registry: &mut Registry) {}

    fn request_meta() -> Option<MetaRequest> {
        let schema = crate::wire::inline(MetaSchema::ANY);
        let content = vec![MetaMediaType { content_type: "application/json", schema }];
        Some(MetaRequest { description: Some("The provider's message."), content, required: false })
    }

    async fn from_request(
        _request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let mut bytes = body.take()?.into_vec().await?;
        bytes.truncate(BODY_BYTES_MAX);
        Ok(Self(bytes))
    }
}

/// What can be kept of an address that need not be one of ours.
fn bounded(text: &str, chars_max: usize) -> String {
    text.chars().filter(char::is_ascii_graphic).take(chars_max).collect()
}

async fn receive(
    context: &Context,
    kind: CallbackKind,
    token: &str,
    (body, remote): (Raw, &RemoteAddr),
) -> Result<Stored, ApiError> {
    let new = NewCallback {
        kind,
        token: bounded(token, TOKEN_CHARS_MAX),
        body: body.0,
        remote: bounded(&remote.to_string(), REMOTE_CHARS_MAX),
        known: kind == CallbackKind::Paybill && context.paybill.is_token(token),
    };
    context.write(async move |store, now| store.receive_callback(&new, now).await).await?;
    let text = "Accepted".to_owned();
    Ok(Stored::Accepted(Json(Acknowledgement { code: 0, text })))
}

pub(crate) struct Callbacks;

#[OpenApi(prefix_path = "/v1/callbacks", tag = "Chapter::Callbacks")]
impl Callbacks {
    /// Receive the result of a collection
    ///
    /// For the provider. Any body up to 64 KiB is stored as it came and acknowledged alike, whether the
    /// address was ever given out or not; it is read afterwards. Problems: `unavailable` (503) if it could
    /// not be stored; the provider may send it again.
    #[oai(path = "/c/:token", method = "post", operation_id = "receive_collection")]
    async fn collection(
        &self,
        context: Data<&Arc<Context>>,
        remote: &RemoteAddr,
        /// The unguessable part of the address.
        token: Path<String>,
        body: Raw,
    ) -> Result<Stored, ApiError> {
        receive(&context, CallbackKind::Collection, &token, (body, remote)).await
    }

    /// Receive the result of a payout
    ///
    /// As `receive_collection`.
    #[oai(path = "/p/:token", method = "post", operation_id = "receive_payout")]
    async fn payout(
        &self,
        context: Data<&Arc<Context>>,
        remote: &RemoteAddr,
        /// The unguessable part of the address.
        token: Path<String>,
        body: Raw,
    ) -> Result<Stored, ApiError> {
        receive(&context, CallbackKind::Payout, &token, (body, remote)).await
    }

    /// Receive word that somebody has paid the paybill
    ///
    /// As `receive_collection`. The address is one for all: `amana mpesa register-urls` tells it to the provider.
    #[oai(path = "/b/:token", method = "post", operation_id = "receive_paybill")]
    async fn paybill(
        &self,
        context: Data<&Arc<Context>>,
        remote: &RemoteAddr,
        /// The unguessable part of the address.
        token: Path<String>,
        body: Raw,
    ) -> Result<Stored, ApiError> {
        receive(&context, CallbackKind::Paybill, &token, (body, remote)).await
    }

    /// Receive the question whether somebody may pay the paybill
    ///
    /// For the provider, before it takes the payer's money. Whoever writes what is no deal to be paid, or what is not
    /// asked for on a phone, is refused, so that no money comes that is nobody's. Nothing is stored.
    #[oai(path = "/v/:token", method = "post", operation_id = "receive_paybill_question")]
    async fn paybill_question(
        &self,
        context: Data<&Arc<Context>>,
        /// The unguessable part of the address.
        token: Path<String>,
        body: Raw,
    ) -> Result<Asked, ApiError> {
        let known = context.paybill.is_token(&token);
        let question = serde_json::from_slice::<Question>(&body.0).ok().filter(|_| known);
        let payable = match question {
            Some(asked) => context.store.is_payable(&asked.reference, context.now()).await?,
            None => false,
        };
        Ok(Asked::of(payable))
    }

    /// Receive word that a payout waited too long
    ///
    /// As `receive_collection`. It says nothing about how the payout ended.
    #[oai(path = "/t/:token", method = "post", operation_id = "receive_payout_timeout")]
    async fn payout_timeout(
        &self,
        context: Data<&Arc<Context>>,
        remote: &RemoteAddr,
        /// The unguessable part of the address.
        token: Path<String>,
        body: Raw,
    ) -> Result<Stored, ApiError> {
        receive(&context, CallbackKind::PayoutTimeout, &token, (body, remote)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_an_address_is_bounded_and_printable() {
        assert_eq!(bounded("0123abcd", 64), "0123abcd");
        assert_eq!(bounded("a\u{0}b\nc é", 64), "abc");
        assert_eq!(bounded(&"x".repeat(1_000), 64).len(), 64);
    }
}
