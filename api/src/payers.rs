//! Who else pays for a deal.

use crate::Chapter;
use crate::body::Body;
use crate::context::Context;
use crate::deals::{Current, DealAnswer};
use crate::payee::PayeeObject;
use crate::principal::{DealsWrite, Principal};
use crate::problem::ApiError;
use crate::wire::Wire;
use amana_domain::id::DealId;
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use std::sync::Arc;

pub(crate) struct Payers;

#[OpenApi(prefix_path = "/v1/deals", tag = "Chapter::Deals")]
impl Payers {
    /// Let somebody else pay for a deal, too
    ///
    /// For the buyer of a deal that is agreed. Whoever is named is told, sees the deal, and may pay for it
    /// (`fund_deal`) as much as they like; what comes back from it comes back to them in proportion. Problems:
    /// `wrong_party` (403), `wrong_state`, `already_requested` (they may pay already), `deal_limit` (409),
    /// `unknown_payer`, `same_party` (422), `rate_limited` (429) beyond 60 in an hour by number or address.
    #[oai(path = "/:id/payers", method = "post", operation_id = "add_payer")]
    async fn add_payer(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        body: Body<PayeeObject>,
    ) -> Result<Current, ApiError> {
        let (user, id, payer) = (caller.user(), id.0.0, body.value.parse_at("")?);
        context.budgets.look_up(user, &payer, context.now()).await?;
        let deal = context
            .write(async move |store, now| store.add_payer(user, id, &payer, now).await)
            .await?;
        Ok(Current::Deal(Json(DealAnswer::seen_by(&deal, user))))
    }
}
