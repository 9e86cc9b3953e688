//! Users as operators see them: role, and whether the account is open or frozen.

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

/// A user, as operators see them.
#[derive(Debug, Object)]
pub(super) struct ManagedUser {
    id: Wire<UserId>,
    name: String,
    /// E-mail address; `null` if there is none or the account is erased.
    email: Nullable<String>,
    /// Masked phone number, such as `2547****5678`; `null` if there is none or the account is erased.
    phone: Nullable<Wire<Phone>>,
    role: Wire<UserRole>,
    language: Wire<Locale>,
    /// Handle of the user; `null` until they choose one.
    handle: Nullable<Wire<Handle>>,
    /// Tier, which determines the user's limits.
    tier: String,
    created_at: Timestamp,
    /// Time at which the account was closed; `null` while it is open.
    closed_at: Nullable<Timestamp>,
    /// Time at which the account was frozen; `null` if it is not frozen.
    frozen_at: Nullable<Timestamp>,
    /// Time at which the user's personal data was erased; `null` otherwise.
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

/// A new role of a user.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct SetRole {
    role: Wire<UserRole>,
    /// Reason, stored with the change.
    note: Wire<Note>,
}

/// A change of an account's state.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ManageUser {
    /// Reason, stored with the change.
    note: Wire<Note>,
}

#[derive(ApiResponse)]
enum Found {
    /// The user.
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
    /// Get a user
    ///
    /// The access is recorded. Problems: `not_found` (404), `forbidden` (403).
    #[oai(path = "/:id", method = "get", operation_id = "get_user")]
    async fn get_user(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the user.
        id: Path<Wire<UserId>>,
    ) -> Result<Found, ApiError> {
        let (staff, id) = (operator.staff(), id.0.0);
        let user = context
            .write(async move |store, now| store.managed_user(&staff, id, now).await)
            .await?;
        Found::of(&context, user)
    }

    /// Request a new role for a user
    ///
    /// Another operator must approve (`approve_approval`). The approval revokes the user's sessions; they log in again
    /// with the new role. Problems: `already_requested` (409), `wrong_state` (409) if the user has the role,
    /// `conflict_of_interest`, `step_up_required`, `forbidden` (403), `not_found` (404), `recipient_closed` (422),
    /// `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:id/role", method = "put", operation_id = "set_role")]
    async fn set_role(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the user.
        id: Path<Wire<UserId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
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
    /// The user can no longer log in, send or receive money, or make deals. Nothing is deleted. Problems:
    /// `account_in_use` (409) if the wallet is not empty or a deal, payment or hold is open; `not_found` (404),
    /// `conflict_of_interest`, `forbidden` (403).
    #[oai(path = "/:id/close", method = "post", operation_id = "close_user")]
    async fn close_user(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the user.
        id: Path<Wire<UserId>>,
        body: Body<ManageUser>,
    ) -> Result<Found, ApiError> {
        let (staff, id, note) = (operator.staff(), id.0.0, body.value.note.0.0);
        let user = context
            .write(async move |store, now| store.close_user(&staff, id, &note, now).await)
            .await?;
        Found::of(&context, user)
    }

    /// Reopen a closed account
    ///
    /// Problems: `account_erased` (409) if the user's personal data was erased; `not_found` (404),
    /// `conflict_of_interest`, `forbidden` (403).
    #[oai(path = "/:id/reopen", method = "post", operation_id = "reopen_user")]
    async fn reopen_user(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the user.
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
    /// Prevents money from leaving the account. Transfers, withdrawals, holds, payments for deals and releases of
    /// milestones return `account_frozen`. Pending withdrawals are held. The user can still log in, read and receive
    /// money. Problems: `conflict_of_interest`, `forbidden` (403), `not_found` (404).
    #[oai(path = "/:id/freeze", method = "post", operation_id = "freeze_user")]
    async fn freeze_user(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the user.
        id: Path<Wire<UserId>>,
        body: Body<ManageUser>,
    ) -> Result<Found, ApiError> {
        freeze(&context, &operator, id.0.0, (true, body.value.note.0)).await
    }

    /// Unfreeze a user
    ///
    /// Money may leave the account again. Withdrawals held meanwhile wait for a decision. Problems:
    /// `conflict_of_interest`, `forbidden` (403), `not_found` (404).
    #[oai(path = "/:id/unfreeze", method = "post", operation_id = "unfreeze_user")]
    async fn unfreeze_user(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the user.
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
