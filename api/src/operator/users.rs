//! People as operators see them: their role, and whether their account is open.

use super::approvals::{ApprovalAnswer, ask};
use crate::Chapter;
use crate::auth::Operator;
use crate::body::Body;
use crate::context::Context;
use crate::once::{Made, keyed};
use crate::problem::ApiError;
use crate::wire::{Key, Note, Nullable, Phone, Timestamp, Wire};
use amana_domain::approval::Wanted;
use amana_domain::handle::Handle;
use amana_domain::id::UserId;
use amana_domain::notice::Locale;
use amana_domain::permission::UserRole;
use amana_domain::personal::Personal;
use amana_postgres::{Contacts, User};
use poem::web::Data;
use poem_openapi::param::{Header, Path};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A person with what operators decide about.
#[derive(Debug, Object)]
pub(super) struct ManagedUser {
    id: Wire<UserId>,
    name: String,
    /// `null` if there is none, and once the person is erased.
    email: Nullable<String>,
    /// Masked: `2547****5678`; `null` if there is none, and once the person is erased.
    phone: Nullable<Wire<Phone>>,
    role: Wire<UserRole>,
    language: Wire<Locale>,
    /// `null` until the person has taken one.
    handle: Nullable<Wire<Handle>>,
    /// The name of the set of limits that the person has.
    tier: String,
    created_at: Timestamp,
    /// Since when the account is closed; `null` while it is open.
    closed_at: Nullable<Timestamp>,
    /// Since when no money leaves the account; `null` while it may.
    frozen_at: Nullable<Timestamp>,
    /// Since when nothing is known any more of who it was; `null` for everybody else.
    erased_at: Nullable<Timestamp>,
}

impl ManagedUser {
    pub(super) fn of(context: &Context, user: User) -> Result<Self, ApiError> {
        let Contacts { email, phone } = context.store.contacts(&user)?.unwrap_or_default();
        Ok(Self {
            id: user.id.into(),
            name: user.name,
            email: Nullable::of(email.map(Personal::into_exposed)),
            phone: Nullable::of(phone.map(Phone)),
            role: user.role.into(),
            language: user.locale.into(),
            handle: Nullable::of(user.handle),
            tier: user.tier,
            created_at: user.created_at.into(),
            closed_at: Nullable::of(user.closed_at),
            frozen_at: Nullable::of(user.frozen_at),
            erased_at: Nullable::of(user.erased_at),
        })
    }
}

/// What a person is to be to the service.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct SetRole {
    role: Wire<UserRole>,
    /// Why; it is kept with the change.
    note: Wire<Note>,
}

/// Why an account is closed, opened again, frozen or unfrozen.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ManageUser {
    /// It is kept with the change.
    note: Wire<Note>,
}

#[derive(ApiResponse)]
enum Found {
    /// The person, as they are now.
    #[oai(status = 200)]
    User(Json<ManagedUser>),
}

impl Found {
    fn of(context: &Context, user: User) -> Result<Self, ApiError> {
        Ok(Self::User(Json(ManagedUser::of(context, user)?)))
    }
}

pub(crate) struct Users;

#[OpenApi(prefix_path = "/v1/operator/users", tag = "Chapter::Operator")]
impl Users {
    /// Get a person
    ///
    /// The look is recorded. Problems: `not_found` (404), `forbidden` (403).
    #[oai(path = "/:id", method = "get", operation_id = "get_user")]
    async fn get_user(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the person.
        id: Path<Wire<UserId>>,
    ) -> Result<Found, ApiError> {
        let (staff, id) = (operator.staff(), id.0.0);
        let user = context
            .write(async move |store, now| store.managed_user(&staff, id, now).await)
            .await?;
        Found::of(&context, user)
    }

    /// Ask to set the role of a person
    ///
    /// The person has it once another operator approves (`approve_approval`). Their sessions end then; they log in
    /// again with the new role. Problems: `already_requested` (409), `wrong_state` (409) if they have the role,
    /// `conflict_of_interest`, `step_up_required`, `forbidden` (403), `not_found` (404), `recipient_closed` (422),
    /// `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:id/role", method = "put", operation_id = "set_role")]
    async fn set_role(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the person.
        id: Path<Wire<UserId>>,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<SetRole>,
    ) -> Result<Made<ApprovalAnswer>, ApiError> {
        let (id, said) = (id.0.0, body.canonical);
        let keyed = keyed(operator.caller(), key.0, "set_role", &format!("{id} {said}"));
        let wanted = Wanted::SetRole { role: body.value.role.0 };
        ask(&context, (&operator, keyed), (Some(id), wanted, body.value.note.0)).await
    }

    /// Close an account
    ///
    /// The person can no longer log in, send, receive or deal; nothing is deleted. Problems: `account_in_use`
    /// (409) while there is money in the wallet, or a deal, a payment or a hold is open; `not_found` (404),
    /// `conflict_of_interest`, `forbidden` (403).
    #[oai(path = "/:id/close", method = "post", operation_id = "close_user")]
    async fn close_user(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the person.
        id: Path<Wire<UserId>>,
        body: Body<ManageUser>,
    ) -> Result<Found, ApiError> {
        let (staff, id, note) = (operator.staff(), id.0.0, body.value.note.0.0);
        let user = context
            .write(async move |store, now| store.close_user(&staff, id, &note, now).await)
            .await?;
        Found::of(&context, user)
    }

    /// Open a closed account again
    ///
    /// Problems: `account_erased` (409) if nothing is known any more of whose it was; `not_found` (404),
    /// `conflict_of_interest`, `forbidden` (403).
    #[oai(path = "/:id/reopen", method = "post", operation_id = "reopen_user")]
    async fn reopen_user(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the person.
        id: Path<Wire<UserId>>,
        body: Body<ManageUser>,
    ) -> Result<Found, ApiError> {
        let (staff, id, note) = (operator.staff(), id.0.0, body.value.note.0.0);
        let user = context
            .write(async move |store, now| store.reopen_user(&staff, id, &note, now).await)
            .await?;
        Found::of(&context, user)
    }

    /// Freeze a user
    ///
    /// No money leaves the account: transfers, withdrawals, holds, payments for deals and releases of milestones are
    /// refused with `account_frozen`, and withdrawals that wait are held. The user logs in and reads as before, and
    /// money still arrives. Problems: `conflict_of_interest`, `forbidden` (403), `not_found` (404).
    #[oai(path = "/:id/freeze", method = "post", operation_id = "freeze_user")]
    async fn freeze_user(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the person.
        id: Path<Wire<UserId>>,
        body: Body<ManageUser>,
    ) -> Result<Found, ApiError> {
        freeze(&context, &operator, id.0.0, (true, body.value.note.0)).await
    }

    /// Unfreeze a user
    ///
    /// Money may leave the account again; a withdrawal that was held meanwhile waits for a decision. Problems:
    /// `conflict_of_interest`, `forbidden` (403), `not_found` (404).
    #[oai(path = "/:id/unfreeze", method = "post", operation_id = "unfreeze_user")]
    async fn unfreeze_user(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the person.
        id: Path<Wire<UserId>>,
        body: Body<ManageUser>,
    ) -> Result<Found, ApiError> {
        freeze(&context, &operator, id.0.0, (false, body.value.note.0)).await
    }
}

async fn freeze(
    context: &Context,
    operator: &Operator,
    id: UserId,
    (freeze, note): (bool, Note),
) -> Result<Found, ApiError> {
    let staff = operator.staff();
    let work = async move |store: amana_postgres::Store, now| {
        store.freeze_user(&staff, id, (freeze, &note.0), now).await
    };
    Found::of(context, context.write(work).await?)
}
