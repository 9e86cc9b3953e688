//! Setting another password: with the present one, or with a code.
//!
//! Nobody learns here who has an account. A reset is begun behind the answer, which does not wait for it. Where
//! it is confirmed, the new password is hashed for everybody, while the code is looked at: the hash takes
//! longer, so that the answer takes the same time whether or not there was a code to look at.

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

/// So many resets may be begun at the same time; the next one is told to come back.
pub(crate) const RESETS_AT_ONCE: usize = 32;

/// Another password, by whoever knows the present one.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct SetPassword {
    old_password: Secret,
    /// 10 to 128 characters that are hard to guess.
    password: NewPassword,
}

/// Whose password is forgotten.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct StartPasswordReset {
    /// The e-mail address or the phone number of the account; the code goes there.
    login: Wire<Contact>,
}

/// Another password, by whoever reads what goes to the account's address or number.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ConfirmPasswordReset {
    /// The e-mail address or the phone number of the account.
    login: Wire<Contact>,
    /// The six digits that were sent there.
    code: Wire<Code>,
    /// 10 to 128 characters that are hard to guess.
    password: NewPassword,
}

/// The password is another one.
#[derive(Object)]
struct PasswordSet {
    set_at: Timestamp,
}

#[derive(ApiResponse)]
enum Changed {
    /// The new password is good from now on.
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
    /// Set another password
    ///
    /// All sessions end, this one too, API keys do not, and the person is told. Problems: `incorrect_password` (403),
    /// `invalid_request` (422) if the new one is too easy to guess, saying why.
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

    /// Have a code sent to set a forgotten password
    ///
    /// The answer is the same whether or not there is such an account, and does not wait for it to be looked for.
    /// If the person's second factor is a message to what is named, the code goes to the other contact, if that is
    /// verified. An account that has a verified contact is reset by a verified one only.
    /// The code is good for 5 minutes and 5 tries, and replaces the one before it; an address or number gets 5
    /// an hour and 10 a day.
    #[oai(path = "/password-resets", method = "post", operation_id = "start_password_reset")]
    async fn start_password_reset(
        &self,
        context: Data<&Arc<Context>>,
        body: Body<StartPasswordReset>,
    ) -> Result<Sent, ApiError> {
        begin_reset(&context, body.value.login.0)?;
        Ok(Sent::now())
    }

    /// Set a forgotten password
    ///
    /// With the code that was sent; it verifies the contact that it was sent to. All sessions, trusted devices and API
    /// keys of the account end, and the person is told. If no contact was verified before, the second factor and the
    /// other contact go too: anybody may have typed them. Problems: `invalid_code` (422), whatever is wrong with
    /// it and also if there is no such account; `rate_limited` (429) after 50 wrong ones from one address;
    /// `invalid_request` (422) if the password is too easy to guess.
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

/// The caller, who has told their password just now.
///
/// # Errors
/// `incorrect_password`, at this place of the request; `rate_limited` after five of them; `account_closed`.
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
        let detail = "this is not the password of the account";
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
/// `incorrect_password` if the password that was proven was replaced meanwhile.
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
/// `busy` if too many are under way, whoever they are for.
fn begin_reset(context: &Arc<Context>, login: Contact) -> Result<(), ApiError> {
    let permit = Arc::clone(&context.resets).try_acquire_owned();
    let permit = permit.map_err(|_| {
        ApiError::new(ProblemCode::Busy, "too many calls are waiting; nothing was done")
    })?;
    let context = Arc::clone(context);
    let begun = async move {
        let _permit = permit;
        // Nobody waits for the result, and what went wrong is in the log: whoever gets no code asks again.
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
    // What is weak for everybody is said before anything is looked at, and what is weak for this person only
    // to whoever has the code.
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
