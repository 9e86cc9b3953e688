//! Password changes: with the old password or with a code.
//!
//! Responses never reveal whether an account exists. `start_password_reset` responds before the account is looked up.
//! `confirm_password_reset` hashes the new password while it checks the code; the hash takes longer, so the response
//! time is the same without an account.

use crate::Chapter;
use crate::address::ClientAddress;
use crate::auth::{Caller, require_open};
use crate::body::Body;
use crate::context::Context;
use crate::password::KnownWords;
use crate::problem::{ApiError, Code as ProblemCode};
use crate::rate_limits::Guess;
use crate::verifications::Sent;
use crate::wire::{NewPassword, Secret, Timestamp, Wire};
use amana_domain::code::Code;
use amana_domain::contact::Contact;
use amana_postgres::{Contacts, Store, User};
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;
use tracing::Instrument;

/// Maximum number of concurrent reset requests; further ones are rejected.
pub(crate) const RESETS_AT_ONCE: usize = 32;

/// A password change with the old password.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct SetPassword {
    /// Current password.
    old_password: Secret,
    /// New password: 10 to 128 characters that are hard to guess.
    password: NewPassword,
}

/// A request for a password reset code.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct StartPasswordReset {
    /// E-mail address or phone number of the account; the code is sent to it.
    login: Wire<Contact>,
}

/// A password reset with a code.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ConfirmPasswordReset {
    /// E-mail address or phone number of the account.
    login: Wire<Contact>,
    /// Six-digit code that was sent to it.
    code: Wire<Code>,
    /// New password: 10 to 128 characters that are hard to guess.
    password: NewPassword,
}

/// Confirmation of a password change.
#[derive(Object)]
struct PasswordSet {
    /// Time of the change.
    set_at: Timestamp,
}

#[derive(ApiResponse)]
enum Changed {
    /// The new password is valid from now on.
    #[oai(status = 200)]
    Password(Json<PasswordSet>),
}

impl Changed {
    fn now(context: &Context) -> Self {
        Self::Password(Json(PasswordSet { set_at: context.now().into() }))
    }
}

pub(crate) struct PasswordChanges;

#[OpenApi(prefix_path = "/v1", tag = "Chapter::People")]
impl PasswordChanges {
    /// Change your password
    ///
    /// Revokes all your sessions, including this one, but not your API keys. You are notified. Problems:
    /// `incorrect_password` (403), `invalid_request` (422) with the reason if the new password is too easy to guess.
    #[oai(path = "/me/password", method = "put", operation_id = "set_password")]
    async fn set_password(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<SetPassword>,
    ) -> Result<Changed, ApiError> {
        let SetPassword { old_password, password } = body.value;
        let user = require_password(&context, &caller, old_password, "/old_password").await?;
        replace(&context, user, password).await?;
        Ok(Changed::now(&context))
    }

    /// Send a password reset code
    ///
    /// The response is the same whether or not the account exists. If the given contact also receives the account's
    /// second-factor codes, the code is sent to the other contact if that one is verified. An account with a verified
    /// contact can be reset only through a verified one. The code expires after 5 minutes or 5 attempts, and replaces
    /// the previous one. An address or number receives at most 5 codes per hour and 10 per day.
    #[oai(path = "/password-resets", method = "post", operation_id = "start_password_reset")]
    async fn start_password_reset(
        &self,
        context: Data<&Arc<Context>>,
        body: Body<StartPasswordReset>,
    ) -> Result<Sent, ApiError> {
        begin_reset(&context, body.value.login.0)?;
        Ok(Sent::now())
    }

    /// Reset your password with a code
    ///
    /// Verifies the contact that received the code. Revokes all sessions, trusted devices and API keys of the account,
    /// and the user is notified. If the account had no verified contact, its second factor and the other contact are
    /// removed, because they may belong to someone else. Problems: `invalid_code` (422) for any invalid code and for
    /// unknown accounts; `rate_limited` (429) after 50 wrong codes from one address; `invalid_request` (422) if the
    /// password is too easy to guess.
    #[oai(
        path = "/password-resets/confirm",
        method = "post",
        operation_id = "confirm_password_reset"
    )]
    async fn confirm_password_reset(
        &self,
        context: Data<&Arc<Context>>,
        address: Data<&ClientAddress>,
        body: Body<ConfirmPasswordReset>,
    ) -> Result<Changed, ApiError> {
        let reset = reset(&context, body.value);
        context.budgets.code(**address, context.now(), reset).await?;
        Ok(Changed::now(&context))
    }
}

/// Verifies the caller's password and returns the user.
///
/// # Errors
/// `incorrect_password` at the given place of the request; `rate_limited` after five wrong passwords; `account_closed`.
pub(crate) async fn require_password(
    context: &Context,
    caller: &Caller,
    password: Secret,
    place: &str,
) -> Result<User, ApiError> {
    let user = context.store.user(caller.user()).await?;
    require_open(&user)?;
    let id = user.id;
    let check = async {
        if context.passwords.verify(password.0, Some(user.password_hash.clone())).await? {
            return Ok(user);
        }
        let detail = "the password is incorrect";
        Err(ApiError::new(ProblemCode::IncorrectPassword, detail).at(place, detail))
    };
    context.budgets.password(Guess::SignedIn(id), context.now(), check).await
}

fn known_of(context: &Context, user: &User) -> Result<KnownWords, ApiError> {
    let Contacts { email, phone } = context.contacts(user)?;
    let email = email.as_ref().map(|email| email.expose().as_str());
    Ok(KnownWords::of_person(&user.name, email, phone.as_ref()))
}

/// # Errors
/// `incorrect_password` if the verified password was replaced meanwhile.
async fn replace(context: &Context, user: User, password: NewPassword) -> Result<(), ApiError> {
    context.passwords.judge(&password.0, known_of(context, &user)?).await?;
    let hash = context.passwords.hash(password.0).await?;
    context
        .write(async move |store, now| {
            store.set_password(user.id, (&user.password_hash, &hash), now).await
        })
        .await
}

/// # Errors
/// `busy` if too many resets of any accounts are in progress.
fn begin_reset(context: &Arc<Context>, login: Contact) -> Result<(), ApiError> {
    let permit = Arc::clone(&context.resets).try_acquire_owned();
    let permit = permit.map_err(|_| {
        ApiError::new(
            ProblemCode::Busy,
            "too many calls are waiting and nothing was changed; try again shortly",
        )
    })?;
    let context = Arc::clone(context);
    let begun = async move {
        let _permit = permit;
        // The result is ignored: errors are logged, and the user can request another code.
        drop(
            context
                .write(async move |store, now| store.start_password_reset(&login, now).await)
                .await,
        );
    };
    tokio::spawn(begun.in_current_span());
    Ok(())
}

async fn reset(context: &Context, body: ConfirmPasswordReset) -> Result<(), ApiError> {
    let (login, told, password) = (body.login.0, body.code.0, body.password.0);
    // Weaknesses that depend on the login alone are reported first, those that depend on personal data only after the
    // code.
    context.passwords.judge(&password, KnownWords::of_login(&login)).await?;
    let key = context.codes.clone();
    let proven = context
        .write(async move |store, now| store.prove_password_reset(&key, (&login, told), now).await);
    let (hash, proven) = tokio::join!(context.passwords.hash(password.clone()), proven);
    let (hash, (user, proof)) = (hash?, proven?);
    context.passwords.judge(&password, known_of(context, &user)?).await?;
    let reset =
        async move |store: Store, now| store.reset_password(user.id, &proof, &hash, now).await;
    context.write(reset).await
}
