//! Invitations to deals: resend and join.

use super::Current;
use super::answer::DealAnswer;
use crate::Chapter;
use crate::auth::Caller;
use crate::body::Body;
use crate::context::Context;
use crate::principal::{DealsWrite, Principal};
use crate::problem::ApiError;
use crate::wire::Wire;
use amana_domain::id::DealId;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A reply to a deal invitation.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct JoinDeal {
    /// Code from the invitation message.
    code: String,
}

pub(crate) struct DealInvitations;

#[OpenApi(tag = "Chapter::Deals")]
impl DealInvitations {
    /// Resend a deal invitation
    ///
    /// Sends a new code to the same address or number; it is valid for seven days. The first code is sent by
    /// `propose_deal`. If a user has verified the address or number meanwhile, that user joins immediately. Problems:
    /// `wrong_party` (403), `wrong_state`, also without an open invitation, `invitation_limit` (409),
    /// `invitation_too_soon` (429).
    #[oai(
        path = "/v1/deals/:id/invitation/resend",
        method = "post",
        operation_id = "resend_deal_invitation"
    )]
    async fn resend_deal_invitation(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
    ) -> Result<Current, ApiError> {
        let (user, id) = (caller.user(), id.0.0);
        let deal = context
            .write(async move |store, now| store.resend_deal_invitation(user, id, now).await)
            .await?;
        Ok(Current::Deal(Json(DealAnswer::seen_by(&deal, user))))
    }

    /// Join a deal with an invitation code
    ///
    /// For the user whose own address or number received the code. Verifies that contact and joins every deal to which
    /// it is invited. No code is needed if you verify the contact in another way. Problems: `invitation_not_found`
    /// (404) for an invalid code or the code of another user; `invitation_expired` (409) if the invitation or the offer
    /// has expired; `account_closed` (403).
    #[oai(path = "/v1/deal-invitations/join", method = "post", operation_id = "join_deal")]
    async fn join_deal(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<JoinDeal>,
    ) -> Result<Current, ApiError> {
        let (key, code, user) = (context.codes.clone(), body.value.code, caller.user());
        let deal = context
            .write(async move |store, now| store.join_deal(&key, user, &code, now).await)
            .await?;
        Ok(Current::Deal(Json(DealAnswer::seen_by(&deal, user))))
    }
}
