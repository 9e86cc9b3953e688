//! Where the mobile-money provider reports results. What comes to an address that we gave out, from the provider's
//! networks, is stored before it is read; everything else is acknowledged alike, counted and forgotten.

use crate::Chapter;
use crate::address::ClientAddress;
use crate::bounds::CALLBACK_BYTES_MAX;
use crate::context::Context;
use crate::problem::ApiError;
use amana_postgres::{CallbackKind, CallbackOwner, NewCallback, Store};
use poem::web::Data;
use poem::{Request, RequestBody};
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchema, Registry};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions, Object, OpenApi,
};
use serde::Deserialize;
use std::sync::Arc;

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

/// Who sent it, behind proxies that are trusted.
struct Caller(ClientAddress);

impl<'a> ApiExtractor<'a> for Caller {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::PoemExtractor];

    type ParamType = ();
    type ParamRawType = ();

    fn register(_registry: &mut Registry) {}

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let address = request.data::<ClientAddress>().copied();
        Ok(Self(address.ok_or_else(ApiError::internal)?))
    }
}

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
        bytes.truncate(CALLBACK_BYTES_MAX);
        Ok(Self(bytes))
    }
}

/// What can be kept of an address that need not be one of ours.
fn bounded(text: &str, chars_max: usize) -> String {
    text.chars().filter(char::is_ascii_graphic).take(chars_max).collect()
}

/// Whose callbacks come to this address. Nobody's, if the call is not from the provider's networks.
async fn owner(
    context: &Context,
    kind: CallbackKind,
    token: &str,
    from: ClientAddress,
) -> Result<Option<CallbackOwner>, ApiError> {
    if !from.is_provider(&context.callback_networks) {
        return Ok(None);
    }
    Ok(context.store.callback_owner(kind, token, context.now()).await?)
}

async fn receive(
    context: &Context,
    kind: CallbackKind,
    token: &str,
    (body, from): (Raw, ClientAddress),
) -> Result<Stored, ApiError> {
    match owner(context, kind, token, from).await? {
        Some(owner) => {
            let remote = bounded(&from.ip.to_string(), REMOTE_CHARS_MAX);
            let new = NewCallback { kind, owner, body: body.0, remote };
            context.write(async move |store, now| store.receive_callback(&new, now).await).await?;
        }
        // Whoever sends very many of them is not even counted.
        None if context.budgets.has_stray(from, context.now()) => {
            let count = async move |store: Store, now| store.count_stray_callback(kind, now).await;
            context.write(count).await?;
        }
        None => {}
    }
    let text = "Accepted".to_owned();
    Ok(Stored::Accepted(Json(Acknowledgement { code: 0, text })))
}

pub(crate) struct Callbacks;

#[OpenApi(prefix_path = "/v1/callbacks", tag = "Chapter::Callbacks")]
impl Callbacks {
    /// Receive the result of a collection
    ///
    /// For the provider. Any body up to 16 KiB is acknowledged alike. One that comes to an address that was given out,
    /// from the provider's networks, is stored and read afterwards; everything else is only counted. Problems:
    /// `unavailable` (503) if it could not be stored; the provider may send it again.
    #[oai(path = "/c/:token", method = "post", operation_id = "receive_collection")]
    async fn collection(
        &self,
        context: Data<&Arc<Context>>,
        from: Caller,
        /// The unguessable part of the address.
        token: Path<String>,
        body: Raw,
    ) -> Result<Stored, ApiError> {
        receive(&context, CallbackKind::Collection, &token, (body, from.0)).await
    }

    /// Receive the result of a payout
    ///
    /// As `receive_collection`.
    #[oai(path = "/p/:token", method = "post", operation_id = "receive_payout")]
    async fn payout(
        &self,
        context: Data<&Arc<Context>>,
        from: Caller,
        /// The unguessable part of the address.
        token: Path<String>,
        body: Raw,
    ) -> Result<Stored, ApiError> {
        receive(&context, CallbackKind::Payout, &token, (body, from.0)).await
    }

    /// Receive word that somebody has paid the paybill
    ///
    /// As `receive_collection`. The address is one for all: `amana mpesa register-urls` makes it and tells it to the
    /// provider. The word of a large amount is credited once the provider's statement says the same.
    #[oai(path = "/b/:token", method = "post", operation_id = "receive_paybill")]
    async fn paybill(
        &self,
        context: Data<&Arc<Context>>,
        from: Caller,
        /// The unguessable part of the address.
        token: Path<String>,
        body: Raw,
    ) -> Result<Stored, ApiError> {
        receive(&context, CallbackKind::Paybill, &token, (body, from.0)).await
    }

    /// Receive the question whether somebody may pay the paybill
    ///
    /// For the provider, before it takes the payer's money. Whoever writes what is no deal to be paid, or what is not
    /// asked for on a phone, is refused, so that no money comes that is nobody's. Nothing is stored.
    #[oai(path = "/v/:token", method = "post", operation_id = "receive_paybill_question")]
    async fn paybill_question(
        &self,
        context: Data<&Arc<Context>>,
        from: Caller,
        /// The unguessable part of the address.
        token: Path<String>,
        body: Raw,
    ) -> Result<Asked, ApiError> {
        let owner = owner(&context, CallbackKind::Paybill, &token, from.0).await?;
        let question = serde_json::from_slice::<Question>(&body.0).ok().filter(|_| owner.is_some());
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
        from: Caller,
        /// The unguessable part of the address.
        token: Path<String>,
        body: Raw,
    ) -> Result<Stored, ApiError> {
        receive(&context, CallbackKind::PayoutTimeout, &token, (body, from.0)).await
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
