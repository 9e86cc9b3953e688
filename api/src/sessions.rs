//! Sessions: log-in, refresh and revocation.

mod answer;
mod second_step;

pub(crate) use answer::{Delivery, TokensAnswer};
pub(crate) use second_step::SecondSteps;

use crate::Chapter;
use crate::address::ClientAddress;
use crate::auth::{Caller, require_open};
use crate::body::Body;
use crate::context::Context;
use crate::cookies;
use crate::device;
use crate::problem::{ApiError, Code};
use crate::rate_limits::Guess;
use crate::tokens::Refresh;
use crate::wire::{Email, Phone, Secret, Text, Wire};
use amana_domain::contact::Contact;
use amana_domain::id::{SessionId, UserId};
use amana_domain::session::EndReason;
use amana_postgres::{DeviceDigest, LogIn, Store, User};
use answer::{LogInAnswer, SessionAnswer};
use poem::web::Data;
use poem::web::cookie::CookieJar;
use poem_openapi::param::{Header, Path};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

/// Credentials of a user.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields, rename = "LogIn")]
struct Credentials {
    /// E-mail address or phone number, international or Kenyan. If the account has a verified contact, only verified
    /// ones are accepted.
    login: String,
    /// Password of the account.
    password: Secret,
    /// Token from `complete_log_in` on this device. If valid, no second factor is required.
    device_token: Option<String>,
    /// With `true`, tokens are returned only as cookies, for browsers.
    cookies: Option<bool>,
}

/// A refresh of a session.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct RefreshSession {
    /// Newest refresh token of the session, valid once; omitted if it is in a cookie.
    refresh_token: Option<String>,
}

/// Sessions of a user, at most five.
#[derive(Debug, Object)]
struct SessionList {
    /// The sessions, most recently used first.
    items: Vec<SessionAnswer>,
}

#[derive(ApiResponse)]
enum LoggedIn {
    /// Tokens, or `second_factor` without tokens if the account has a second factor.
    #[oai(status = 200)]
    Result(Json<LogInAnswer>),
}

#[derive(ApiResponse)]
enum Refreshed {
    /// New tokens.
    #[oai(status = 200)]
    Tokens(Json<TokensAnswer>),
}

#[derive(ApiResponse)]
enum Listed {
    /// The sessions.
    #[oai(status = 200)]
    Sessions(Json<SessionList>),
}

#[derive(ApiResponse)]
enum Ended {
    /// The session is revoked; its access tokens expire within a second.
    #[oai(status = 204)]
    Done,
}

/// Updates this process immediately. Other processes, and this one after an error, follow within a second.
async fn notice_end(context: &Context) -> Ended {
    if let Err(error) = context.ended.read().await {
        tracing::warn!("ended sessions could not be read: {error}");
    }
    Ended::Done
}

pub(crate) struct Sessions;

#[OpenApi(prefix_path = "/v1/sessions", tag = "Chapter::People")]
impl Sessions {
    /// Log in
    ///
    /// Opens a session with an access token for 15 minutes and a refresh token. If the account has a second factor,
    /// returns a challenge instead, valid for five minutes; continue with `complete_log_in`. If the factor is SMS or
    /// e-mail, a code is sent. A user has at most five sessions; a new one replaces the one unused for longest. A
    /// log-in from a new device is reported by e-mail. Problems: `invalid_credentials` (401) for unknown accounts and
    /// wrong passwords; `account_closed` (403), only with the right password; `rate_limited` (429) with `Retry-After`
    /// after wrong passwords within 15 minutes: five for one login from one address, twenty for one login, fifty from
    /// one address, and five on each trusted device; `unavailable` (503) if attempts cannot be counted.
    #[oai(path = "/", method = "post", operation_id = "log_in")]
    async fn log_in(
        &self,
        context: Data<&Arc<Context>>,
        address: Data<&ClientAddress>,
        device: device::From,
        jar: &CookieJar,
        body: Body<Credentials>,
    ) -> Result<LoggedIn, ApiError> {
        let delivery = Delivery::wanted(body.value.cookies, jar);
        let trusted = body.value.device_token.as_deref();
        let trusted = trusted.and_then(|token| context.tokens.read_device(token));
        let user = proven(&context, (**address, trusted), body.value).await?;
        let (id, password, device) = (user.id, user.password_mark(), device.0);
        let work = async move |store: Store, now| {
            let trusted = trusted.map(DeviceDigest::of);
            store.log_in((id, &password), (&device, trusted.as_ref()), now).await
        };
        let answer = match context.write(work).await?.ok_or_else(wrong)? {
            LogIn::Opened(session) => {
                TokensAnswer::of(&context, &user, &session, delivery).await?.into()
            }
            LogIn::FactorWanted { kind, sent_to } => {
                LogInAnswer::challenge(&context, &user, (kind, sent_to.as_ref()))?
            }
        };
        Ok(LoggedIn::Result(Json(answer)))
    }

    /// Refresh your session
    ///
    /// Exchanges a refresh token for new tokens; the old one becomes invalid. Problems: `session_expired` (401) if the
    /// token is invalid or was used before: reuse revokes the session, and the user is notified; `invalid_csrf_token`
    /// (403) with a cookie but without `X-CSRF-Token`; `token_superseded` (409) if a concurrent call has just used the
    /// token, and the session continues; `account_closed` (403); `rate_limited` (429) above 30 refreshes of a session
    /// within 15 minutes.
    #[oai(path = "/refresh", method = "post", operation_id = "refresh_session")]
    async fn refresh_session(
        &self,
        context: Data<&Arc<Context>>,
        address: Data<&ClientAddress>,
        jar: &CookieJar,
        /// `csrf_token` of the session; required with cookies.
        #[oai(name = "X-CSRF-Token")]
        csrf: Header<Option<String>>,
        body: Body<RefreshSession>,
    ) -> Result<Refreshed, ApiError> {
        let shown = shown(&context, jar, csrf.0.as_deref(), body.value);
        let session = shown.as_ref().ok().map(|(token, _)| token.session);
        context.budgets.refresh(session, **address, context.now()).await?;
        let (token, delivery) = shown?;
        let (user, session) = context
            .write(async move |store, now| {
                store.refresh_session(token.session, token.rotation, now).await
            })
            .await?;
        Ok(Refreshed::Tokens(Json(TokensAnswer::of(&context, &user, &session, delivery).await?)))
    }

    /// List your sessions
    ///
    /// Returns your active sessions.
    #[oai(path = "/", method = "get", operation_id = "list_sessions")]
    async fn list_sessions(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
    ) -> Result<Listed, ApiError> {
        let sessions = context.store.sessions(caller.user(), context.now()).await?;
        let current = caller.session();
        let items = sessions.into_iter().map(|one| SessionAnswer::of(one, current)).collect();
        Ok(Listed::Sessions(Json(SessionList { items })))
    }

    /// Revoke all your sessions
    ///
    /// Includes the current one.
    #[oai(path = "/", method = "delete", operation_id = "revoke_sessions")]
    async fn revoke_sessions(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        jar: &CookieJar,
    ) -> Result<Ended, ApiError> {
        let user = caller.user();
        context.write(async move |store, now| store.revoke_sessions(user, now).await).await?;
        cookies::take(jar);
        Ok(notice_end(&context).await)
    }

    /// Revoke one of your sessions
    ///
    /// Revokes the current session or another one. Problems: `not_found` (404).
    #[oai(path = "/:id", method = "delete", operation_id = "revoke_session")]
    async fn revoke_session(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        jar: &CookieJar,
        /// Id of the session.
        id: Path<Wire<SessionId>>,
    ) -> Result<Ended, ApiError> {
        let (user, id) = (caller.user(), id.0.0);
        let is_current = id == caller.session();
        let reason = if is_current { EndReason::SignedOut } else { EndReason::Revoked };
        context
            .write(async move |store, now| store.revoke_session(user, id, reason, now).await)
            .await?;
        if is_current {
            cookies::take(jar);
        }
        Ok(notice_end(&context).await)
    }
}

/// Returns the given refresh token and the delivery of the next one.
fn shown<'a>(
    context: &Context,
    jar: &'a CookieJar,
    csrf: Option<&str>,
    body: RefreshSession,
) -> Result<(Refresh, Delivery<'a>), ApiError> {
    let is_cookie = body.refresh_token.is_none();
    let token = body.refresh_token.or_else(|| cookies::refresh(jar));
    let token = token.and_then(|token| context.tokens.read_refresh(&token));
    let token = token.ok_or(amana_postgres::Conflict::SessionExpired)?;
    if is_cookie && !context.csrf.fits(token.session, csrf) {
        return Err(ApiError::invalid_csrf_token());
    }
    Ok((token, Delivery::wanted(Some(is_cookie), jar)))
}

/// Returns the user with this login and password. Only the right password reveals that an account is closed.
async fn proven(
    context: &Context,
    (address, device): (ClientAddress, Option<Uuid>),
    Credentials { login, password, .. }: Credentials,
) -> Result<User, ApiError> {
    let user = find(context, &login).await?;
    // Counts by account, so that a user's several logins share one limit.
    let name = user.as_ref().map_or(login, |user| user.id.to_string());
    // Always queried, so that the response time does not reveal whether an account exists.
    let trusted = match device {
        Some(number) => {
            let id = user.as_ref().map_or(UserId::new(Uuid::nil()), |user| user.id);
            context.store.trusted_device(id, &DeviceDigest::of(number), context.now()).await?
        }
        None => None,
    };
    let guess = match trusted {
        Some(device) => Guess::OnDevice { name: &name, device },
        None => Guess::LogIn { name: &name, address },
    };
    let check = async {
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let fits = context.passwords.verify(password.0, hash).await?;
        let user = user.filter(|_| fits).ok_or_else(wrong)?;
        require_open(&user)?;
        Ok(user)
    };
    context.budgets.password(guess, context.now(), check).await
}

fn wrong() -> ApiError {
    ApiError::new(Code::InvalidCredentials, "the login or the password is incorrect")
}

/// Finds the user of a login; treats malformed logins like unknown ones.
async fn find(context: &Context, login: &str) -> Result<Option<User>, ApiError> {
    let contact = match (Email::parse(login), Phone::parse(login)) {
        (Ok(email), _) => Contact::Email(email.0),
        (Err(_), Ok(phone)) => Contact::Phone(phone.0),
        (Err(_), Err(_)) => return Ok(None),
    };
    Ok(context.store.user_by_login(&contact).await?)
}
