//! Sessions: logging in, staying logged in, signing out here and elsewhere.

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

/// What a person logs in with.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields, rename = "LogIn")]
struct Credentials {
    /// The e-mail address, or the phone number, international or Kenyan. Once the account has a verified contact, only
    /// verified ones log in to it.
    login: String,
    password: Secret,
    /// As `complete_log_in` answered it on this device; where it is good, no second factor is asked for.
    device_token: Option<String>,
    /// For browsers: the tokens come as cookies, and only those.
    cookies: Option<bool>,
}

/// What keeps a session alive.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct RefreshSession {
    /// The newest one of the session; each is good once. Left out if it is in a cookie.
    refresh_token: Option<String>,
}

/// All sessions of a person; there are at most five.
#[derive(Debug, Object)]
struct SessionList {
    /// The one that was used last first.
    items: Vec<SessionAnswer>,
}

#[derive(ApiResponse)]
enum LoggedIn {
    /// Logged in; or, to those who have a second factor, `second_factor` and no tokens.
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
    /// Signed out; tokens of the session are good for another second at most.
    #[oai(status = 204)]
    Done,
}

/// Tells this process at once. The others read it within a second, and so does this one if it fails here.
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
    /// Opens a session: an access token for 15 minutes, and a refresh token for the next one. Who has a second
    /// factor gets a challenge instead, for `complete_log_in`, good for five minutes, and a code if theirs are sent. A
    /// person has five sessions at most; the one that was not used for longest makes room. Who logs in from a device
    /// that was not seen before gets an e-mail. Problems: `invalid_credentials` (401), whether the person is unknown or
    /// the password wrong; `account_closed` (403), told to nobody who does not know the password;
    /// `rate_limited` (429) with `Retry-After` after wrong ones within 15 minutes: five for one login from one
    /// address, twenty for one login, fifty from one address; devices that the person trusts have five of their own;
    /// `unavailable` (503) if they cannot be counted.
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

    /// Refresh a session
    ///
    /// Exchanges a refresh token for new tokens; the old one is not good any more. Problems: `session_expired`
    /// (401) if it is not good, or was used before: then the session ends, and the person is told;
    /// `invalid_csrf_token` (403) with a cookie and without `X-CSRF-Token`;
    /// `token_superseded` (409) if another call with it was just ahead, and nothing ends;
    /// `account_closed` (403); `rate_limited` (429) after 30 refreshes of a session within 15 minutes.
    #[oai(path = "/refresh", method = "post", operation_id = "refresh_session")]
    async fn refresh_session(
        &self,
        context: Data<&Arc<Context>>,
        address: Data<&ClientAddress>,
        jar: &CookieJar,
        /// With cookies: the `csrf_token` of the session.
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

    /// List one's sessions
    ///
    /// Where the caller is logged in.
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

    /// Sign out everywhere
    ///
    /// Ends all sessions of the caller, this one too.
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

    /// Sign out
    ///
    /// Ends a session of the caller: this one or another. Problems: `not_found` (404).
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

/// The refresh token that was sent, and how the next one is wanted.
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

/// The person who goes by this name and knows its password. That the account is closed is theirs to know.
async fn proven(
    context: &Context,
    (address, device): (ClientAddress, Option<Uuid>),
    Credentials { login, password, .. }: Credentials,
) -> Result<User, ApiError> {
    let user = find(context, &login).await?;
    // However somebody is named, it is one account that is guessed at.
    let name = user.as_ref().map_or(login, |user| user.id.to_string());
    // Asked for in any case, so that the time does not tell who has an account.
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
    ApiError::new(Code::InvalidCredentials, "this login and password do not belong together")
}

/// A login that nobody can have is treated like one that nobody has.
async fn find(context: &Context, login: &str) -> Result<Option<User>, ApiError> {
    let contact = match (Email::parse(login), Phone::parse(login)) {
        (Ok(email), _) => Contact::Email(email.0),
        (Err(_), Ok(phone)) => Contact::Phone(phone.0),
        (Err(_), Err(_)) => return Ok(None),
    };
    Ok(context.store.user_by_login(&contact).await?)
}
