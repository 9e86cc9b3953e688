//! Second factors: at log-in, and for step-up authentication.

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

/// The second step of a log-in.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CompleteLogIn {
    /// Challenge returned by `log_in`.
    challenge: String,
    /// Six-digit code of the authenticator app or a message, or a backup code.
    code: Wire<ShownCode>,
    /// With `true`, tokens are returned only as cookies, for browsers.
    cookies: Option<bool>,
    /// With `true`, this device needs no second factor for 30 days. The password is still required.
    trust_device: Option<bool>,
}

/// A request for another log-in code.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct SendLogInCode {
    /// Challenge returned by `log_in`.
    challenge: String,
}

/// A step-up authentication.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct StepUp {
    /// Password of the account.
    password: Secret,
    /// Six-digit code of the authenticator app or a message, or a backup code; required if the account has a second
    /// factor.
    code: Option<Wire<ShownCode>>,
}

/// Result of a step-up authentication.
#[derive(Debug, Object)]
#[oai(rename = "StepUpResult")]
struct StepUpAnswer {
    /// Time until which this session may perform sensitive operations.
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
    /// Step-up authentication succeeded.
    #[oai(status = 200)]
    Done(Json<StepUpAnswer>),
}

pub(crate) struct SecondSteps;

#[OpenApi(prefix_path = "/v1/sessions", tag = "Chapter::People")]
impl SecondSteps {
    /// Complete a log-in
    ///
    /// Opens the session after a challenge of `log_in`. Each code is valid once. Five wrong codes within 15 minutes,
    /// from any address, lock the second factor for 15 minutes, and the user is notified by e-mail. Problems:
    /// `challenge_expired` (401), also if the password was changed meanwhile; `invalid_code` (422); `too_many_attempts`
    /// (429, `Retry-After`); `rate_limited` (429) after 50 wrong codes from one address; `account_closed` (403);
    /// `not_found` (404) if the factor was removed meanwhile.
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
        // Version 4, which is fully random.
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

    /// Send another log-in code
    ///
    /// For accounts with SMS or e-mail as second factor. The previous code becomes invalid. An address or number
    /// receives at most 5 codes per hour and 10 per day. Problems: `challenge_expired` (401), `too_many_attempts` (429,
    /// with `Retry-After`); `not_found` (404) if the account's factor is an app; `account_closed` (403).
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

    /// Send a step-up code
    ///
    /// For accounts with SMS or e-mail as second factor. Problems: `too_many_attempts` (429, with `Retry-After`),
    /// `not_found` (404) if your factor is an app; `account_closed` (403).
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

    /// Step up your session
    ///
    /// Enables sensitive operations, which otherwise return `step_up_required`, for five minutes in this session.
    /// Problems: `incorrect_password` (403); `invalid_request` (422) at `/code` if a code is required; `invalid_code`
    /// (422); `too_many_attempts` (429, `Retry-After`).
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
