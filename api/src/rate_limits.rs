//! Rate limits of requests: by account for logged-in users, by address for others. `guesses` counts wrong passwords.

mod guesses;
mod look_ups;
mod rules;
mod strangers;
mod tally;

pub(crate) use guesses::Guess;
pub use rules::RateLimits;

use crate::address::ClientAddress;
use crate::auth;
use crate::context::Context;
use crate::observe;
use crate::problem::ApiError;
use crate::service;
use crate::signing_keys;
use amana_domain::id::{SessionId, UserId};
use amana_postgres::{CallContext, in_call};
use amana_redis::{Limiter, RateRule, Transport};
use chrono::{DateTime, Utc};
use guesses::Guesses;
use poem::endpoint::Endpoint;
use poem::http::{HeaderName, HeaderValue};
use poem::{IntoResponse, Request, Response};
use rules::STRAYS;
use std::fmt::Display;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tally::{Standing, Tally};

/// Requests of accounts are reported to Redis in batches of this size.
const PORTION: u32 = 50;

/// Public documents, which are large.
const DOCUMENTS: [&str; 2] = ["/openapi.json", "/docs"];

/// Counted by its handler, which knows the session: one address is shared by many users who stay logged in.
const REFRESH: &str = "/v1/sessions/refresh";

/// Paths without limits: probes, public keys, the service's facts (cheap, and counting them would use up the log-ins of
/// an address), and refreshes, which their handler counts.
const UNCOUNTED: [&str; 5] = ["/livez", "/readyz", signing_keys::PATH, service::PATH, REFRESH];
pub(crate) const CALLBACKS: &str = "/v1/callbacks/";

/// The limits as this process counts them, and the Redis that all processes share.
#[derive(Debug)]
pub(crate) struct Budgets {
    redis: Option<Limiter>,
    anonymous: Option<Tally<IpAddr>>,
    account: Option<Tally<UserId>>,
    password: Option<Guesses>,
    session: Option<Tally<SessionId>>,
    document: Option<Tally<IpAddr>>,
    look_ups: Option<Tally<UserId>>,
    counterparties: Option<Tally<UserId>>,
    strays: Tally<IpAddr>,
}

impl Budgets {
    pub(crate) fn new(limits: &RateLimits, redis: Option<&Transport>) -> Self {
        let redis = redis.map(Limiter::new);
        Self {
            anonymous: limits.anonymous.map(|rule| Tally::new(rule, 1)),
            account: limits.account.map(|rule| Tally::new(rule, PORTION)),
            password: limits.password.map(|rule| Guesses::new(rule, redis.clone())),
            session: limits.session.map(|rule| Tally::new(rule, 1)),
            document: limits.document.map(|rule| Tally::new(rule, 1)),
            look_ups: limits.look_ups.map(|rule| Tally::new(rule, 1)),
            counterparties: limits.counterparties.map(|rule| Tally::new(rule, 1)),
            strays: Tally::new(STRAYS, 1),
            redis,
        }
    }

    /// Checks a password unless too many were wrong; counts a wrong one.
    ///
    /// # Errors
    /// `rate_limited`; `unavailable` if the wrong attempts cannot be counted; the error of `check`.
    pub(crate) async fn password<T>(
        &self,
        guess: Guess<'_>,
        now: DateTime<Utc>,
        check: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        match &self.password {
            Some(limit) => limit.guard(guess, now, check).await,
            None => check.await,
        }
    }

    /// Like [`Budgets::password`], for a one-time code of a caller without a session.
    ///
    /// # Errors
    /// As [`Budgets::password`].
    pub(crate) async fn code<T>(
        &self,
        address: ClientAddress,
        now: DateTime<Utc>,
        check: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        match &self.password {
            Some(limit) => limit.guard_code(address, now, check).await,
            None => check.await,
        }
    }

    /// Counts a refresh: by its session, or by the address if the token is invalid.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(crate) async fn refresh(
        &self,
        session: Option<SessionId>,
        address: ClientAddress,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let counted = match (session, &self.session) {
            (Some(session), Some(tally)) => Some(self.count_in(tally, &session, now).await),
            (Some(_), None) => None,
            (None, _) => self.count(None, address, now).await,
        };
        match counted {
            Some((_, standing)) if standing.is_refused => {
                Err(ApiError::rate_limited("too many requests", standing.reset))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Counts a request and returns its sender's standing; `None` without a limit.
    async fn count(
        &self,
        account: Option<UserId>,
        address: ClientAddress,
        now: DateTime<Utc>,
    ) -> Option<(RateRule, Standing)> {
        match account {
            Some(account) => Some(self.count_in(self.account.as_ref()?, &account, now).await),
            None => Some(self.count_in(self.anonymous.as_ref()?, &address.network(), now).await),
        }
    }

    async fn count_in<K: Copy + Eq + Hash + Display>(
        &self,
        tally: &Tally<K>,
        key: &K,
        now: DateTime<Utc>,
    ) -> (RateRule, Standing) {
        let now_ms = now.timestamp_millis();
        let mut standing = tally.count(key, now_ms);
        if standing.untold > 0
            && let Some(redis) = &self.redis
        {
            let subject = key.to_string();
            // Without Redis, each process counts alone.
            if let Ok(taken) = redis.take(&tally.rule, &[&subject], standing.untold, now_ms).await {
                standing = tally.told(key, now_ms, standing.untold, taken);
            }
        }
        (tally.rule, standing)
    }
}

/// Rejects requests over the limit before they are read, and adds rate-limit headers to every counted response.
pub(crate) async fn limit<E>(
    context: Arc<Context>,
    endpoint: Arc<E>,
    mut request: Request,
) -> poem::Result<Response>
where
    E: Endpoint,
    E::Output: IntoResponse,
{
    let path = request.uri().path();
    if UNCOUNTED.contains(&path) || path.starts_with(CALLBACKS) {
        return Ok(endpoint.get_response(request).await);
    }
    let Some(address) = request.data::<ClientAddress>().copied() else {
        return Ok(ApiError::internal().into_response());
    };
    let is_strangers = strangers::is_strangers(request.method(), path);
    let is_document = DOCUMENTS.contains(&path);
    let now = context.now();
    let identity = match auth::identify(&context, &mut request).await {
        Ok(identity) => identity,
        Err(error) => return Ok(error.into_response()),
    };
    if let Some(identity) = &identity {
        observe::record_caller(identity);
    }
    let account = identity.filter(|_| !is_strangers).map(|identity| identity.account);
    let counted = match &context.budgets.document {
        Some(tally) if is_document => {
            Some(context.budgets.count_in(tally, &address.network(), now).await)
        }
        None if is_document => None,
        Some(_) | None => context.budgets.count(account, address, now).await,
    };
    let call = CallContext {
        machine: identity.and_then(|identity| identity.machine),
        session: identity.and_then(|identity| identity.session),
        address: Some(address.ip),
        request_id: Some(observe::current_request_id()),
    };
    let handled = in_call(call, endpoint.get_response(request));
    let Some((rule, standing)) = counted else { return Ok(handled.await) };
    let mut response = if standing.is_refused {
        ApiError::rate_limited("too many requests", standing.reset).into_response()
    } else {
        handled.await
    };
    tell(&mut response, &rule, &standing);
    Ok(response)
}

/// Adds the headers of draft-ietf-httpapi-ratelimit-headers.
fn tell(response: &mut Response, rule: &RateRule, standing: &Standing) {
    let RateRule { name, limit, window } = rule;
    let policy = format!("\"{name}\";q={limit};w={}", window.as_secs());
    let left = format!("\"{name}\";r={};t={}", standing.left, whole_seconds(standing.reset));
    for (header, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(header), value);
        }
    }
}

/// Rounds up, so that a retry after this time is not too early.
pub(crate) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
}
