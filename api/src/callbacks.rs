//! Callbacks of the mobile-money provider. A callback is stored before it is interpreted if it comes to a known address
//! from the provider's networks. Any other callback gets the same response and is only counted.

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

/// The response to a stored callback.
#[derive(Debug, Object)]
struct Acknowledgement {
    /// `0`: accepted.
    #[oai(rename = "ResultCode")]
    code: i32,
    #[oai(rename = "ResultDesc")]
    text: String,
}

#[derive(ApiResponse)]
enum Stored {
    /// Accepted. The response is the same for unknown callbacks.
    #[oai(status = 200)]
    Accepted(Json<Acknowledgement>),
}

/// The part of a validation request that decides whether it is payable.
#[derive(Deserialize)]
struct Question {
    #[serde(rename = "BillRefNumber")]
    reference: String,
}

/// The response to a validation request.
#[derive(Debug, Object)]
struct PaybillValidation {
    /// `0`: accept the payment; `C2B00012`: reject it, because the account is invalid.
    #[oai(rename = "ResultCode")]
    code: String,
    #[oai(rename = "ResultDesc")]
    text: String,
}

#[derive(ApiResponse)]
enum Asked {
    /// The payment is accepted or rejected.
    #[oai(status = 200)]
    Answered(Json<PaybillValidation>),
}

impl Asked {
    fn of(payable: bool) -> Self {
        let (code, text) = if payable { ("0", "Accepted") } else { ("C2B00012", "Rejected") };
        Self::Answered(Json(PaybillValidation { code: code.to_owned(), text: text.to_owned() }))
    }
}

/// The raw body. It is stored as evidence even if it is not JSON.
struct Raw(Vec<u8>);

/// The sender's address, behind trusted proxies.
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

/// Returns the printable part of untrusted text, cut to a length.
fn bounded(text: &str, chars_max: usize) -> String {
    text.chars().filter(char::is_ascii_graphic).take(chars_max).collect()
}

/// Returns the owner of the callback address; `None` if the request is not from the provider's networks.
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
        // Beyond the budget of its sender, a stray callback is not even counted.
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
    /// Called by the provider. Stores a body of at most 16 KiB if it comes to a known address from the provider's
    /// networks. The body is processed later. Any other call gets the same response and is only counted. Problems:
    /// `unavailable` (503) if the body could not be stored; the provider may send it again.
    #[oai(path = "/c/:token", method = "post", operation_id = "receive_collection")]
    async fn receive_collection(
        &self,
        context: Data<&Arc<Context>>,
        from: Caller,
        /// Secret part of the callback address.
        token: Path<String>,
        body: Raw,
    ) -> Result<Stored, ApiError> {
        receive(&context, CallbackKind::Collection, &token, (body, from.0)).await
    }

    /// Receive the result of a payout
    ///
    /// Works like `receive_collection`.
    #[oai(path = "/p/:token", method = "post", operation_id = "receive_payout")]
    async fn receive_payout(
        &self,
        context: Data<&Arc<Context>>,
        from: Caller,
        /// Secret part of the callback address.
        token: Path<String>,
        body: Raw,
    ) -> Result<Stored, ApiError> {
        receive(&context, CallbackKind::Payout, &token, (body, from.0)).await
    }

    /// Receive a paybill payment
    ///
    /// Works like `receive_collection`. All payments use one address, which `amana mpesa register-urls` creates and
    /// registers with the provider. A large payment is credited only after the provider's statement confirms it.
    #[oai(path = "/b/:token", method = "post", operation_id = "receive_paybill_confirmation")]
    async fn receive_paybill_confirmation(
        &self,
        context: Data<&Arc<Context>>,
        from: Caller,
        /// Secret part of the callback address.
        token: Path<String>,
        body: Raw,
    ) -> Result<Stored, ApiError> {
        receive(&context, CallbackKind::Paybill, &token, (body, from.0)).await
    }

    /// Validate a paybill payment
    ///
    /// Called by the provider before it takes the money. Accepts a reference if its deal awaits payment or a phone
    /// prompt with it is open. This prevents unmatched payments. Stores nothing.
    #[oai(path = "/v/:token", method = "post", operation_id = "receive_paybill_validation")]
    async fn receive_paybill_validation(
        &self,
        context: Data<&Arc<Context>>,
        from: Caller,
        /// Secret part of the callback address.
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

    /// Receive a payout timeout
    ///
    /// Works like `receive_collection`. A timeout does not decide the outcome of the payout.
    #[oai(path = "/t/:token", method = "post", operation_id = "receive_payout_timeout")]
    async fn receive_payout_timeout(
        &self,
        context: Data<&Arc<Context>>,
        from: Caller,
        /// Secret part of the callback address.
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
