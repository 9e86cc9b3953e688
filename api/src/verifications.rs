//! Verification of e-mail addresses and phone numbers.

use crate::Chapter;
use crate::auth::Caller;
use crate::body::Body;
use crate::context::Context;
use crate::problem::ApiError;
use crate::users::Found;
use crate::wire::Wire;
use amana_domain::code::{Code, TTL};
use amana_domain::contact::ContactKind;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A request for a verification code.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct StartVerification {
    /// Contact to verify.
    channel: Wire<ContactKind>,
}

/// A verification with a code.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ConfirmVerification {
    /// Contact to verify.
    channel: Wire<ContactKind>,
    /// Six-digit code that was sent to the contact.
    code: Wire<Code>,
}

/// Validity of a code that was sent.
#[derive(Object)]
pub(crate) struct CodeSent {
    /// Lifetime of the code in seconds.
    expires_in: i64,
}

#[derive(ApiResponse)]
pub(crate) enum Sent {
    /// A code is being sent.
    #[oai(status = 202)]
    Code(Json<CodeSent>),
}

impl Sent {
    pub(crate) fn now() -> Self {
        Self::Code(Json(CodeSent { expires_in: TTL.num_seconds() }))
    }
}

pub(crate) struct Verifications;

#[OpenApi(prefix_path = "/v1/me/verifications", tag = "Chapter::People")]
impl Verifications {
    /// Send a verification code
    ///
    /// Sends a code to your e-mail address or phone number, as registration does. The code expires after 5 minutes or 5
    /// attempts, and replaces the previous one. An address or number receives at most 5 codes per hour and 10 per day.
    /// If another account has verified the contact, its user is notified instead. Problems: `not_found` (404) if the
    /// account has no such contact, `already_verified` (409), `too_many_attempts` (429, with `Retry-After`).
    #[oai(path = "/", method = "post", operation_id = "start_verification")]
    async fn start_verification(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<StartVerification>,
    ) -> Result<Sent, ApiError> {
        let (user, kind) = (caller.user(), body.value.channel.0);
        context
            .write(async move |store, now| store.start_verification(user, kind, now).await)
            .await?;
        Ok(Sent::now())
    }

    /// Verify your e-mail address or phone number
    ///
    /// Needs the code that was sent. Other accounts with the same unverified contact lose it. Problems: `invalid_code`
    /// (422) for any invalid or expired code.
    #[oai(path = "/confirm", method = "post", operation_id = "confirm_verification")]
    async fn confirm_verification(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<ConfirmVerification>,
    ) -> Result<Found, ApiError> {
        let (user, key) = (caller.user(), context.codes.clone());
        let told = (body.value.channel.0, body.value.code.0);
        let user = context
            .write(async move |store, now| store.verify_contact(&key, user, told, now).await)
            .await?;
        Found::of(&context, user)
    }
}
