//! The name that people pay by.

use crate::Chapter;
use crate::auth::Caller;
use crate::body::Body;
use crate::context::Context;
use crate::problem::ApiError;
use crate::users::Found;
use crate::wire::Wire;
use amana_domain::handle::Handle;
use poem::web::Data;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A handle that somebody wants.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct SetHandle {
    /// 3 to 30 letters, digits and underscores, beginning with a letter; with or without the `@`.
    handle: Wire<Handle>,
}

pub(crate) struct Handles;

#[OpenApi(prefix_path = "/v1", tag = "Chapter::People")]
impl Handles {
    /// Set one's handle
    ///
    /// The name to be found and paid by, such as `@amina`. It can be changed once in 30 days; to set the present
    /// one again changes nothing. A handle is one person's for ever: nobody else gets a former one, and its
    /// owner may return to it. Problems: `handle_taken`, `handle_change_too_soon` (409), `account_closed` (403),
    /// `invalid_request` (422), also for words that are not for people, such as `support`.
    #[oai(path = "/me/handle", method = "put", operation_id = "set_handle")]
    async fn set(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<SetHandle>,
    ) -> Result<Found, ApiError> {
        let (user, handle) = (caller.user(), body.value.handle.0);
        let user = context
            .write(async move |store, now| store.set_handle(user, &handle, now).await)
            .await?;
        Found::of(&context, user)
    }
}
