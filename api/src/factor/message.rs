//! A second factor by message: codes sent to the user.

use super::Codes;
use crate::Chapter;
use crate::auth::Caller;
use crate::body::Body;
use crate::context::Context;
use crate::passwords::require_password;
use crate::problem::ApiError;
use crate::wire::{Secret, Wire};
use amana_domain::contact::ContactKind;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A new second factor by message.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct SetMessageFactor {
    channel: Wire<ContactKind>,
    /// Your password.
    password: Secret,
}

pub(crate) struct MessageFactors;

#[OpenApi(prefix_path = "/v1/me/second-factor", tag = "Chapter::People")]
impl MessageFactors {
    /// Receive second-factor codes by message
    ///
    /// Every log-in requires a code sent to your e-mail address or phone number, which must be verified. The factor
    /// follows a change of the address or number. An authenticator app is safer. Returns ten backup codes once. Sends
    /// you an e-mail. Problems: `incorrect_password` (403), `channel_not_verified` (409), `factor_active` (409), remove
    /// the active factor first; `account_closed` (403).
    #[oai(path = "/message", method = "put", operation_id = "set_message_factor")]
    async fn set_message_factor(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<SetMessageFactor>,
    ) -> Result<Codes, ApiError> {
        let SetMessageFactor { channel, password } = body.value;
        let user = require_password(&context, &caller, password, "/password").await?.id;
        let (codes, digests) = context.factor_keys.backup_codes(user)?;
        context
            .write(async move |store, now| {
                store.set_message_factor(user, channel.0, &digests, now).await
            })
            .await?;
        Ok(Codes::Codes(Json(codes.into())))
    }
}
