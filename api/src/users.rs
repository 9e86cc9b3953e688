//! Users: registration and the caller's profile.

use crate::Chapter;
use crate::body::Body;
use crate::context::Context;
use crate::password::KnownWords;
use crate::problem::ApiError;
use crate::wire::{Email, NewPassword, Nullable, PersonName, Phone, Timestamp, Wire};
use amana_domain::handle::Handle;
use amana_domain::id::UserId;
use amana_domain::notice::Locale;
use amana_domain::permission::UserRole;
use amana_domain::personal::Personal;
use amana_postgres::{Contacts, NewUser, User};
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A new user.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct RegisterUser {
    /// Name that other users see.
    name: Wire<PersonName>,
    /// E-mail address for log-in and messages, stored in lower case; optional if `phone` is given.
    email: Option<Wire<Email>>,
    /// Mobile-money number, international (`+254712345678`) or Kenyan (`0712345678`); optional if `email` is given.
    phone: Option<Wire<Phone>>,
    /// Password: 10 to 128 characters that are hard to guess, even with knowledge of your name and contacts.
    password: NewPassword,
    /// Language of messages; English by default.
    language: Option<Wire<Locale>>,
    /// Handle by which others find and pay you, such as `@amina`; `set_handle` can set it later.
    handle: Option<Wire<Handle>>,
}

impl RegisterUser {
    async fn parse(self, context: &Context) -> Result<NewUser, ApiError> {
        let (email, phone) = (self.email.map(|email| email.0.0), self.phone.map(|phone| phone.0.0));
        if email.is_none() && phone.is_none() {
            return Err(ApiError::field("", "expected `phone`, `email` or both"));
        }
        let known = KnownWords::of_person(&self.name.0.0, email.as_deref(), phone.as_ref());
        context.passwords.judge(&self.password.0, known).await?;
        Ok(NewUser {
            name: self.name.0.0,
            email: email.map(Personal::new),
            phone,
            password_hash: context.passwords.hash(self.password.0).await?,
            role: UserRole::User,
            locale: self.language.map_or(Locale::English, |language| language.0),
            handle: self.handle.map(|handle| handle.0),
        })
    }
}

/// A user, as they see themselves.
#[derive(Debug, Object)]
#[oai(rename = "User")]
pub(crate) struct UserAnswer {
    id: Wire<UserId>,
    name: String,
    /// Handle of the user; `null` until they choose one.
    handle: Nullable<Wire<Handle>>,
    /// E-mail address; `null` if the account has none.
    email: Nullable<String>,
    /// Masked phone number, such as `2547****5678`; `null` if the account has none.
    phone: Nullable<Wire<Phone>>,
    role: Wire<UserRole>,
    language: Wire<Locale>,
    created_at: Timestamp,
    /// Time at which the e-mail address was verified (`confirm_verification`); `null` until then.
    email_verified_at: Nullable<Timestamp>,
    /// Time at which the phone number was verified; `null` until then.
    phone_verified_at: Nullable<Timestamp>,
}

impl UserAnswer {
    /// # Errors
    /// `account_closed` if the user's personal data was erased.
    pub(crate) fn of(context: &Context, user: User) -> Result<Self, ApiError> {
        let Contacts { email, phone } = context.contacts(&user)?;
        Ok(Self {
            id: user.id.into(),
            name: user.name,
            handle: Nullable::of(user.handle),
            email: Nullable::of(email.map(Personal::into_exposed)),
            phone: Nullable::of(phone.map(Phone)),
            role: user.role.into(),
            language: user.locale.into(),
            created_at: user.created_at.into(),
            email_verified_at: Nullable::of(user.email_verified_at),
            phone_verified_at: Nullable::of(user.phone_verified_at),
        })
    }
}

impl Found {
    pub(crate) fn of(context: &Context, user: User) -> Result<Self, ApiError> {
        Ok(Self::User(Json(UserAnswer::of(context, user)?)))
    }
}

#[derive(ApiResponse)]
enum Registered {
    /// The new account; the user can log in now.
    #[oai(status = 201)]
    Created(Json<UserAnswer>),
}

#[derive(ApiResponse)]
pub(crate) enum Found {
    /// The profile.
    #[oai(status = 200)]
    User(Json<UserAnswer>),
}

pub(crate) struct Users;

#[OpenApi(prefix_path = "/v1", tag = "Chapter::People")]
impl Users {
    /// Register a user
    ///
    /// Opens an account with an empty wallet, and sends a code to each contact. Until a contact is verified
    /// (`confirm_verification`), other users cannot find the account, and operations that concern money or others
    /// return `verified_contact_required` (403). The response is the same if another account has verified a contact;
    /// its user is notified then, and no code is sent. Problems: `handle_taken` (409), `invalid_request` (422) with the
    /// field, also for a password that is too easy to guess.
    #[oai(path = "/users", method = "post", operation_id = "register_user")]
    async fn register_user(
        &self,
        context: Data<&Arc<Context>>,
        body: Body<RegisterUser>,
    ) -> Result<Registered, ApiError> {
        let new = body.value.parse(&context).await?;
        let user = context.write(async move |store, now| store.register(&new, now).await).await?;
        Ok(Registered::Created(Json(UserAnswer::of(&context, user)?)))
    }
}
