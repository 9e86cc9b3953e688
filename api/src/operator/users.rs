//! People as operators see them: their role, and whether their account is open.

use crate::Chapter;
use crate::auth::Operator;
use crate::body::Body;
use crate::context::Context;
use crate::problem::ApiError;
use crate::wire::{Note, Nullable, Phone, Timestamp, Wire};
use amana_domain::handle::Handle;
use amana_domain::id::UserId;
use amana_domain::notice::Locale;
use amana_domain::permission::{Action, Resource, UserRole};
use amana_domain::personal::Personal;
use amana_postgres::{Contacts, User};
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A person with what operators decide about.
#[derive(Debug, Object)]
struct ManagedUser {
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
    /// Since when nothing is known any more of who it was; `null` for everybody else.
    erased_at: Nullable<Timestamp>,
}

impl ManagedUser {
    fn of(context: &Context, user: User) -> Result<Self, ApiError> {
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

/// Why an account is closed or opened again.
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
    /// Problems: `not_found` (404), `forbidden` (403).
    #[oai(path = "/:id", method = "get", operation_id = "get_user")]
    async fn get(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the person.
        id: Path<Wire<UserId>>,
    ) -> Result<Found, ApiError> {
        operator.may(&context, (Resource::Users, Action::Read))?;
        Found::of(&context, context.store.user(id.0.0).await?)
    }

    /// Set the role of a person
    ///
    /// Their sessions end; they log in again with the new role. Problems: `own_role` (409), `not_found` (404),
    /// `forbidden` (403).
    #[oai(path = "/:id/role", method = "put", operation_id = "set_role")]
    async fn set_role(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the person.
        id: Path<Wire<UserId>>,
        body: Body<SetRole>,
    ) -> Result<Found, ApiError> {
        operator.may(&context, (Resource::Roles, Action::Change))?;
        let (operator, id, SetRole { role, note }) = (operator.caller().user(), id.0.0, body.value);
        let user = context
            .write(async move |store, now| {
                store.set_role(operator, id, (role.0, &note.0.0), now).await
            })
            .await?;
        Found::of(&context, user)
    }

    /// Close an account
    ///
    /// The person can no longer log in, send, receive or deal; nothing is deleted. Problems: `account_in_use`
    /// (409) while there is money in the wallet, or a deal, a payment or a hold is open; `not_found` (404),
    /// `forbidden` (403).
    #[oai(path = "/:id/close", method = "post", operation_id = "close_user")]
    async fn close(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the person.
        id: Path<Wire<UserId>>,
        body: Body<ManageUser>,
    ) -> Result<Found, ApiError> {
        operator.may(&context, (Resource::Users, Action::Change))?;
        let (operator, id, note) = (operator.caller().user(), id.0.0, body.value.note.0.0);
        let user = context
            .write(async move |store, now| store.close_user(operator, id, &note, now).await)
            .await?;
        Found::of(&context, user)
    }

    /// Open a closed account again
    ///
    /// Problems: `account_erased` (409) if nothing is known any more of whose it was; `not_found` (404), `forbidden`
    /// (403).
    #[oai(path = "/:id/reopen", method = "post", operation_id = "reopen_user")]
    async fn reopen(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the person.
        id: Path<Wire<UserId>>,
        body: Body<ManageUser>,
    ) -> Result<Found, ApiError> {
        operator.may(&context, (Resource::Users, Action::Change))?;
        let (operator, id, note) = (operator.caller().user(), id.0.0, body.value.note.0.0);
        let user = context
            .write(async move |store, now| store.reopen_user(operator, id, &note, now).await)
            .await?;
        Found::of(&context, user)
    }
}
