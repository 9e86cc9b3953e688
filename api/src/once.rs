//! Calls that are carried out once per `Idempotency-Key`, and the answers that are replayed for them.

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

/// Names one call of `caller`: the operation and everything that makes two calls the same call.
pub(crate) fn keyed(
    caller: impl Into<UserId>,
    key: Wire<Key>,
    operation: &'static str,
    request: &str,
) -> Keyed {
    Keyed::new(caller.into(), key.0.0, operation, request)
}

/// What a handler has asked before it begins a keyed call.
pub(crate) enum Asked<T> {
    /// The key is new, and nothing speaks against the call.
    New(T),
    /// The key was used for this call: this is its answer.
    Answered(Outcome),
}

/// Asks what the transaction of the effect cannot ask, once the key was found to be new: a repeated call gets its stored
/// answer, whatever has changed since. Nothing but authentication and parsing comes before this.
///
/// # Errors
/// Whatever `check` answers, or `idempotency_key_reused`.
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
        // The first call may have ended between the two looks, and its effect may be what speaks against this one.
        Err(refusal) => match context.store.answered(keyed).await? {
            Some(outcome) => Ok(Asked::Answered(outcome)),
            None => Err(refusal),
        },
    }
}

/// The same for files, whose fingerprint is known only when they have been read: a key that was used lets the call pass
/// to the transaction, which asks the same again.
///
/// # Errors
/// Whatever `check` answers.
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

/// What is stored with the effect and answered to the first call and to every repetition.
pub(crate) fn answer(status: StatusCode, body: &impl ToJSON) -> Answer {
    // Statuses are three digits.
    let status = i16::try_from(status.as_u16()).unwrap_or(i16::MAX);
    Answer { status, body: body.to_json().unwrap_or(Value::Null) }
}

/// A stored answer: JSON that has the shape of `T`.
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

/// The answer to a call that is over when it is answered.
#[derive(ApiResponse)]
pub(crate) enum Done<T: Type> {
    /// Done, now or by the first call with this key.
    #[oai(status = 200)]
    Done(
        Json<Stored<T>>,
        /// `true` if this is the answer to an earlier call with the same key.
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

/// The answer to a call that makes something, and cannot be asked what it would do.
#[derive(ApiResponse)]
pub(crate) enum Made<T: Type> {
    /// Made, now or by the first call with this key.
    #[oai(status = 201)]
    Made(
        Json<Stored<T>>,
        /// `true` if this is the answer to an earlier call with the same key.
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

/// The answer to a call that makes something.
#[derive(ApiResponse)]
pub(crate) enum Created<T: Type> {
    /// With `dry_run=true`: what it would do. Nothing was done.
    #[oai(status = 200)]
    Quote(Json<QuoteAnswer>),
    /// Made, now or by the first call with this key.
    #[oai(status = 201)]
    Created(
        Json<Stored<T>>,
        /// `true` if this is the answer to an earlier call with the same key.
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

/// The answer to a call that starts something.
#[derive(ApiResponse)]
pub(crate) enum Started<T: Type> {
    /// With `dry_run=true`: what it would do. Nothing was done.
    #[oai(status = 200)]
    Quote(Json<QuoteAnswer>),
    /// Started, now or by the first call with this key; its outcome comes later.
    #[oai(status = 202)]
    Started(
        Json<Stored<T>>,
        /// `true` if this is the answer to an earlier call with the same key.
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

/// The answer to a call that is either over at once or only started.
#[derive(ApiResponse)]
pub(crate) enum DoneOrStarted<T: Type> {
    /// Done, now or by the first call with this key. With `dry_run=true`: what it would do, and nothing was done.
    #[oai(status = 200)]
    Done(
        Json<Stored<OrQuote<T>>>,
        /// `true` if this is the answer to an earlier call with the same key.
        #[oai(header = "Idempotent-Replayed")]
        Option<bool>,
    ),
    /// Started, now or by the first call with this key; its outcome comes later.
    #[oai(status = 202)]
    Started(
        Json<Stored<T>>,
        /// `true` if this is the answer to an earlier call with the same key.
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
