//! Proving that an address and a number are one's own.

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

/// What somebody wants to prove.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct StartVerification {
    channel: Wire<ContactKind>,
}

/// The proof.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ConfirmVerification {
    channel: Wire<ContactKind>,
    /// The six digits that were sent there.
    code: Wire<Code>,
}

/// How long there is time to tell a code.
#[derive(Object)]
pub(crate) struct CodeSent {
    /// Seconds until the code is no longer good.
    expires_in: i64,
}

#[derive(ApiResponse)]
pub(crate) enum Sent {
    /// A code is on its way.
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
    /// Have a code sent
    ///
    /// Sends the code that proves the caller's e-mail address or phone number, as registering did. It is good for
    /// 5 minutes and 5 tries, and replaces the one before it. If another account has verified the contact, its owner is
    /// told instead. Problems: `not_found` (404) if the account has no such contact, `already_verified` (409),
    /// `too_many_attempts` (429, with `Retry-After`): an address or number gets 5 codes an hour and 10 a day.
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

    /// Prove an e-mail address or phone number
    ///
    /// With the code that was sent there. Other accounts that typed the same contact without verifying it lose it.
    /// Problems: `invalid_code` (422), whatever is wrong with it.
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
