//! Sessions: logging in, staying logged in, signing out here and elsewhere.

use crate::Chapter;
use crate::auth::{Caller, require_open};
use crate::body::Body;
use crate::context::Context;
use crate::device;
use crate::problem::{ApiError, Code};
use crate::tokens::{Bearer, TOKEN_TTL};
use crate::wire::{Email, Phone, Secret, Text, Timestamp, Wire, text_values};
use amana_domain::id::SessionId;
use amana_domain::permission::UserRole;
use amana_domain::session::{DeviceKind, EndReason};
use amana_postgres::{SessionView, User};
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

text_values! {
    /// What a session is used on, as far as the app said so.
    DeviceKind as "DeviceKind";
}

/// What a person logs in with.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct LogIn {
    /// The e-mail address, or the phone number, international or Kenyan.
    login: String,
    password: Secret,
}

/// What keeps a session alive.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct RefreshSession {
    /// The newest one of the session; each is good once.
    refresh_token: String,
}

/// The right to call the API for a while, and to get another one.
#[derive(Object)]
#[oai(rename = "Tokens")]
struct TokensAnswer {
    session_id: Wire<SessionId>,
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: String,
    /// Seconds until the access token is no longer good.
    expires_in: i64,
    /// For `refresh_session`, once. Shown twice, it ends the session: then somebody else has it too.
    refresh_token: String,
    /// When the session is over unless it is refreshed.
    refresh_expires_at: Timestamp,
}

/// Where the caller is logged in.
#[derive(Debug, Object)]
#[oai(rename = "Session")]
struct SessionAnswer {
    id: Wire<SessionId>,
    /// As the person may know it: `Chrome on Android`.
    device: String,
    kind: Wire<DeviceKind>,
    /// The internet address at log-in.
    address: String,
    /// Whether it is the session of this call.
    is_current: bool,
    created_at: Timestamp,
    /// When it was refreshed last.
    seen_at: Timestamp,
    /// When it is over unless it is refreshed.
    expires_at: Timestamp,
}

impl SessionAnswer {
    fn of(session: SessionView, current: SessionId) -> Self {
        Self {
            id: session.id.into(),
            device: session.device_name,
            kind: session.device_kind.into(),
            address: session.address,
            is_current: session.id == current,
            created_at: session.created_at.into(),
            seen_at: session.seen_at.into(),
            expires_at: session.expires_at.into(),
        }
    }
}

/// All sessions of a person; there are at most five.
#[derive(Debug, Object)]
struct SessionList {
    /// The one that was used last first.
    items: Vec<SessionAnswer>,
}

#[derive(ApiResponse)]
enum LoggedIn {
    /// Logged in.
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

fn tokens(context: &Context, role: UserRole, session: &SessionView) -> Result<LoggedIn, ApiError> {
    let bearer = Bearer { user: session.user, role, session: session.id };
    Ok(LoggedIn::Tokens(Json(TokensAnswer {
        session_id: session.id.into(),
        access_token: context.tokens.access(bearer, context.now())?,
        token_type: "Bearer".to_owned(),
        expires_in: TOKEN_TTL.num_seconds(),
        refresh_token: context.tokens.refresh(session)?,
        refresh_expires_at: session.expires_at.into(),
    })))
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
    /// Opens a session: an access token for 15 minutes, and a refresh token for the next one. A person has five
    /// sessions at most; the one that was not used for longest makes room. Who logs in from a device that was
    /// not seen before gets an e-mail. Problems: `invalid_credentials` (401), whether the person is unknown or
    /// the password wrong; `account_closed` (403), told to nobody who does not know the password.
    #[oai(path = "/", method = "post", operation_id = "log_in")]
    async fn log_in(
        &self,
        context: Data<&Arc<Context>>,
        device: device::From,
        body: Body<LogIn>,
    ) -> Result<LoggedIn, ApiError> {
        let user = proven(&context, body.value).await?;
        let (id, role, device) = (user.id, user.role, device.0);
        let work = async move |store: amana_postgres::Store, now| {
            store.open_session(id, &device, now).await
        };
        tokens(&context, role, &context.write(work).await?)
    }

    /// Refresh a session
    ///
    /// Exchanges a refresh token for new tokens; the old one is not good any more. Problems: `session_over`
    /// (401) if it is not good, or was used before: then the session ends, and the person is told;
    /// `token_superseded` (409) if another call with it was just ahead, and nothing ends;
    /// `account_closed` (403).
    #[oai(path = "/refresh", method = "post", operation_id = "refresh_session")]
    async fn refresh(
        &self,
        context: Data<&Arc<Context>>,
        body: Body<RefreshSession>,
    ) -> Result<LoggedIn, ApiError> {
        let token = context.tokens.read_refresh(&body.value.refresh_token);
        let token = token.ok_or(amana_postgres::Conflict::SessionOver)?;
        let (user, session) = context
            .write(async move |store, now| {
                store.refresh_session(token.session, token.rotation, now).await
            })
            .await?;
        tokens(&context, user.role, &session)
    }

    /// List one's sessions
    ///
    /// Where the caller is logged in.
    #[oai(path = "/", method = "get", operation_id = "list_sessions")]
    async fn list(&self, context: Data<&Arc<Context>>, caller: Caller) -> Result<Listed, ApiError> {
        let sessions = context.store.sessions(caller.user(), context.now()).await?;
        let current = caller.session();
        let items = sessions.into_iter().map(|one| SessionAnswer::of(one, current)).collect();
        Ok(Listed::Sessions(Json(SessionList { items })))
    }

    /// Sign out everywhere
    ///
    /// Ends all sessions of the caller, this one too.
    #[oai(path = "/", method = "delete", operation_id = "end_sessions")]
    async fn end_all(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
    ) -> Result<Ended, ApiError> {
        let user = caller.user();
        context.write(async move |store, now| store.end_sessions(user, now).await).await?;
        Ok(notice_end(&context).await)
    }

    /// Sign out
    ///
    /// Ends a session of the caller: this one or another. Problems: `not_found` (404).
    #[oai(path = "/:id", method = "delete", operation_id = "end_session")]
    async fn end(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// The id of the session.
        id: Path<Wire<SessionId>>,
    ) -> Result<Ended, ApiError> {
        let (user, id) = (caller.user(), id.0.0);
        let is_current = id == caller.session();
        let reason = if is_current { EndReason::SignedOut } else { EndReason::Revoked };
        context
            .write(async move |store, now| store.end_session(user, id, reason, now).await)
            .await?;
        Ok(notice_end(&context).await)
    }
}

/// The person who goes by this name and knows its password. That the account is closed is theirs to know.
async fn proven(context: &Context, LogIn { login, password }: LogIn) -> Result<User, ApiError> {
    let user = find(context, &login).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let fits = context.passwords.verify(password.0, hash).await?;
    let user = user.filter(|_| fits).ok_or_else(|| {
        ApiError::new(Code::InvalidCredentials, "this login and password do not belong together")
    })?;
    require_open(&user)?;
    Ok(user)
}

/// A login that nobody can have is treated like one that nobody has.
async fn find(context: &Context, login: &str) -> Result<Option<User>, ApiError> {
    if let Ok(email) = Email::parse(login) {
        return Ok(context.store.user_by_email(&email.0).await?);
    }
    match Phone::parse(login) {
        Ok(phone) => Ok(context.store.user_by_phone(&phone.0).await?),
        Err(_) => Ok(None),
    }
}
