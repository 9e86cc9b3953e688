//! How much anybody may ask for: signed-in people by account, everybody else by address. Wrong passwords are
//! counted apart, see `guesses`.

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

/// Signed-in calls are told to Redis in portions of so many.
const PORTION: u32 = 50;

/// What everybody may read, large as it is.
const DOCUMENTS: [&str; 2] = ["/openapi.json", "/docs"];

/// Counted by its handler, which reads whose session it is: an address is shared by many who stay logged in.
const REFRESH: &str = "/v1/sessions/refresh";

/// The provider and load balancers are not counted. Neither are apps that ask for the facts of the service: that answer
/// costs nothing, and counting it would use up the log-ins of its address.
const UNCOUNTED: [&str; 5] = ["/livez", "/readyz", signing_keys::PATH, service::PATH, REFRESH];
pub(crate) const CALLBACKS: &str = "/v1/callbacks/";

/// The budgets as this process knows them, and the Redis in which all processes share them.
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

    /// Looks at a password, unless too many were wrong; a wrong one counts.
    ///
    /// # Errors
    /// `rate_limited`; `unavailable` if it is not known how many were wrong; what `check` fails with.
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

    /// The same for a one-time code that a stranger tells.
    ///
    /// # Errors
    /// Those of [`Budgets::password`].
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

    /// Counts a refresh: by its session, or by the address if the token is none of ours.
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

    /// Counts a request, and tells how its sender stands now; nothing if there is no limit.
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
            // Without Redis each process goes on with what it knows.
            if let Ok(taken) = redis.take(&tally.rule, &[&subject], standing.untold, now_ms).await {
                standing = tally.told(key, now_ms, standing.untold, taken);
            }
        }
        (tally.rule, standing)
    }
}

/// Refuses a request whose sender has spent their budget, before anything of it is read; and tells everybody who
/// is counted how they stand.
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

/// The headers of draft-ietf-httpapi-ratelimit-headers.
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

/// Rounded up: whoever comes back after so long is not too early.
pub(crate) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
}
