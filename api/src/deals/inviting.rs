//! Invitations to deals: sent again, and answered with the code.

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

/// Answering an invitation to a deal.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct JoinDeal {
    /// As the message has it.
    code: String,
}

pub(crate) struct DealInvitations;

#[OpenApi(tag = "Chapter::Deals")]
impl DealInvitations {
    /// Send the invitation to a deal again
    ///
    /// With another code, to the same address or number; it is good for seven days again. It goes out first with
    /// `propose_deal`. Should the address have been proven meanwhile, its owner joins at once. Problems: `wrong_party`
    /// (403), `wrong_state`, also if nobody is invited, `invitation_limit` (409), `invitation_too_soon` (429).
    #[oai(
        path = "/v1/deals/:id/invitation/resend",
        method = "post",
        operation_id = "resend_deal_invitation"
    )]
    async fn resend(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
    ) -> Result<Current, ApiError> {
        let (user, id) = (caller.user(), id.0.0);
        let deal = context
            .write(async move |store, now| store.resend_deal_invitation(user, id, now).await)
            .await?;
        Ok(Current::Deal(Json(DealAnswer::seen_by(&deal, user))))
    }

    /// Join a deal with the code of the invitation
    ///
    /// For the account whose own address or number the code was sent to, which is proven by that: it is then on the other
    /// side of every deal to which that address is invited. Whoever proves it in another way needs no code. Problems:
    /// `invitation_not_found` (404), whatever is wrong with the code, and for everybody else's; `invitation_expired` (409) if
    /// the code comes after the end of the invitation or of the offer; `account_closed` (403).
    #[oai(path = "/v1/deal-invitations/join", method = "post", operation_id = "join_deal")]
    async fn join(
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
