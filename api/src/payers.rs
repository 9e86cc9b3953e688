//! Additional payers of deals.

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
    /// Add a payer to a deal
    ///
    /// For the buyer of an agreed deal. The payer is notified, can read the deal, and may pay any part of the
    /// outstanding amount (`fund_deal`). Refunds are split among payers in proportion to what they paid. Problems:
    /// `wrong_party` (403), `wrong_state`, `already_requested` if the user is a payer already, `deal_limit` (409),
    /// `unknown_payer`, `same_party` (422), `rate_limited` (429) above 60 look-ups of phone numbers or e-mail addresses
    /// per hour.
    #[oai(path = "/:id/payers", method = "post", operation_id = "add_payer")]
    async fn add_payer(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Id of the deal.
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
