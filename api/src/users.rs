//! People: registering, logging in, and the caller's own record.

use crate::Chapter;
use crate::address::ClientAddress;
use crate::auth::{Caller, TOKEN_TTL, require_open};
use crate::body::Body;
use crate::context::Context;
use crate::problem::{ApiError, Code};
use crate::wire::{Email, NewPassword, Nullable, PersonName, Phone, Secret, Timestamp, Wire};
use amana_domain::handle::Handle;
use amana_domain::id::UserId;
use amana_domain::notice::Locale;
use amana_postgres::{NewUser, User, UserRole};
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A person who wants to take part.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct RegisterUser {
    /// What the other party of a deal gets to see.
    name: Wire<PersonName>,
    /// For logging in and for messages; kept in lower case, one account each.
    email: Wire<Email>,
    /// The mobile-money number, international (`+254712345678`) or Kenyan (`0712345678`); one account each.
    phone: Wire<Phone>,
    /// 10 to 128 characters.
    password: NewPassword,
    /// The language of messages; English if left out.
    language: Option<Wire<Locale>>,
    /// The name to be found and paid by, such as `@amina`; it can be set later, see `set_handle`.
    handle: Option<Wire<Handle>>,
}

impl RegisterUser {
    async fn parse(self, context: &Context) -> Result<NewUser, ApiError> {
        Ok(NewUser {
            name: self.name.0.0,
            email: self.email.0.0,
            phone: self.phone.0.0,
            password_hash: context.passwords.hash(self.password.0).await?,
            role: UserRole::User,
            locale: self.language.map_or(Locale::English, |language| language.0),
            handle: self.handle.map(|handle| handle.0),
        })
    }
}

/// What a person logs in with.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct LogIn {
    email: String,
    password: Secret,
}

/// A person, as they see themselves.
#[derive(Debug, Object)]
#[oai(rename = "User")]
pub(crate) struct UserAnswer {
    id: Wire<UserId>,
    name: String,
    /// `null` until the person has taken one.
    handle: Nullable<Wire<Handle>>,
    email: String,
    /// Masked: `2547****5678`.
    phone: Wire<Phone>,
    role: Wire<UserRole>,
    language: Wire<Locale>,
    created_at: Timestamp,
}

impl From<User> for UserAnswer {
    fn from(user: User) -> Self {
        Self {
            id: user.id.into(),
            name: user.name,
            handle: Nullable::of(user.handle),
            email: user.email,
            phone: Phone(user.phone).into(),
            role: user.role.into(),
            language: user.locale.into(),
            created_at: user.created_at.into(),
        }
    }
}

/// The right to call the API for a while.
#[derive(Object)]
struct Session {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: String,
    /// Seconds until the token is no longer good.
    expires_in: i64,
}

#[derive(ApiResponse)]
enum Registered {
    /// Registered; the person can log in now.
    #[oai(status = 201)]
    Created(Json<UserAnswer>),
}

#[derive(ApiResponse)]
enum LoggedIn {
    /// Logged in.
    #[oai(status = 200)]
    Session(Json<Session>),
}

#[derive(ApiResponse)]
pub(crate) enum Found {
    /// The caller's own record.
    #[oai(status = 200)]
    User(Json<UserAnswer>),
}

pub(crate) struct Users;

#[OpenApi(prefix_path = "/v1", tag = "Chapter::People")]
impl Users {
    /// Register a person
    ///
    /// Opens an account with an empty wallet. Problems: `email_taken`, `phone_taken`, `handle_taken` (409),
    /// `invalid_request` (422) naming the field.
    #[oai(path = "/users", method = "post", operation_id = "register_user")]
    async fn register(
        &self,
        context: Data<&Arc<Context>>,
        body: Body<RegisterUser>,
    ) -> Result<Registered, ApiError> {
        let new = body.value.parse(&context).await?;
        let user = context.write(async move |store, now| store.register(&new, now).await).await?;
        Ok(Registered::Created(Json(user.into())))
    }

    /// Log in
    ///
    /// Answers an access token that is good for 15 minutes. Problems: `invalid_credentials` (401), whether the
    /// e-mail address is unknown or the password wrong; `account_closed` (403), told to nobody who does not
    /// know the password; `rate_limited` (429) with `Retry-After` after five wrong ones within 15 minutes for one
    /// address of either kind, whatever is sent then; `unavailable` (503) if they cannot be counted.
    #[oai(path = "/sessions", method = "post", operation_id = "log_in")]
    async fn log_in(
        &self,
        context: Data<&Arc<Context>>,
        address: Data<&ClientAddress>,
        body: Body<LogIn>,
    ) -> Result<LoggedIn, ApiError> {
        let (name, now) = (body.value.email.clone(), context.now());
        let proven = proven(&context, body.value);
        let user = context.budgets.log_in((&name, **address), now, proven).await?;
        Ok(LoggedIn::Session(Json(Session {
            access_token: context.tokens.issue(&user, context.now())?,
            token_type: "Bearer".to_owned(),
            expires_in: TOKEN_TTL.num_seconds(),
        })))
    }

    /// Get one's own record
    ///
    /// Who the access token belongs to.
    #[oai(path = "/me", method = "get", operation_id = "get_me")]
    async fn me(&self, context: Data<&Arc<Context>>, caller: Caller) -> Result<Found, ApiError> {
        let user = context.store.user(caller.user()).await?;
        Ok(Found::User(Json(user.into())))
    }
}

/// The person who has this address and knows its password. That the account is closed is theirs to know.
async fn proven(context: &Context, LogIn { email, password }: LogIn) -> Result<User, ApiError> {
    let user = find(context, &email).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let fits = context.passwords.verify(password.0, hash).await?;
    let user = user.filter(|_| fits).ok_or_else(|| {
        ApiError::new(
            Code::InvalidCredentials,
            "this e-mail address and password do not belong together",
        )
    })?;
    require_open(&user)?;
    Ok(user)
}

/// An address that nobody can have is treated like one that nobody has.
async fn find(context: &Context, email: &str) -> Result<Option<User>, ApiError> {
    use crate::wire::Text;
    match Email::parse(email) {
        Ok(email) => Ok(context.store.user_by_email(&email.0).await?),
        Err(_) => Ok(None),
    }
}
