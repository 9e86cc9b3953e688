//! Execution of calls once per `Idempotency-Key`, and replay of their stored responses.

use crate::context::Context;
use crate::problem::ApiError;
use crate::quote::{OrQuote, QuoteAnswer};
use crate::wire::{Key, Wire, single_value};
use amana_domain::id::UserId;
use amana_postgres::{Answer, Keyed, Outcome, Quote};
use poem::http::StatusCode;
use poem_openapi::ApiResponse;
use poem_openapi::payload::Json;
use poem_openapi::types::{ToJSON, Type};
use serde_json::Value;
use std::marker::PhantomData;

/// Identifies a call of `caller` by its key, the operation and everything that makes two calls equal.
pub(crate) fn keyed(
    caller: impl Into<UserId>,
    key: Wire<Key>,
    operation: &'static str,
    request: &str,
) -> Keyed {
    Keyed::new(caller.into(), key.0.0, operation, request)
}

/// Result of the checks before a keyed call.
pub(crate) enum Asked<T> {
    /// The key is new and the checks passed.
    New(T),
    /// The key was used for this call; its stored outcome.
    Answered(Outcome),
}

/// Runs checks that cannot run in the transaction of the effect, but only for a new key: a repeated call gets its
/// stored response, whatever has changed since. Only authentication and parsing may come before.
///
/// # Errors
/// The error of `check`, or `idempotency_key_reused`.
pub(crate) async fn unless_answered<T>(
    context: &Context,
    keyed: &Keyed,
    check: impl Future<Output = Result<T, ApiError>>,
) -> Result<Asked<T>, ApiError> {
    if let Some(outcome) = context.store.answered(keyed).await? {
        return Ok(Asked::Answered(outcome));
    }
    match check.await {
        Ok(value) => Ok(Asked::New(value)),
        // A concurrent first call may have committed since, and its effect may be the reason for this error.
        Err(refusal) => match context.store.answered(keyed).await? {
            Some(outcome) => Ok(Asked::Answered(outcome)),
            None => Err(refusal),
        },
    }
}

/// Like [`unless_answered`] for file uploads, whose fingerprint is known only after reading the file: with a used key
/// the call passes, and the transaction checks the key again.
///
/// # Errors
/// The error of `check`.
pub(crate) async fn unless_used(
    context: &Context,
    (user, key): (UserId, &Wire<Key>),
    check: impl Future<Output = Result<(), ApiError>>,
) -> Result<(), ApiError> {
    if context.store.key_is_used(user, &key.0.0).await? {
        return Ok(());
    }
    match check.await {
        Ok(()) => Ok(()),
        Err(refusal) => match context.store.key_is_used(user, &key.0.0).await? {
            true => Ok(()),
            false => Err(refusal),
        },
    }
}

/// Builds the response that is stored with the effect and replayed to repeated calls.
pub(crate) fn answer(status: StatusCode, body: &impl ToJSON) -> Answer {
    // HTTP statuses have three digits.
    let status = i16::try_from(status.as_u16()).unwrap_or(i16::MAX);
    Answer { status, body: body.to_json().unwrap_or(Value::Null) }
}

/// A stored response body: JSON in the shape of `T`.
#[derive(Debug)]
pub(crate) struct Stored<T> {
    body: Value,
    shape: PhantomData<fn() -> T>,
}

single_value!([T: Type] Stored<T>, T::name(), T::schema_ref(), |registry| T::register(registry));

impl<T: Type> ToJSON for Stored<T> {
    fn to_json(&self) -> Option<Value> {
        Some(self.body.clone())
    }
}

pub(crate) fn parts<T>(outcome: Outcome) -> (Json<Stored<T>>, Option<bool>) {
    let stored = Stored { body: outcome.answer.body, shape: PhantomData };
    (Json(stored), outcome.replayed.then_some(true))
}

/// Response of a call that completes immediately.
#[derive(ApiResponse)]
pub(crate) enum Done<T: Type> {
    /// Done, by this call or by the first one with the same key.
    #[oai(status = 200)]
    Done(
        Json<Stored<T>>,
        /// `true` if this is the stored response to an earlier call with the same key.
        #[oai(header = "Idempotent-Replayed")]
        Option<bool>,
    ),
}

impl<T: Type> From<Outcome> for Done<T> {
    fn from(outcome: Outcome) -> Self {
        let (body, replayed) = parts(outcome);
        Self::Done(body, replayed)
    }
}

/// Response of a call that creates something and has no dry run.
#[derive(ApiResponse)]
pub(crate) enum Made<T: Type> {
    /// Created, by this call or by the first one with the same key.
    #[oai(status = 201)]
    Made(
        Json<Stored<T>>,
        /// `true` if this is the stored response to an earlier call with the same key.
        #[oai(header = "Idempotent-Replayed")]
        Option<bool>,
    ),
}

impl<T: Type> From<Outcome> for Made<T> {
    fn from(outcome: Outcome) -> Self {
        let (body, replayed) = parts(outcome);
        Self::Made(body, replayed)
    }
}

/// Response of a call that creates something.
#[derive(ApiResponse)]
pub(crate) enum Created<T: Type> {
    /// With `dry_run=true`: the expected result. Nothing was changed.
    #[oai(status = 200)]
    Quote(Json<QuoteAnswer>),
    /// Created, by this call or by the first one with the same key.
    #[oai(status = 201)]
    Created(
        Json<Stored<T>>,
        /// `true` if this is the stored response to an earlier call with the same key.
        #[oai(header = "Idempotent-Replayed")]
        Option<bool>,
    ),
}

impl<T: Type> From<Outcome> for Created<T> {
    fn from(outcome: Outcome) -> Self {
        let (body, replayed) = parts(outcome);
        Self::Created(body, replayed)
    }
}

impl<T: Type> From<Quote> for Created<T> {
    fn from(quote: Quote) -> Self {
        Self::Quote(Json(quote.into()))
    }
}

/// Response of a call that completes later.
#[derive(ApiResponse)]
pub(crate) enum Started<T: Type> {
    /// With `dry_run=true`: the expected result. Nothing was changed.
    #[oai(status = 200)]
    Quote(Json<QuoteAnswer>),
    /// Started, by this call or by the first one with the same key. The result follows later.
    #[oai(status = 202)]
    Started(
        Json<Stored<T>>,
        /// `true` if this is the stored response to an earlier call with the same key.
        #[oai(header = "Idempotent-Replayed")]
        Option<bool>,
    ),
}

impl<T: Type> From<Outcome> for Started<T> {
    fn from(outcome: Outcome) -> Self {
        let (body, replayed) = parts(outcome);
        Self::Started(body, replayed)
    }
}

impl<T: Type> From<Quote> for Started<T> {
    fn from(quote: Quote) -> Self {
        Self::Quote(Json(quote.into()))
    }
}

/// Response of a call that completes immediately or later.
#[derive(ApiResponse)]
pub(crate) enum DoneOrStarted<T: Type> {
    /// Done, by this call or by the first one with the same key. With `dry_run=true`: the expected result; nothing was
    /// changed.
    #[oai(status = 200)]
    Done(
        Json<Stored<OrQuote<T>>>,
        /// `true` if this is the stored response to an earlier call with the same key.
        #[oai(header = "Idempotent-Replayed")]
        Option<bool>,
    ),
    /// Started, by this call or by the first one with the same key. The result follows later.
    #[oai(status = 202)]
    Started(
        Json<Stored<T>>,
        /// `true` if this is the stored response to an earlier call with the same key.
        #[oai(header = "Idempotent-Replayed")]
        Option<bool>,
    ),
}

impl<T: Type> From<Outcome> for DoneOrStarted<T> {
    fn from(outcome: Outcome) -> Self {
        if outcome.answer.status == 202 {
            let (body, replayed) = parts(outcome);
            return Self::Started(body, replayed);
        }
        let (body, replayed) = parts(outcome);
        Self::Done(body, replayed)
    }
}

impl<T: Type> From<Quote> for DoneOrStarted<T> {
    fn from(quote: Quote) -> Self {
        let body = QuoteAnswer::from(quote).to_json().unwrap_or(Value::Null);
        Self::Done(Json(Stored { body, shape: PhantomData }), None)
    }
}
