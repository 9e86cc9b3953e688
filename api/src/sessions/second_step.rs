//! Where a second factor is shown: after the password, and again before something risky.

use super::answer::{Delivery, TokensAnswer};
use crate::Chapter;
use crate::address::ClientAddress;
use crate::auth::Caller;
use crate::body::Body;
use crate::context::Context;
use crate::device;
use crate::passwords::require_password;
use crate::problem::ApiError;
use crate::tokens::Challenge;
use crate::verifications::Sent;
use crate::wire::{Secret, Timestamp, Wire};
use amana_domain::factor::{STEP_UP_TTL, ShownCode};
use amana_postgres::{Conflict, DeviceDigest, Store};
use poem::web::Data;
use poem::web::cookie::CookieJar;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

/// The second half of a log-in.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CompleteLogIn {
    /// As `log_in` answered it.
    challenge: String,
    /// Six digits of the authenticator app or of a message, or a backup code.
    code: Wire<ShownCode>,
    /// For browsers: the tokens come as cookies, and only those.
    cookies: Option<bool>,
    /// Asks for no second factor on this device for 30 days. Whoever else has the device needs the password still.
    trust_device: Option<bool>,
}

/// A log-in that waits for a code.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct SendLogInCode {
    /// As `log_in` answered it.
    challenge: String,
}

/// What a person in a session shows again.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct StepUp {
    password: Secret,
    /// Six digits of the authenticator app or of a message, or a backup code; needed if the person has a second factor.
    code: Option<Wire<ShownCode>>,
}

/// What was proven anew.
#[derive(Debug, Object)]
#[oai(rename = "StepUpResult")]
struct StepUpAnswer {
    /// Until then this session may do what is risky.
    valid_until: Timestamp,
}

#[derive(ApiResponse)]
enum LoggedIn {
    /// Logged in.
    #[oai(status = 200)]
    Tokens(Json<TokensAnswer>),
}

#[derive(ApiResponse)]
enum SteppedUp {
    /// Proven anew.
    #[oai(status = 200)]
    Done(Json<StepUpAnswer>),
}

pub(crate) struct SecondSteps;

#[OpenApi(prefix_path = "/v1/sessions", tag = "Chapter::People")]
impl SecondSteps {
    /// Complete a log-in
    ///
    /// Opens the session of somebody who has a second factor. A code is good once. Five wrong ones within a
    /// quarter of an hour lock the factor for as long, from wherever they come, and the person gets an e-mail.
    /// Problems: `challenge_expired` (401), also if the password was changed since: log in again; `invalid_code` (422);
    /// `too_many_attempts` (429, `Retry-After`); `rate_limited` (429) after 50 wrong codes from one address;
    /// `account_closed` (403); `not_found` (404) if the factor was removed meanwhile.
    #[oai(path = "/second-factor", method = "post", operation_id = "complete_log_in")]
    async fn complete_log_in(
        &self,
        context: Data<&Arc<Context>>,
        address: Data<&ClientAddress>,
        device: device::From,
        jar: &CookieJar,
        body: Body<CompleteLogIn>,
    ) -> Result<LoggedIn, ApiError> {
        let CompleteLogIn { challenge, code, cookies, trust_device } = body.value;
        let now = context.now();
        let challenge = context.tokens.read_challenge(&challenge, now);
        let Challenge { user, password } = challenge.ok_or(Conflict::ChallengeExpired)?;
        let shown = context.factor_keys.shown(user, (code.0, &context.codes), now)?;
        // Of version 4: all of it is random.
        let number = trust_device.unwrap_or_default().then(Uuid::new_v4);
        let trust = number.map(DeviceDigest::of);
        let opened = context.write(async move |store, now| {
            let device = (&device.0, trust.as_ref());
            store.log_in_with_factor((user, &password), shown, device, now).await
        });
        let (user, session) = context.budgets.code(**address, now, opened).await?;
        let token = number.map(|number| context.tokens.device(number)).transpose()?;
        let delivery = Delivery::wanted(cookies, jar);
        let tokens = TokensAnswer::of(&context, &user, &session, delivery).await?;
        Ok(LoggedIn::Tokens(Json(tokens.on_device(token))))
    }

    /// Have another code sent for a log-in
    ///
    /// To those whose second factor is a message; the code before it is not good any more. Problems:
    /// `challenge_expired` (401), `too_many_attempts` (429, with `Retry-After`): an address or number gets 5 codes an
    /// hour and 10 a day; `not_found` (404) if the person's codes are not sent; `account_closed` (403).
    #[oai(path = "/second-factor/code", method = "post", operation_id = "send_log_in_code")]
    async fn send_log_in_code(
        &self,
        context: Data<&Arc<Context>>,
        body: Body<SendLogInCode>,
    ) -> Result<Sent, ApiError> {
        let challenge = context.tokens.read_challenge(&body.value.challenge, context.now());
        let Challenge { user, password } = challenge.ok_or(Conflict::ChallengeExpired)?;
        context
            .write(async move |store, now| store.send_factor_code(user, Some(&password), now).await)
            .await?;
        Ok(Sent::now())
    }

    /// Have a code sent for a step-up
    ///
    /// To those whose second factor is a message. Problems: `too_many_attempts` (429, with `Retry-After`), `not_found`
    /// (404) if the caller's codes are not sent; `account_closed` (403).
    #[oai(path = "/step-up/code", method = "post", operation_id = "send_step_up_code")]
    async fn send_step_up_code(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
    ) -> Result<Sent, ApiError> {
        let user = caller.user();
        let work = async move |store: Store, now| store.send_factor_code(user, None, now).await;
        context.write(work).await?;
        Ok(Sent::now())
    }

    /// Prove anew who one is
    ///
    /// Before something risky, which is otherwise refused with `step_up_required`; good for five minutes, in this
    /// session. Problems: `incorrect_password` (403); `invalid_request` (422) at `/code` if one is wanted;
    /// `invalid_code` (422); `too_many_attempts` (429, `Retry-After`).
    #[oai(path = "/step-up", method = "post", operation_id = "step_up_session")]
    async fn step_up_session(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<StepUp>,
    ) -> Result<SteppedUp, ApiError> {
        let StepUp { password, code } = body.value;
        let (user, now) =
            (require_password(&context, &caller, password, "/password").await?.id, context.now());
        let shown = code.map(|code| (code.0, &context.codes));
        let shown = shown.map(|code| context.factor_keys.shown(user, code, now)).transpose()?;
        let session = (user, caller.session());
        context.write(async move |store, now| store.step_up(session, shown, now).await).await?;
        let valid_until = now.checked_add_signed(STEP_UP_TTL).unwrap_or(now).into();
        Ok(SteppedUp::Done(Json(StepUpAnswer { valid_until })))
    }
}
