//! Changing one's address or number, with a proof of the present one and of the new one.

use crate::Chapter;
use crate::auth::Caller;
use crate::body::Body;
use crate::context::Context;
use crate::passwords::require_password;
use crate::problem::ApiError;
use crate::users::Found;
use crate::verifications::Sent;
use crate::wire::{Email, Phone, Secret, Wire};
use amana_domain::code::Code;
use amana_domain::contact::{Contact, ContactKind};
use poem::web::Data;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// Another e-mail address.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct StartEmailChange {
    new: Wire<Email>,
    /// The caller's password.
    password: Secret,
}

/// Another phone number.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct StartPhoneChange {
    new: Wire<Phone>,
    /// The caller's password.
    password: Secret,
}

/// Both proofs.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ConfirmChange {
    /// The code that went to the present address or number; left out if none is verified.
    old_code: Option<Wire<Code>>,
    /// The code that went to the new one.
    new_code: Wire<Code>,
}

pub(crate) struct Contacts;

#[OpenApi(prefix_path = "/v1/me", tag = "Chapter::People")]
impl Contacts {
    /// Ask for another e-mail address
    ///
    /// Sends a code to the new address, and one to the present address if it is verified; nothing changes until they
    /// are told. Problems:
    /// `password_wrong` (403), `same_contact` (422), `code_too_many` (429).
    #[oai(path = "/email-changes", method = "post", operation_id = "start_email_change")]
    async fn start_email(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<StartEmailChange>,
    ) -> Result<Sent, ApiError> {
        let StartEmailChange { new, password } = body.value;
        start(&context, &caller, Contact::Email(new.0.0), password).await
    }

    /// Change one's e-mail address
    ///
    /// With both codes. The former address is told. Problems: `code_wrong` (422) unless both are right, without
    /// saying which is not; `email_taken` (409).
    #[oai(path = "/email-changes/confirm", method = "post", operation_id = "confirm_email_change")]
    async fn confirm_email(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<ConfirmChange>,
    ) -> Result<Found, ApiError> {
        confirm(&context, &caller, ContactKind::Email, body.value).await
    }

    /// Ask for another phone number
    ///
    /// Sends a code to the new number, and one to the present number if it is verified; nothing changes until they are
    /// told. Problems:
    /// `password_wrong` (403), `same_contact` (422), `code_too_many` (429).
    #[oai(path = "/phone-changes", method = "post", operation_id = "start_phone_change")]
    async fn start_phone(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<StartPhoneChange>,
    ) -> Result<Sent, ApiError> {
        let StartPhoneChange { new, password } = body.value;
        start(&context, &caller, Contact::Phone(new.0.0), password).await
    }

    /// Change one's phone number
    ///
    /// With both codes. The former number is told; payments that are under way keep it. Problems: `code_wrong` (422)
    /// unless both are right, without saying which is not; `phone_taken` (409).
    #[oai(path = "/phone-changes/confirm", method = "post", operation_id = "confirm_phone_change")]
    async fn confirm_phone(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<ConfirmChange>,
    ) -> Result<Found, ApiError> {
        confirm(&context, &caller, ContactKind::Phone, body.value).await
    }
}

async fn start(
    context: &Context,
    caller: &Caller,
    new: Contact,
    password: Secret,
) -> Result<Sent, ApiError> {
    let user = require_password(context, caller, password, "/password").await?.id;
    context
        .write(async move |store, now| store.start_contact_change(user, &new, now).await)
        .await?;
    Ok(Sent::now())
}

async fn confirm(
    context: &Context,
    caller: &Caller,
    kind: ContactKind,
    body: ConfirmChange,
) -> Result<Found, ApiError> {
    let (user, key) = (caller.user(), context.codes.clone());
    let told = (kind, body.old_code.map(|code| code.0), body.new_code.0);
    let changed =
        context.write(async move |store, now| store.change_contact(&key, user, told, now).await);
    // The address or number that may be taken is in no place of this request.
    let user = changed.await.map_err(|error| ApiError { errors: vec![], ..error })?;
    Found::of(context, user)
}
