//! The caller's own record, with the name and the language that they change themselves. The document has one entry per
//! path, so the operations of a path stand together.

use crate::Chapter;
use crate::auth::Caller;
use crate::body::Body;
use crate::context::Context;
use crate::problem::ApiError;
use crate::users::Found;
use crate::wire::{PersonName, Wire};
use amana_domain::notice::Locale;
use amana_postgres::ProfileChange;
use poem::web::Data;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// Changes to a profile. What is left out stays.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct UpdateMe {
    /// The name that other people see. Agreements keep the names of their day.
    name: Option<Wire<PersonName>>,
    /// The language of messages and of answers for people.
    language: Option<Wire<Locale>>,
}

pub(crate) struct Profile;

#[OpenApi(prefix_path = "/v1", tag = "Chapter::People")]
impl Profile {
    /// Get one's own record
    ///
    /// Who the access token belongs to.
    #[oai(path = "/me", method = "get", operation_id = "get_me")]
    async fn get_me(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
    ) -> Result<Found, ApiError> {
        let user = context.store.user(caller.user()).await?;
        Found::of(&context, user)
    }

    /// Change your name or language
    ///
    /// Changes what the body names and returns the whole record. A name that an operator has compared with documents
    /// stays. Problems: `account_closed` (403), `name_verified` (409), `invalid_request` (422).
    #[oai(path = "/me", method = "patch", operation_id = "update_me")]
    async fn update_me(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<UpdateMe>,
    ) -> Result<Found, ApiError> {
        let user = caller.user();
        let change = ProfileChange {
            name: body.value.name.map(|name| name.0.0),
            locale: body.value.language.map(|language| language.0),
        };
        let user = context
            .write(async move |store, now| store.update_profile(user, &change, now).await)
            .await?;
        Found::of(&context, user)
    }
}
