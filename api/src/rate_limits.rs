//! How much anybody may ask for: signed-in people by account, everybody else by address. Wrong passwords are
//! counted apart, see `guesses`.

mod guesses;
mod tally;

use crate::address::ClientAddress;
use crate::auth;
use crate::context::Context;
use crate::observe;
use crate::problem::ApiError;
use crate::service;
use crate::signing_keys;
use amana_domain::id::UserId;
use amana_domain::payee::Payee;
use amana_postgres::{from_address, through_key};
use amana_redis::{Limiter, RateRule, Transport};
use chrono::{DateTime, Utc};
use guesses::Guesses;
use poem::endpoint::Endpoint;
use poem::http::{HeaderName, HeaderValue, Method};
use poem::{IntoResponse, Request, Response};
use std::fmt::Display;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tally::{Standing, Tally};

const QUARTER_OF_AN_HOUR: Duration = Duration::from_secs(15 * 60);

const ANONYMOUS: RateRule = RateRule { name: "anonymous", limit: 100, window: QUARTER_OF_AN_HOUR };
const ACCOUNT: RateRule =
    RateRule { name: "account", limit: 1_000, window: Duration::from_secs(60) };
/// Who has this number: an answer costs its owner something, so there are few.
const LOOK_UPS: RateRule =
    RateRule { name: "look_ups", limit: 60, window: Duration::from_secs(60 * 60) };
/// The same about somebody with whom a deal is made, which platforms do often.
const COUNTERPARTIES: RateRule =
    RateRule { name: "counterparties", limit: 1_000, window: Duration::from_secs(60 * 60) };
/// Callbacks that are nobody's, of one address: what is written of them has a bound.
const STRAYS: RateRule = RateRule { name: "strays", limit: 600, window: QUARTER_OF_AN_HOUR };
const PASSWORD: RateRule = RateRule { name: "password", limit: 5, window: QUARTER_OF_AN_HOUR };

/// Signed-in calls are told to Redis in portions of so many.
const PORTION: u32 = 50;

/// These make accounts and tokens: whoever calls them is a stranger, with whatever token.
const FOR_STRANGERS: [&str; 3] = ["/v1/users", "/v1/sessions", "/v1/invitations/accept"];

/// The provider, load balancers and readers of the document are not counted. Neither are apps that ask for the facts
/// of the service: that answer costs nothing, and counting it would use up the log-ins of its address.
const UNCOUNTED: [&str; 6] =
    ["/livez", "/readyz", "/openapi.json", "/docs", signing_keys::PATH, service::PATH];
pub(crate) const CALLBACKS: &str = "/v1/callbacks/";

/// Which budgets there are; what is `None` has no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests without a valid token, by address.
    pub anonymous: Option<RateRule>,
    /// Requests with one, by account.
    pub account: Option<RateRule>,
    /// Wrong passwords: of log-ins by name and by address, of those who are signed in by account.
    pub password: Option<RateRule>,
    /// Look-ups of people by phone number or e-mail address that tell who has it, by account.
    pub look_ups: Option<RateRule>,
    /// Deals with somebody named by phone number or e-mail address, by account.
    pub counterparties: Option<RateRule>,
}

impl RateLimits {
    pub const OFF: Self = Self {
        anonymous: None,
        account: None,
        password: None,
        look_ups: None,
        counterparties: None,
    };

    /// The usual limits, with another one for accounts.
    #[must_use]
    pub fn per_account(requests_per_minute: u32) -> Self {
        let account = Some(RateRule { limit: requests_per_minute, ..ACCOUNT });
        Self { account, ..Self::default() }
    }
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            anonymous: Some(ANONYMOUS),
            account: Some(ACCOUNT),
            password: Some(PASSWORD),
            look_ups: Some(LOOK_UPS),
            counterparties: Some(COUNTERPARTIES),
        }
    }
}

/// The budgets as this process knows them, and the Redis in which all processes share them.
#[derive(Debug)]
pub(crate) struct Budgets {
    redis: Option<Limiter>,
    anonymous: Option<Tally<IpAddr>>,
    account: Option<Tally<UserId>>,
    password: Option<Guesses>,
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
            look_ups: limits.look_ups.map(|rule| Tally::new(rule, 1)),
            counterparties: limits.counterparties.map(|rule| Tally::new(rule, 1)),
            strays: Tally::new(STRAYS, 1),
            redis,
        }
    }

    /// Carries out a log-in, unless too many for this name or from this address have failed; its failure counts.
    ///
    /// # Errors
    /// `rate_limited`; `unavailable` if it is not known how many have failed; what `check` fails with.
    pub(crate) async fn log_in<T>(
        &self,
        (name, address): (&str, ClientAddress),
        now: DateTime<Utc>,
        check: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        match &self.password {
            Some(limit) => limit.guard((guesses::hashed(name), Some(address)), now, check).await,
            None => check.await,
        }
    }

    /// The same for somebody who is signed in and tells their password again.
    ///
    /// # Errors
    /// Those of [`Budgets::log_in`].
    pub(crate) async fn password<T>(
        &self,
        user: UserId,
        now: DateTime<Utc>,
        check: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        match &self.password {
            Some(limit) => limit.guard((format!("user:{user}"), None), now, check).await,
            None => check.await,
        }
    }

    /// Counts a look-up by a phone number or an e-mail address; one by a handle or an id tells nothing new.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(crate) async fn look_up(
        &self,
        user: UserId,
        payee: &Payee,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        match payee {
            Payee::Phone(_) | Payee::Email(_) => self.person(user, now).await,
            Payee::Handle(_) | Payee::User(_) => Ok(()),
        }
    }

    /// Counts a look-up of whoever has a phone number or an e-mail address.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(crate) async fn person(&self, user: UserId, now: DateTime<Utc>) -> Result<(), ApiError> {
        self.spend(self.look_ups.as_ref(), user, now).await
    }

    /// Counts a deal with somebody who was named by a phone number or an e-mail address.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(crate) async fn counterparty(
        &self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        self.spend(self.counterparties.as_ref(), user, now).await
    }

    async fn spend(
        &self,
        tally: Option<&Tally<UserId>>,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let Some(tally) = tally else { return Ok(()) };
        match self.count_in(tally, &user, now).await {
            Some((_, standing)) if standing.is_refused => {
                let what = "too many people were looked up by phone number or e-mail address";
                Err(ApiError::rate_limited(what, standing.reset))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether a callback from this address that is nobody's is still to be counted. Each process counts by itself.
    pub(crate) fn has_stray(&self, address: ClientAddress, now: DateTime<Utc>) -> bool {
        !self.strays.count(&address.network(), now.timestamp_millis()).is_refused
    }

    /// Counts a request, and tells how its sender stands now; nothing if there is no limit.
    async fn count(
        &self,
        account: Option<UserId>,
        address: ClientAddress,
        now: DateTime<Utc>,
    ) -> Option<(RateRule, Standing)> {
        match account {
            Some(account) => self.count_in(self.account.as_ref()?, &account, now).await,
            None => self.count_in(self.anonymous.as_ref()?, &address.network(), now).await,
        }
    }

    async fn count_in<K: Copy + Eq + Hash + Display>(
        &self,
        tally: &Tally<K>,
        key: &K,
        now: DateTime<Utc>,
    ) -> Option<(RateRule, Standing)> {
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
        Some((tally.rule, standing))
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
    let is_strangers = request.method() == Method::POST && FOR_STRANGERS.contains(&path);
    let now = context.now();
    let identity = match auth::identify(&context, &mut request).await {
        Ok(identity) => identity,
        Err(error) => return Ok(error.into_response()),
    };
    if let Some(identity) = &identity {
        observe::record_caller(identity);
    }
    let account = identity.filter(|_| !is_strangers).map(|identity| identity.account);
    let counted = context.budgets.count(account, address, now).await;
    let machine = identity.and_then(|identity| identity.machine);
    let handled = through_key(machine, endpoint.get_response(request));
    let handled = from_address(Some(address.0), handled);
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
