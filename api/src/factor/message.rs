//! A second factor that is codes sent to the caller.

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

/// Where codes are to be sent.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct SetMessageFactor {
    channel: Wire<ContactKind>,
    /// The caller's password.
    password: Secret,
}

pub(crate) struct MessageFactors;

#[OpenApi(prefix_path = "/v1/me/second-factor", tag = "Chapter::People")]
impl MessageFactors {
    /// Have codes sent as second factor
    ///
    /// From now on whoever logs in shows a code that is sent to the caller's e-mail address or number, which has
    /// to be known to be theirs. It stays with the account if the address or number is replaced. Answers ten backup
    /// codes, once; the person gets an e-mail. An authenticator app is safer. Problems: `incorrect_password` (403),
    /// `channel_not_verified` (409), `factor_active` (409): remove that one first; `account_closed` (403).
    #[oai(path = "/message", method = "put", operation_id = "set_message_factor")]
    async fn set(
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
