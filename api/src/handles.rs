//! Handles: names for finding and paying a user.

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

/// A new handle.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct SetHandle {
    /// 3 to 30 letters, digits and underscores, starting with a letter; with or without the `@`.
    handle: Wire<Handle>,
}

pub(crate) struct Handles;

#[OpenApi(prefix_path = "/v1", tag = "Chapter::People")]
impl Handles {
    /// Set your handle
    ///
    /// Other users find and pay you by your handle, such as `@amina`. You can change it once in 30 days; setting the
    /// current handle again changes nothing. An old handle stays reserved for you. Problems: `handle_taken`,
    /// `handle_change_too_soon` (409), `account_closed` (403), `invalid_request` (422), also for reserved words such as
    /// `support`.
    #[oai(path = "/me/handle", method = "put", operation_id = "set_handle")]
    async fn set_handle(
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
