//! The caller's own name and language, changed by themselves.

use crate::context::Context;
use crate::problem::ApiError;
use crate::users::Found;
use crate::wire::{PersonName, Wire};
use amana_domain::id::UserId;
use amana_domain::notice::Locale;
use amana_postgres::ProfileChange;
use poem_openapi::Object;
use serde::Deserialize;

/// Changes to a profile. What is left out stays.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
pub(crate) struct UpdateMe {
    /// The name that other people see. Agreements keep the names of their day.
    name: Option<Wire<PersonName>>,
    /// The language of messages and of answers for people.
    language: Option<Wire<Locale>>,
}

pub(crate) async fn update(
    context: &Context,
    user: UserId,
    changes: UpdateMe,
) -> Result<Found, ApiError> {
    let change = ProfileChange {
        name: changes.name.map(|name| name.0.0),
        locale: changes.language.map(|language| language.0),
    };
    let user = context
        .write(async move |store, now| store.update_profile(user, &change, now).await)
        .await?;
    Found::of(context, user)
}
