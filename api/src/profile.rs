//! The caller's profile, with name and language. The document has one entry per path, so the operations of a path stay
//! together.

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

/// Changes to a profile. Omitted members stay unchanged.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct UpdateMe {
    /// Name that other users see. Existing agreements keep the previous name.
    name: Option<Wire<PersonName>>,
    /// Language of messages and of texts in responses.
    language: Option<Wire<Locale>>,
}

pub(crate) struct Profile;

#[OpenApi(prefix_path = "/v1", tag = "Chapter::People")]
impl Profile {
    /// Get your profile
    ///
    /// Returns the account of the access token.
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
    /// Changes the given members and returns the whole profile. A name verified by an operator cannot be changed.
    /// Problems: `account_closed` (403), `name_verified` (409), `invalid_request` (422).
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
