//! Change of e-mail address or phone number, verified by codes to the current and the new one.

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

/// A change of e-mail address.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct StartEmailChange {
    new: Wire<Email>,
    /// Your password.
    password: Secret,
}

/// A change of phone number.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct StartPhoneChange {
    new: Wire<Phone>,
    /// Your password.
    password: Secret,
}

/// The codes that confirm a change.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ConfirmChange {
    /// Code sent to the current address or number; omit it if none is verified.
    old_code: Option<Wire<Code>>,
    /// Code sent to the new address or number.
    new_code: Wire<Code>,
}

pub(crate) struct Contacts;

#[OpenApi(prefix_path = "/v1/me", tag = "Chapter::People")]
impl Contacts {
    /// Start an e-mail change
    ///
    /// Sends a code to the new address, and another to your current address if it is verified. Confirm with
    /// `confirm_email_change`; until then nothing changes. Problems: `incorrect_password` (403), `same_contact` (422),
    /// `too_many_attempts` (429).
    #[oai(path = "/email-changes", method = "post", operation_id = "start_email_change")]
    async fn start_email_change(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<StartEmailChange>,
    ) -> Result<Sent, ApiError> {
        let StartEmailChange { new, password } = body.value;
        start(&context, &caller, Contact::Email(new.0.0), password).await
    }

    /// Confirm an e-mail change
    ///
    /// Changes the address and notifies the old one. Problems: `invalid_code` (422) if either code is wrong; the
    /// response does not say which; `email_taken` (409).
    #[oai(path = "/email-changes/confirm", method = "post", operation_id = "confirm_email_change")]
    async fn confirm_email_change(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<ConfirmChange>,
    ) -> Result<Found, ApiError> {
        confirm(&context, &caller, ContactKind::Email, body.value).await
    }

    /// Start a phone number change
    ///
    /// Sends a code to the new number, and another to your current number if it is verified. Confirm with
    /// `confirm_phone_change`; until then nothing changes. Problems: `incorrect_password` (403), `same_contact` (422),
    /// `too_many_attempts` (429).
    #[oai(path = "/phone-changes", method = "post", operation_id = "start_phone_change")]
    async fn start_phone_change(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<StartPhoneChange>,
    ) -> Result<Sent, ApiError> {
        let StartPhoneChange { new, password } = body.value;
        start(&context, &caller, Contact::Phone(new.0.0), password).await
    }

    /// Confirm a phone number change
    ///
    /// Changes the number and notifies the old one. Payments in progress keep the old number. Problems: `invalid_code`
    /// (422) if either code is wrong; the response does not say which; `phone_taken` (409).
    #[oai(path = "/phone-changes/confirm", method = "post", operation_id = "confirm_phone_change")]
    async fn confirm_phone_change(
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
    // The request does not contain the conflicting address or number, so no field is named.
    let user = changed.await.map_err(|error| ApiError { errors: vec![], ..error })?;
    Found::of(context, user)
}
